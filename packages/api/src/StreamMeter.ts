/**
 * Pays for the records of a stream while it runs: credits are held for what may come next, and what was delivered of it is settled, in
 * batches, at most once a second. So a session that dies takes at most one batch with it, for nothing.
 *
 *     const meter = yield* meters.open({ caller: () => who, requestId })  // Effect<StreamMeter, StreamUnpaid | HotTierError, Scope>
 *     const granted = meter.take(records.length)                        // now, without waiting: so many may be delivered, and are charged
 *     if (granted < records.length) yield* meter.more                   // Effect<void, StreamUnpaid | HotTierError>
 *
 * A session delivers what it was granted, waits for `more`, and goes on. `more` fails when there are no credits for another record: time to
 * say so, and to close. What was granted and not delivered after all can be given back. Closing the scope settles.
 *
 * Each hold is by the terms that the caller has then: a plan, a cap or credits that came or went meanwhile count from the next hold on.
 *
 * One credit is for every `rowsPerCredit` records that are begun, over the whole session; so a quiet stream writes to the ledger once for so
 * many, however long they take.
 */
import { creditsOfRows, streamPrices } from "@kalshibook/core/contract/Pricing"
import type { HotTierError } from "@kalshibook/store/HotTierError"
import { Ledger, type LedgerCall, type Verdict } from "@kalshibook/store/Ledger"
import { Clock, Context, Data, Duration, Effect, Layer, type Scope, Semaphore } from "effect"
import { streamBatchCreditsMax, streamLeaseMicros, streamSettleMillis, streamUnpaidMillis } from "./ApiLimits.ts"
import type { Caller } from "./Caller.ts"
import * as CallerTerms from "./CallerTerms.ts"

/** Why nothing more can be held: no credits, a cap, or, at its opening, too many calls. */
export class StreamUnpaid extends Data.TaggedError("StreamUnpaid")<{
  readonly verdict: Verdict
  /** Until there are tokens, when it is `rate_limited`. */
  readonly waitMicros: number
  /** `null` where there is no end but a cap. */
  readonly creditsLeft: number | null
  /** Credits that the session cost. */
  readonly creditsUsed: number
}> {}

export interface StreamMeter {
  /** How many of so many records may be delivered now. They are charged, and have to be delivered. */
  readonly take: (records: number) => number
  /** So many that were taken were not delivered, and are not charged. */
  readonly giveBack: (records: number) => void
  /** Waits until there is something to take. */
  readonly more: Effect.Effect<void, StreamUnpaid | HotTierError>
  /** Credits that the records taken until now cost. */
  readonly creditsUsed: () => number
}

export interface StreamOpening {
  /** Who pays, with what counts for him at the moment at which it is asked. Always of the same account. */
  readonly caller: () => Caller
  /** Of the request that opened it: names its payments, and is one call in the usage. */
  readonly requestId: string
}

export class StreamMeters extends Context.Service<
  StreamMeters,
  {
    /** Takes the tokens of a call, and holds credits for the first records. */
    readonly open: (opening: StreamOpening) => Effect.Effect<StreamMeter, StreamUnpaid | HotTierError, Scope.Scope>
  }
>()("@kalshibook/api/StreamMeter/StreamMeters") {
  static readonly layer: Layer.Layer<StreamMeters, never, Ledger> = Layer.effect(
    StreamMeters,
    Effect.map(Ledger, (ledger) => StreamMeters.of({ open: (opening) => open(ledger, opening) }))
  )
}

const price = streamPrices.openStream

/** A hold that is under way. */
interface Batch {
  readonly requestId: string
  readonly credits: number
  readonly sinceMillis: number
}

