/** The end of somebody's sign-in, with the auth server that keeps it: whoever deletes his last account leaves no address there either. */
import { Context, Effect } from "effect"

/** Nothing is removed, unless the program says how. */
export const SignInRemoval = Context.Reference<(userId: string) => Effect.Effect<void>>(
  "@kalshibook/api/SignInRemoval",
  {
    defaultValue: () => () => Effect.void
  }
)
