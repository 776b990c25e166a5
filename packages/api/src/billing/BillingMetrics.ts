/** What the nightly look at ledger, meter and subscriptions found, as metrics for `/metrics`. */
import { Clock, Effect, Metric } from "effect"
import { type DifferenceKind, differenceKinds } from "./Difference.ts"

const differing = Metric.gauge("kalshibook_billing_differences", {
  description: "Differences between ledger, meter and subscriptions that the last reconciliation found, by kind."
})
const ran = Metric.gauge("kalshibook_billing_reconciled_seconds", {
  description: "When the last reconciliation was done, Unix seconds."
})

/** A reconciliation is over. */
export const reconciled = Effect.fnUntraced(function* (differences: ReadonlyArray<{ readonly kind: DifferenceKind }>) {
  for (const kind of differenceKinds) {
    const count = differences.filter((one) => one.kind === kind).length
    yield* Metric.update(Metric.withAttributes(differing, { kind }), count)
  }
  yield* Metric.update(ran, (yield* Clock.currentTimeMillis) / 1_000)
})
