/**
 * `npm run accounts`: the customers, for whoever operates the service. Uses the database of the environment (`DATABASE_URL`); an embedded
 * one must be running, as it is while `npm start` runs, or is started for as long as the command.
 */
import { Cause, Effect } from "effect"
import * as AccountsCommand from "./accounts/AccountsCommand.ts"

const exit = await Effect.runPromiseExit(AccountsCommand.run(process.argv.slice(2)))
if (exit._tag === "Failure") {
  const error = Cause.squash(exit.cause)
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exit(1)
}
for (const line of exit.value) process.stdout.write(`${line}\n`)
process.exit(0)
