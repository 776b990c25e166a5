/**
 * Pays for the rows of an answer that is a stream, portion by portion before they are sent: how many there will be is not known when it
 * begins, and a hold for all that could come would take more than most accounts have.
 *
 * All portions together cost what one list of all the rows would.
 */
import type { Price } from "@kalshibook/core/contract/Pricing"
import type { HotTierError } from "@kalshibook/store/HotTierError"
import type { Ledger, LedgerCall, Verdict } from "@kalshibook/store/Ledger"
import { Data, Effect } from "effect"

/** Credits or a cap do not suffice for the next portion. The stream ends here. */
export class CreditsEnded extends Data.TaggedError("CreditsEnded")<{
  readonly verdict: Verdict
  /** Rows that were paid for. */
  readonly rowsPaid: number
}> {}

/** Pays for so many rows more. Before they are sent, and once for each. */
export type PayForRows = (rows: number) => Effect.Effect<void, CreditsEnded | HotTierError>

/** For whoever pays nothing. */
export const free: PayForRows = () => Effect.void

/** Payments beside a call that the ledger has let in. */
export const make = (ledger: Ledger["Service"], call: LedgerCall, price: Price): PayForRows => {
  const rowsPerCredit = price.kind === "rows" ? price.rowsPerCredit : Number.POSITIVE_INFINITY
  let rowsPaid = 0
  let creditsPaid = 0
  let portions = 0
  return Effect.fnUntraced(function* (rows) {
    const credits = Math.ceil((rowsPaid + rows) / rowsPerCredit) - creditsPaid
    const requestId = `${call.requestId}/${++portions}`
    const portion: LedgerCall = { ...call, requestId, creditsMax: credits, cost: 0, buckets: [], question: null }
    const { verdict } = yield* ledger.admit(portion)
    if (verdict !== "admitted") return yield* new CreditsEnded({ verdict, rowsPaid })
    const { accountId } = call
    yield* ledger.settle({ requestId, accountId, state: "used", credits, rows })
    rowsPaid += rows
    creditsPaid += credits
  })
}
