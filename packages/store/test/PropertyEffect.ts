/** A property whose check is an Effect: `fc.assert` for what needs a store. */
import { Effect } from "effect"
import fc from "fast-check"
import { propertyRuns } from "../../core/test/PropertyRuns.ts"

export const property = <A, E, R>(
  arbitrary: fc.Arbitrary<A>,
  runs: number,
  check: (value: A) => Effect.Effect<void, E, R>
) =>
  Effect.flatMap(Effect.context<R>(), (context) =>
    Effect.promise(() =>
      fc.assert(
        fc.asyncProperty(arbitrary, (value) => Effect.runPromiseWith(context)(check(value))),
        propertyRuns(runs)
      )
    )
  )
