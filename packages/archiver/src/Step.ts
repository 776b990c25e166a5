/**
 * The steps of the archiver by name, each told right before it is done, so that a test may end the archiver exactly there: whatever
 * the step, the next one to come must find nothing lost, nothing twice and nothing half.
 */
import { Context, Effect } from "effect"

/** In their order, for an hour or a day; then those of pruning, of tapes, and of sweeping. */
export const steps = [
  "make",
  "made",
  "upload",
  "uploaded",
  "read_back",
  "prove",
  "proved",
  "put_manifest",
  "read_manifest",
  "commit",
  "committed",
  "clean",
  "cleaned",
  "prune_verify",
  "prune",
  "pruned",
  "tape_upload",
  "tape_read_back",
  "tape_note",
  "tape_remove",
  "tape_removed",
  "sweep"
] as const
export type Step = (typeof steps)[number]

/** Told by default to nobody. */
export const Steps = Context.Reference<{ readonly at: (step: Step) => Effect.Effect<void> }>(
  "@kalshibook/archiver/Steps",
  { defaultValue: () => ({ at: () => Effect.void }) }
)

export const at = (step: Step): Effect.Effect<void> => Effect.flatMap(Steps, (told) => told.at(step))
