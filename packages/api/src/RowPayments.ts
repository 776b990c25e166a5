/**
 * Pays for rows whose number the call itself has to find out, beside what the call held when it was let in.
 *
 * Those of a stream, portion by portion before they are sent: how many there will be is not known when it begins, and a hold for all that
 * could come would take more than most accounts have. What the call holds is used up first. All portions together cost what one list of all the rows would.
 *
 * Those of files, once for each account and download, for as long as its tier keeps them: whoever asks for the same again has paid for it.
 */
import { creditsOfRows, type Price } from "@kalshibook/core/contract/Pricing"
import type { HotTierError } from "@kalshibook/store/HotTierError"
import type { Admission, Ledger, LedgerCall, Verdict } from "@kalshibook/store/Ledger"
import { Clock, Data, Effect, Option } from "effect"

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
  /** Pays for the rows of what is named; nothing while what the account has paid for the same before still counts (`keptMicros`). */
  readonly payOnce: (name: string, rows: number) => Payment
  /** Until when what the account has paid for what is named counts, Unix microseconds; `None` when it has not, or not any more. */
  readonly paidUntil: (name: string) => Effect.Effect<Option.Option<number>, HotTierError>
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
  paidUntil: () => Effect.succeedNone
}

/** Tells the credits of each payment. */
export const counted = (
  { paidUntil, payForRows, payOnce }: RowPayments,
  onPaid: (credits: number) => void
): RowPayments => {
  const told = (payment: Payment) => Effect.tap(payment, (credits) => Effect.sync(() => onPaid(credits)))
  return {
    payForRows: (rows) => told(payForRows(rows)),
    payOnce: (name, rows) => told(payOnce(name, rows)),
    paidUntil
  }
}

/** Payments beside a call that the ledger has let in. */
export const make = (
  ledger: Ledger["Service"],
  call: LedgerCall,
  { hold, keptMicros, price }: { readonly price: Price; readonly hold: Hold; readonly keptMicros: number }
): RowPayments => {
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
      const paid = yield* ledger.paidAt(accountId, idOnce(name))
      if (Option.isNone(paid)) return yield* pay(idOnce(name), rows, creditsOfRows(price, rows))
      if (paid.value + keptMicros > (yield* nowMicros)) return 0
      // Whoever asks at the same moment names the next payment alike.
      return yield* pay(`${idOnce(name)}/${paid.value}`, rows, creditsOfRows(price, rows))
    }),
    paidUntil: Effect.fnUntraced(function* (name) {
      const now = yield* nowMicros
      const paid = yield* ledger.paidAt(accountId, idOnce(name))
      return Option.filter(
        Option.map(paid, (micros) => micros + keptMicros),
        (until) => until > now
      )
    })
  }
}

const nowMicros = Effect.map(Clock.currentTimeMillis, (millis) => millis * 1_000)
