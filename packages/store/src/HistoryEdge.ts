/**
 * The end of what is stored: how long a question waits for it, and what is said of moments beyond it.
 *
 * A moment is proven when everything that had reached the recorder by then is stored. Beyond that nothing is known, which a book says
 * as if a recorder that starts now had written its gap.
 */
import type { BookClock, GapRecord, RecordHead } from "@kalshibook/core/BookRecord"
import { Clock, Effect, Option } from "effect"
import { InTheFuture } from "./HistoryProblem.ts"
import type { HotTier, Watermark } from "./HotTier.ts"

/** Longest wait for a moment that is just not stored yet: a recorder commits several times a second. */
export const watermarkWaitMillisMax = 2_000
const watermarkPollMillis = 20
/** A recorder that has not committed for so long is not running: nobody waits for it, and "now" is not trusted. */
export const recorderSilenceMillisMax = 10_000
/** How much later than others a frame may arrive; shorter than the wait, so that a quiet exchange makes nobody wait in vain. */
export const exchangeLagMicrosMax = 1_000_000

export const make = (hot: HotTier["Service"]) => {
  // What is stored stays stored, so an old watermark saves asking for the current one, for all moments before it.
  let known: Watermark | undefined

  const readWatermark = hot.watermark.pipe(
    Effect.tap((stored) =>
      Effect.sync(() => {
        known = Option.getOrUndefined(stored) ?? known
      })
    )
  )

  /** Waits until everything up to the moment is stored, if that can be expected. Returns the watermark, `None` if there is none. */
  const waitFor = Effect.fnUntraced(function* (atMicros: number, clock: BookClock) {
    if (known !== undefined && atMicros <= provenMicros(known, clock)) return Option.some(known)
    const startMillis = yield* Clock.currentTimeMillis
    while (true) {
      const stored = yield* readWatermark
      const nowMillis = yield* Clock.currentTimeMillis
      const nowMicros = Option.match(stored, {
        onNone: () => microsOf(nowMillis),
        onSome: (mark) => Math.max(microsOf(nowMillis) + clockLead(mark, clock), provenMicros(mark, clock))
      })
      if (atMicros > nowMicros) return yield* new InTheFuture({ atMicros, nowMicros })
      if (Option.isNone(stored) || atMicros <= provenMicros(stored.value, clock)) return stored
      if (isSilent(stored.value, nowMillis) || nowMillis - startMillis >= watermarkWaitMillisMax) return stored
      yield* Effect.sleep(watermarkPollMillis)
    }
  })

  /** Whether the moment was proven when the watermark was last looked at, as it then is for ever. */
  const isProven = (atMicros: number, clock: BookClock): boolean =>
    known !== undefined && atMicros <= provenMicros(known, clock)

  return { isProven, readWatermark, waitFor }
}

/** The end of a millisecond: what was received within it is not in its future. */
export const microsOf = (millis: number): number => millis * 1_000 + 999

/** How far the clock is ahead of ours, by the latest exchange time and its receipt; 0 where neither is known. */
const clockLead = ({ tsExchangeMicros, tsExchangeReceivedMicros }: Watermark, clock: BookClock): number =>
  clock === "exchange" && tsExchangeMicros !== null && tsExchangeReceivedMicros !== null
    ? tsExchangeMicros - tsExchangeReceivedMicros
    : 0

/**
 * The last moment, by the clock, up to which everything is stored. By the exchange's: the latest exchange time received, or,
 * while the exchange is quiet, what its clock showed `exchangeLagMicrosMax` before the watermark; what it did until then is
 * no longer under way to us.
 */
export const provenMicros = (mark: Watermark, clock: BookClock): number => {
  if (clock === "received") return mark.tsReceivedMicros
  const quietMicros = mark.tsReceivedMicros + clockLead(mark, clock) - exchangeLagMicrosMax
  return Math.max(mark.tsExchangeMicros ?? 0, quietMicros)
}

export const isSilent = (mark: Pick<Watermark, "tsReceivedMicros">, nowMillis: number): boolean =>
  nowMillis - mark.tsReceivedMicros / 1_000 > recorderSilenceMillisMax

/** The gap that a recorder would write if it started now. */
export const recorderStopped = (last: RecordHead, mark: Watermark, nowMicros: number): GapRecord => ({
  kind: "gap",
  marketTicker: last.marketTicker,
  offset: last.offset,
  epoch: mark.epoch,
  sid: 0,
  seq: 0,
  tsExchangeMicros: mark.tsExchangeMicros,
  tsReceivedMicros: mark.tsReceivedMicros + 1,
  cause: "recorder_stopped",
  tsDetectedMicros: Math.max(nowMicros, mark.tsReceivedMicros + 1)
})
