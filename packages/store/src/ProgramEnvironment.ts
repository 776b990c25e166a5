/**
 * The environment of a program that runs on its own, looked at before anything begins: all that is wrong at once, and what is probably
 * misspelt.
 *
 * adapter: the environment of the process
 */
import * as Environment from "@kalshibook/core/settings/Environment"
import type { Program } from "@kalshibook/core/settings/Setting"
import { Console, Data, Effect } from "effect"

/** Something in the environment cannot be used; each problem is a sentence that names the variable, and shows no secret. */
export class EnvironmentUnusable extends Data.TaggedError("EnvironmentUnusable")<{
  readonly problems: ReadonlyArray<string>
}> {
  override get message(): string {
    return this.problems.length === 1 ? this.problems.join() : ["", ...this.problems].join("\n  ")
  }
}

/** Fails where the program cannot start with what is set; what is only doubtful is said. */
export const check = (
  program: Program,
  variables: Environment.Variables = process.env
): Effect.Effect<void, EnvironmentUnusable> =>
  Effect.suspend(() => {
    const { problems, warnings } = Environment.check(program, variables)
    return Effect.andThen(
      Effect.forEach(warnings, (warning) => Console.error(warning), { discard: true }),
      problems.length > 0 ? Effect.fail(new EnvironmentUnusable({ problems })) : Effect.void
    )
  })
