/**
 * `npm test`: every check, then every test, then one line that counts them all (a check counts as one test).
 * `npm test -- packages/core` runs the tests of a folder or file alone, without the checks.
 */
import fs from "node:fs"
import path from "node:path"
import { staticChecks } from "./Checks.ts"
import { root, run } from "./Command.ts"
import * as TestReport from "./TestReport.ts"
import * as Chromium from "./web/Chromium.ts"
import * as WebBuild from "./web/WebBuild.ts"

const reportFile = path.join(root, "node_modules", ".cache", "vitest-report.json")
const filters = process.argv.slice(2)

const siteProblem = await WebBuild.ensure()
if (siteProblem !== undefined) process.stdout.write(`The site could not be built:\n${siteProblem}\n`)

if (filters.length === 0 || filters.some((filter) => filter.includes("web"))) Chromium.ensure()

let passed = 0
let failed = 0
for (const check of filters.length === 0 ? staticChecks : []) {
  const outcome = await run(check)
  if (outcome.passed) passed++
  else failed++
}

fs.rmSync(reportFile, { force: true })
const tests = await run({
  title: "tests",
  program: "vitest",
  args: ["run", "--reporter=default", "--reporter=json", `--outputFile.json=${reportFile}`, ...filters],
  output: "shown"
})
const counted = TestReport.count(reportFile, tests.passed)
const total = { passed: passed + counted.passed, failed: failed + counted.failed, skipped: counted.skipped }
process.stdout.write(`\n${TestReport.line(total)}\n`)
process.exit(total.failed === 0 ? 0 : 1)