const open = Effect.fnUntraced(function* (ledger: Ledger["Service"], { caller, requestId }: StreamOpening) {
  const { accountId } = caller().account
  const locked = yield* Semaphore.make(1)
  const now = Clock.currentTimeMillis
  let taken = 0
  let rowsSettled = 0
  let creditsSettled = 0
  let batch: Batch | undefined
  let batches = 0
  /** What the next batch should have. */
  let wanted = firstBatchCredits
  let turnedMillis = yield* now
  let turnedTaken = 0
  /** Why nothing more could be held, at the last attempt. */
  let unpaid: StreamUnpaid | undefined
  let unpaidMillis = 0

  const used = () => creditsOfRows(price, taken)
  const granted = () => (creditsSettled + (batch?.credits ?? 0)) * price.rowsPerCredit
  /** Whether less is granted than half of a batch, and more may be had: whoever was refused asks seldom until he needs it. */
  const isLow = (nowMillis: number) => {
    const left = granted() - taken
    if (left >= (wanted * price.rowsPerCredit) / 2) return false
    return unpaid === undefined || left <= 0 || nowMillis - unpaidMillis >= streamUnpaidMillis
  }

  /** Says what was delivered of the batch; the rest of it goes back. */
  const settle = Effect.gen(function* () {
    if (batch === undefined) return
    // What was given back after it was settled is taken again before anything else.
    const [credits, rows] = [Math.max(0, used() - creditsSettled), Math.max(0, taken - rowsSettled)]
    // The first is the call itself, also when nothing happened.
    const state = rows > 0 || batch.requestId === requestId ? "used" : "returned"
    const isSettled = yield* ledger.settle({ requestId: batch.requestId, accountId, state, credits, rows })
    if (!isSettled) yield* Effect.logWarning(`a batch of a stream lapsed before it was settled: ${batch.requestId}`)
    batch = undefined
    creditsSettled += credits
    rowsSettled += rows
  })

  const partOf = (): LedgerCall => ({
    ...CallerTerms.callOf(caller()),
    requestId: batches === 0 ? requestId : `${requestId}/${batches}`,
    endpoint: "openStream",
    question: null,
    creditsMax: 0,
    leaseMicros: streamLeaseMicros,
    ...(batches === 0 ? { cost: 1 } : { cost: 0, buckets: [] })
  })

  /** Holds so many credits, or as many as there are. */
  const hold = Effect.gen(function* () {
    let credits = wanted
    while (true) {
      const part = { ...partOf(), creditsMax: credits }
      const { creditsLeft, verdict, waitMicros } = yield* ledger.admit(part)
      if (verdict === "admitted") {
        unpaid = undefined
        batches++
        batch = { requestId: part.requestId, credits, sinceMillis: yield* now }
        return
      }
      if (credits > 1 && verdict !== "rate_limited") {
        // A key's own cap is not in what is left.
        credits = Math.max(1, Math.min(Math.floor(credits / 2), creditsLeft ?? credits))
        continue
      }
      unpaid = new StreamUnpaid({ verdict, waitMicros, creditsLeft, creditsUsed: used() })
      unpaidMillis = yield* now
      return
    }
  })

  const turn = Effect.gen(function* () {
    const nowMillis = yield* now
    const elapsed = nowMillis - turnedMillis
    if (elapsed < streamSettleMillis) return
    const isOld = batch !== undefined && (nowMillis - batch.sinceMillis) * 2_000 > streamLeaseMicros
    if (!isLow(nowMillis) && !isOld && (batch === undefined || used() <= creditsSettled)) return
    const perSecond = ((taken - turnedTaken) * 1_000) / elapsed
    turnedMillis = nowMillis
    turnedTaken = taken
    wanted = Math.max(1, Math.min(streamBatchCreditsMax, Math.ceil((perSecond * batchSeconds) / price.rowsPerCredit)))
    yield* settle
    // What is left of a credit that was begun may be enough for long.
    if (isLow(nowMillis)) yield* hold
  }).pipe((effect) => locked.withPermit(effect))

  /** Also what came after the last batch, and cost nothing more. */
  const close = Effect.gen(function* () {
    yield* settle
    const rows = taken - rowsSettled
    if (rows > 0) yield* ledger.charge({ call: { ...partOf(), buckets: [] }, state: "used", rows, isOnce: false })
  }).pipe((effect) => locked.withPermit(effect), warned)

  yield* hold
  if (unpaid !== undefined) return yield* unpaid
  yield* Effect.addFinalizer(() => close)
  yield* Effect.forkScoped(Effect.forever(Effect.andThen(Effect.sleep(streamSettleMillis), warned(turn))))

  const meter: StreamMeter = {
    take: (records) => {
      const some = Math.max(0, Math.min(records, granted() - taken))
      taken += some
      return some
    },
    giveBack: (records) => {
      taken = Math.max(0, taken - records)
    },
    more: Effect.gen(function* () {
      while (granted() <= taken) {
        const elapsed = (yield* now) - turnedMillis
        yield* Effect.sleep(Duration.millis(Math.max(0, streamSettleMillis - elapsed)))
        yield* turn
        if (granted() <= taken && unpaid !== undefined) {
          return yield* new StreamUnpaid({ ...unpaid, creditsUsed: used() })
        }
      }
    }),
    creditsUsed: used
  }
  return meter
})

const warned = (effect: Effect.Effect<void, HotTierError>): Effect.Effect<void> =>
  Effect.catch(effect, (error) => Effect.logWarning(`a stream could not be charged: ${error.message}`))

/** Enough for the first second of a busy stream. */
const firstBatchCredits = 4

/** A batch is for so long, at the rate of the last. */
const batchSeconds = 4
