/**
 * Pays for rows whose number the call itself has to find out, beside what the call held when it was let in.
 *
 * Those of a stream, portion by portion before they are sent: how many there will be is not known when it begins, and a hold for all that
 * could come would take more than most accounts have. What the call holds is used up first. All portions together cost what one list of all the rows would.
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

/** Credits that the call itself holds, and that rows use up before anything else is charged for them. */
export interface Hold {
  /** 0 once the call is settled. */
  left: number
  readonly use: (credits: number, rows: number) => void
}

/** For whoever pays nothing. */
export const free: RowPayments = {
  payForRows: () => Effect.succeed(0),
  payOnce: () => Effect.succeed(0),
  hasPaid: () => Effect.succeed(false)
}

/** Tells the credits of each payment. */
export const counted = (
  { hasPaid, payForRows, payOnce }: RowPayments,
  onPaid: (credits: number) => void
): RowPayments => {
  const told = (payment: Payment) => Effect.tap(payment, (credits) => Effect.sync(() => onPaid(credits)))
  return {
    payForRows: (rows) => told(payForRows(rows)),
    payOnce: (name, rows) => told(payOnce(name, rows)),
    hasPaid
  }
}

/** Payments beside a call that the ledger has let in. */
export const make = (ledger: Ledger["Service"], call: LedgerCall, price: Price, hold: Hold): RowPayments => {
  const { accountId } = call
  let rowsPaid = 0
  let creditsPaid = 0
  let portions = 0

  const pay = Effect.fnUntraced(function* (requestId: string, rows: number, credits: number) {
    const part: LedgerCall = { ...call, requestId, creditsMax: credits, cost: 0, buckets: [], question: null }
    const charged = yield* ledger.charge({
      call: part,
      state: "used",
      rows,
      isOnce: !requestId.startsWith(call.requestId)
    })
    const { creditsLeft, verdict } = charged
    if (verdict !== "admitted") {
      return yield* new CreditsEnded({ verdict, creditsNeeded: credits, creditsLeft, rowsPaid })
    }
    return charged.credits
  })

  const idOnce = (name: string) => `${accountId}/${name}`

  return {
    payForRows: Effect.fnUntraced(function* (rows) {
      const needed = creditsOfRows(price, rowsPaid + rows) - creditsPaid
      const fromHold = Math.min(needed, hold.left)
      const rest = needed - fromHold
      const isOfHold = fromHold > 0 && rest === 0
      if (!isOfHold) yield* pay(`${call.requestId}/${++portions}`, rows, rest)
      hold.left -= fromHold
      hold.use(fromHold, isOfHold ? rows : 0)
      rowsPaid += rows
      creditsPaid += needed
      return rest
    }),
    payOnce: Effect.fnUntraced(function* (name, rows) {
      if (yield* ledger.hasPaid(accountId, idOnce(name))) return 0
      return yield* pay(idOnce(name), rows, creditsOfRows(price, rows))
    }),
    hasPaid: (name) => ledger.hasPaid(accountId, idOnce(name))
  }
}
