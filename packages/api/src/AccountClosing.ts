/**
 * What ends together with an account, beside what is ours: a subscription, say. Done before anything of the account is removed, one after
 * the other, and again when it is tried again: each step has to be one that may be repeated.
 */
import type { Account } from "@kalshibook/store/Accounts"
import { Context, Data, type Effect } from "effect"

/** It could not be ended now. The account stays as it was; the message is for whoever wants it deleted. */
export class NotClosable extends Data.TaggedError("NotClosable")<{ readonly detail: string }> {}

export interface ClosingStep {
  readonly close: (account: Account) => Effect.Effect<void, NotClosable>
}

/** None, unless the program says so. */
export const ClosingSteps = Context.Reference<ReadonlyArray<ClosingStep>>(
  "@kalshibook/api/AccountClosing/ClosingSteps",
  {
    defaultValue: () => []
  }
)
