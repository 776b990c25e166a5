import fs from "node:fs"
import os from "node:os"
import path from "node:path"
import { afterAll, assert, beforeAll, it } from "vitest"
import * as TestReport from "../../scripts/TestReport.ts"

let folder = ""
beforeAll(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "kalshibook-report-"))
})
afterAll(() => fs.rmSync(folder, { recursive: true }))

const reportOf = (report: object): string => {
  const file = path.join(folder, "report.json")
  fs.writeFileSync(file, JSON.stringify(report))
  return file
}

const numbers = (passed: number, failed: number, skipped = 0) => ({
  numPassedTests: passed,
  numFailedTests: failed,
  numPendingTests: skipped,
  numTodoTests: 0
})

it("counts passed, failed and skipped tests", () => {
  const testResults = [{ status: "failed", assertionResults: [{ status: "failed" }, { status: "passed" }] }]
  const count = TestReport.count(reportOf({ ...numbers(7, 1, 2), testResults }), false)
  assert.deepStrictEqual(count, { passed: 7, failed: 1, skipped: 2 })
  assert.strictEqual(TestReport.line(count), "7 passed, 1 failed, 2 skipped")
})

it("a file that could not be loaded is a failure although it has no tests", () => {
  const testResults = [{ status: "failed", assertionResults: [] }]
  assert.strictEqual(TestReport.count(reportOf({ ...numbers(3, 0), testResults }), false).failed, 1)
})

it("a run that ended badly is a failure although every test passed", () => {
  assert.strictEqual(TestReport.count(reportOf({ ...numbers(3, 0), testResults: [] }), false).failed, 1)
})

it("a run without a report is a failure", () => {
  const count = TestReport.count(path.join(folder, "absent.json"), false)
  assert.strictEqual(TestReport.line(count), "0 passed, 1 failed")
})
