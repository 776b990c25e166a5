/**
 * How a call of a caller is let in and paid, in one of two ways.
 *
 * A call whose cost is found by making it, a page of a list, holds before it what it costs at most and is settled after it: nobody reads what
 * he cannot pay. A call of one small price is made first and then charged, tokens and credits in one step, before its answer goes out: one
 * statement, shared by all that wait, in place of two. Whoever cannot pay gets no answer then either; a few lookups were done for nothing.
 */
import type { Admission, Ledger, LedgerCall } from "@kalshibook/store/Ledger"
import { Clock, Context, Duration, Effect, Exit } from "effect"
import type { HttpServerResponse } from "effect/http"
import { settleMillisMax } from "./ApiLimits.ts"
import { type AskedCall, ledgerCallOf } from "./AskedCall.ts"
import type { Caller } from "./Caller.ts"
import { keptMicrosOf } from "./CallerTerms.ts"
import * as Failures from "./Failures.ts"
import * as HeldRefusals from "./HeldRefusals.ts"
import * as MeteredAnswer from "./MeteredAnswer.ts"
import * as Refusals from "./Refusals.ts"
import { type Meter, RequestMeta, type RequestNotes } from "./RequestMeta.ts"
import * as RowPayments from "./RowPayments.ts"

type Refused = Effect.Effect<
  unknown,
  Effect.Error<ReturnType<typeof Failures.tooFast>> | Effect.Error<ReturnType<typeof Failures.refuseUnpaid>>,
  RequestMeta
>

type Answer<E, R> = Effect.Effect<HttpServerResponse.HttpServerResponse, E, R>

export const make = (ledger: Ledger["Service"]) => {
  const refusals = Refusals.make()
  const heldRefusals = HeldRefusals.make()

  /** What the ledger has said, as headers. Where it does not let the call in, what that fails with. */
  const judge = (caller: Caller, call: LedgerCall, admission: Admission, notes: RequestNotes): Refused | undefined => {
    Object.assign(notes.headers, MeteredAnswer.limitHeaders(caller.tier, admission))
    if (admission.verdict === "admitted" || admission.verdict === "repeated") return undefined
    if (admission.verdict !== "rate_limited") return Failures.refuseUnpaid(admission, call.creditsMax)
    return Effect.flatMap(Clock.currentTimeMillis, (nowMillis) => {
      refusals.note(call, admission.waitMicros, nowMillis * 1_000)
      return Failures.tooFast(admission.waitMicros)
    })
  }

  const held = <E, R>(caller: Caller, asked: AskedCall, ledgerCall: LedgerCall, call: Answer<E, R>) =>
    Effect.gen(function* () {
      const { notes, requestId } = yield* RequestMeta
      const { ceiling, isDryRun, price } = asked
      const admission = yield* ledger.admit(ledgerCall)
      yield* judge(caller, ledgerCall, admission, notes) ?? Effect.void
      const hold: RowPayments.Hold = {
        left: admission.creditsHeld,
        use: (credits, rows) => {
          meter.charge = { credits: meter.charge.credits + credits, rows: meter.charge.rows + rows }
        }
      }
      const payments = RowPayments.make(ledger, ledgerCall, { price, hold, keptMicros: keptMicrosOf(caller.tier) })
      const meter: Meter = {
        ...unpaid(caller, asked),
        isFree: admission.verdict === "repeated",
        estimate: isDryRun ? ceiling : undefined,
        payments: RowPayments.counted(payments, (credits) => (meter.paid += credits))
      }
      notes.meter = meter
      let isSettled = false
      const settle = (isAnswered: boolean) =>
        Effect.suspend(() => {
          const isUsed = isAnswered && meter.estimate === undefined && price.kind !== "key" && price.kind !== "member"
          const { accountId } = ledgerCall
          hold.left = 0
          return ledger.settle({ requestId, accountId, state: isUsed ? "used" : "returned", ...meter.charge })
        }).pipe(
          Effect.interruptible,
          Effect.timeout(Duration.millis(settleMillisMax)),
          Effect.tap((settled) => Effect.sync(() => (isSettled = settled))),
          // The hold lapses: the call costs nothing.
          Effect.catch((error) => Effect.logWarning(`a call could not be charged: ${error.message}`))
        )
      const response = yield* Effect.onExit(call, (exit) => settle(isAnswer(exit)))
      const credits = (isSettled ? meter.charge.credits : 0) + meter.paid
      Object.assign(notes.headers, MeteredAnswer.creditHeaders(admission, credits))
      return response
    })

  const charged = <E, R>(caller: Caller, asked: AskedCall, ledgerCall: LedgerCall, call: Answer<E, R>) =>
    Effect.flatMap(RequestMeta, ({ notes }) => {
      const meter: Meter = unpaid(caller, asked)
      notes.meter = meter
      const charge = (isAnswered: boolean) =>
        ledger.charge({
          call: { ...ledgerCall, creditsMax: isAnswered ? meter.charge.credits : 0 },
          state: isAnswered ? "used" : "returned",
          rows: isAnswered ? meter.charge.rows : 0,
          isOnce: false
        })
      // Whoever goes away has used his token all the same.
      const made = Effect.exit(Effect.onInterrupt(call, () => Effect.ignore(charge(false))))
      return Effect.flatMap(made, (exit) => {
        const isAnswered = isAnswer(exit)
        return Effect.flatMap(charge(isAnswered), (paid) => {
          const refused = judge(caller, ledgerCall, paid, notes)
          if (refused !== undefined) return Effect.andThen(refused, exit)
          const creditsHeld = paid.credits
          if (isAnswered)
            Object.assign(notes.headers, MeteredAnswer.creditHeaders({ ...paid, creditsHeld }, creditsHeld))
          return exit
        })
      })
    })

  return {
    run: <E, R>(caller: Caller, asked: AskedCall, call: Answer<E, R>) =>
      Effect.withFiber((fiber) => {
        const { notes, requestId } = Context.getUnsafe(fiber.context, RequestMeta)
        const ledgerCall = ledgerCallOf(caller, asked, requestId)
        const nowMillis = fiber.getRef(Clock.Clock).currentTimeMillisUnsafe()
        const known = refusals.waitMicros(ledgerCall, nowMillis * 1_000)
        if (known > 0) {
          notes.holdMillis = heldRefusals.holdMillis(ledgerCall.prefix, nowMillis)
          return Failures.tooFast(known)
        }
        const isCharged = asked.price.kind === "call" && !asked.isDryRun
        return isCharged ? charged(caller, asked, ledgerCall, call) : held(caller, asked, ledgerCall, call)
      })
  }
}

const isAnswer = (exit: Exit.Exit<HttpServerResponse.HttpServerResponse, unknown>): boolean =>
  Exit.isSuccess(exit) && exit.value.status < 400

const unpaid = (caller: Caller, { price }: AskedCall): Meter => ({
  caller,
  price,
  isFree: false,
  estimate: undefined,
  payments: RowPayments.free,
  paid: 0,
  charge: { rows: 0, credits: 0 }
})
