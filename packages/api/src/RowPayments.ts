/**
 * Pays for rows whose number the call itself has to find out, beside what the call held when it was let in.
 *
 * Those of a stream, portion by portion before they are sent: how many there will be is not known when it begins, and a hold for all that
 * could come would take more than most accounts have. All portions together cost what one list of all the rows would.
 *
 * Those of files, once for each account and download: whoever asks for the same again has paid for it.
 */
import { creditsOfRows, type Price } from "@kalshibook/core/contract/Pricing"
import type { HotTierError } from "@kalshibook/store/HotTierError"
import type { Admission, Ledger, LedgerCall, Verdict } from "@kalshibook/store/Ledger"
import { Data, Effect } from "effect"

/** Credits or a cap do not suffice for the next rows. A stream ends here. */
export class CreditsEnded extends Data.TaggedError("CreditsEnded")<{
  readonly verdict: Verdict
  readonly creditsNeeded: number
  readonly creditsLeft: Admission["creditsLeft"]
  /** Rows that were paid for. */
  readonly rowsPaid: number
}> {}

/** Pays, and tells the credits that it took. */
export type Payment = Effect.Effect<number, CreditsEnded | HotTierError>

export interface RowPayments {
  /** Pays for so many rows more. Before they are sent, and once for each. */
  readonly payForRows: (rows: number) => Payment
  /** Pays for the rows of what is named; nothing when the account has paid for the same before. */
  readonly payOnce: (name: string, rows: number) => Payment
  /** Whether the account has paid for what is named. */
  readonly hasPaid: (name: string) => Effect.Effect<boolean, HotTierError>
}

/** For whoever pays nothing. */
export const free: RowPayments = {
  payForRows: () => Effect.succeed(0),
  payOnce: () => Effect.succeed(0),
  hasPaid: () => Effect.succeed(false)
}

/** Payments beside a call that the ledger has let in. */
export const make = (ledger: Ledger["Service"], call: LedgerCall, price: Price): RowPayments => {
  const { accountId } = call
  let rowsPaid = 0
  let creditsPaid = 0
  let portions = 0

  const pay = Effect.fnUntraced(function* (requestId: string, rows: number, credits: number) {
    const part: LedgerCall = { ...call, requestId, creditsMax: credits, cost: 0, buckets: [], question: null }
    const { creditsLeft, verdict } = yield* ledger.admit(part)
    if (verdict !== "admitted") {
      return yield* new CreditsEnded({ verdict, creditsNeeded: credits, creditsLeft, rowsPaid })
    }
    const isSettled = yield* ledger.settle({ requestId, accountId, state: "used", credits, rows })
    return isSettled ? credits : 0
  })

  const idOnce = (name: string) => `${accountId}/${name}`

  return {
    payForRows: Effect.fnUntraced(function* (rows) {
      const credits = creditsOfRows(price, rowsPaid + rows) - creditsPaid
      yield* pay(`${call.requestId}/${++portions}`, rows, credits)
      rowsPaid += rows
      creditsPaid += credits
      return credits
    }),
    payOnce: Effect.fnUntraced(function* (name, rows) {
      if (yield* ledger.knows(accountId, idOnce(name))) return 0
      return yield* pay(idOnce(name), rows, creditsOfRows(price, rows))
    }),
    hasPaid: (name) => ledger.knows(accountId, idOnce(name))
  }
}
