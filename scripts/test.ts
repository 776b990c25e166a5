/**
 * `npm test`: every check, then every test, then one line that counts them all (a check counts as one test).
 * `npm test -- packages/core` runs the tests of a folder or file alone, without the checks.
 */
import fs from "node:fs"
import path from "node:path"
import * as Checks from "./Checks.ts"
import { root, run } from "./Command.ts"
import * as TestReport from "./TestReport.ts"
import * as Chromium from "./web/Chromium.ts"
import * as WebBuild from "./web/WebBuild.ts"

const reportFile = path.join(root, "node_modules", ".cache", "vitest-report.json")
const filters = process.argv.slice(2)

const isWhole = filters.length === 0
const needsChromium = isWhole || filters.some((filter) => filter.includes("web"))

// Side by side: building the site and installing a browser leave a core idle most of the time.
const [siteProblem, failures] = await Promise.all([
  WebBuild.ensure(),
  isWhole ? Checks.failures() : 0,
  needsChromium ? Chromium.ensure() : undefined
])
if (siteProblem !== undefined) process.stdout.write(`The site could not be built:\n${siteProblem}\n`)

fs.rmSync(reportFile, { force: true })
const tests = await run({
  title: "tests",
  program: "vitest",
  args: ["run", "--reporter=default", "--reporter=json", `--outputFile.json=${reportFile}`, ...filters],
  output: "shown"
})
const counted = TestReport.count(reportFile, tests.passed)
const total = {
  passed: (isWhole ? Checks.checksCount - failures : 0) + counted.passed,
  failed: failures + counted.failed,
  skipped: counted.skipped
}
process.stdout.write(`\n${TestReport.line(total)}\n`)
process.exit(total.failed === 0 ? 0 : 1)
