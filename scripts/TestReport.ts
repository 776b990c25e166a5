/**
 * How many tests passed, from the JSON report of vitest.
 *
 * Counts what a reader would count: a file that could not be loaded is one failure although it has no tests, and so is a run
 * that ended badly although every test passed (an error outside the tests, or a crash before the report was written).
 */
import fs from "node:fs"

export interface Count {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

interface VitestReport {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numPendingTests: number
  readonly numTodoTests: number
  readonly testResults: ReadonlyArray<{
    readonly status: "passed" | "failed"
    readonly assertionResults: ReadonlyArray<{ readonly status: string }>
  }>
}

/** The count of a finished run. `hasPassed`: whether vitest itself ended with exit code 0. */
export const count = (reportFile: string, hasPassed: boolean): Count => {
  if (!fs.existsSync(reportFile)) return { passed: 0, failed: 1, skipped: 0 }
  const report = JSON.parse(fs.readFileSync(reportFile, "utf8")) as VitestReport
  const unloaded = report.testResults.filter(
    (file) => file.status === "failed" && !file.assertionResults.some((test) => test.status === "failed")
  ).length
  const failed = report.numFailedTests + unloaded
  return {
    passed: report.numPassedTests,
    failed: failed === 0 && !hasPassed ? 1 : failed,
    skipped: report.numPendingTests + report.numTodoTests
  }
}

/** The last line of `npm test`. */
export const line = (total: Count): string =>
  `${total.passed} passed, ${total.failed} failed${total.skipped > 0 ? `, ${total.skipped} skipped` : ""}`
