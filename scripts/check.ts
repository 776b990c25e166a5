/** `npm run check`: types, effects, lint, format, dead code and tidiness, without the tests. */
import { checksCount, failures, tidyCheck } from "./Checks.ts"
import { run } from "./Command.ts"

const failed = (await failures()) + ((await run(tidyCheck)).passed ? 0 : 1)
process.stdout.write(failed === 0 ? "All checks pass.\n" : `${failed} of ${checksCount + 1} checks failed.\n`)
process.exit(failed === 0 ? 0 : 1)
