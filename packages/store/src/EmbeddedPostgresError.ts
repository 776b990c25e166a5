/** What goes wrong around an embedded Postgres, and IO that goes wrong that way. */
import { Data, Effect } from "effect"

/** The embedded Postgres could not be made or started. The message is for the one who started us. */
export class EmbeddedPostgresError extends Data.TaggedError("EmbeddedPostgresError")<{ readonly message: string }> {}

/** Runs IO whose failure ends the start. `what` goes on after "Could not". */
export const io = <A>(what: string, run: () => Promise<A>): Effect.Effect<A, EmbeddedPostgresError> =>
  Effect.tryPromise({
    try: run,
    catch: (cause) => new EmbeddedPostgresError({ message: `Could not ${what}: ${String(cause)}` })
  })
