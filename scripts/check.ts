/** `npm run check`: types, effects, lint, format, dead code and tidiness, without the tests. */
import { staticChecks, tidyCheck } from "./Checks.ts"
import { run } from "./Command.ts"

let failed = 0
for (const check of [...staticChecks, tidyCheck]) {
  const outcome = await run(check)
  if (!outcome.passed) failed++
}
process.stdout.write(failed === 0 ? "All checks pass.\n" : `${failed} of ${staticChecks.length + 1} checks failed.\n`)
process.exit(failed === 0 ? 0 : 1)
