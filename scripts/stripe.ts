/**
 * `npm run stripe`: what is sold, at Stripe, and whether what we know of payments is what Stripe has. Needs STRIPE_SECRET_KEY, and for the
 * reconciliation the database of the environment.
 */
import { Cause, Effect } from "effect"
import * as StripeCommand from "./stripe/StripeCommand.ts"

const exit = await Effect.runPromiseExit(StripeCommand.run(process.argv.slice(2)))
if (exit._tag === "Failure") {
  const error = Cause.squash(exit.cause)
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exit(1)
}
for (const line of exit.value.lines) process.stdout.write(`${line}\n`)
process.exit(exit.value.isGood ? 0 : 1)
