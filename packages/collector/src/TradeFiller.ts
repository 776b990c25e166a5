/**
 * Fills the holes in the channel of trades from the exchange's own list, trade by trade, by id. Slowly, beside the recording and
 * never in its way: a hole stays on the list of the store until it is marked, so whatever fails here, or ends in the middle, is
 * done again.
 *
 * Holes from before what REST keeps are filled as far as it goes and stay what they are: holes.
 */
import type { ChannelGap } from "@kalshibook/core/ChannelGap"
import * as RestTrade from "@kalshibook/core/kalshi/RestTrade"
import type { TradeRecord } from "@kalshibook/core/TradeRecord"
import { microsFromIso } from "@kalshibook/core/Units"
import { ChannelGaps } from "@kalshibook/store/ChannelGaps"
import type { HotTierError } from "@kalshibook/store/HotTierError"
import { Context, Duration, Effect, Layer, Option } from "effect"
import { Settings } from "./CollectorSettings.ts"
import * as FeedTap from "./FeedTap.ts"
import { KalshiRest, type RestFailed } from "./KalshiRest.ts"
import * as Pace from "./Pace.ts"
import { Recording } from "./Recording.ts"

/** Holes that are looked at in one go; more than that have never been seen at once. */
const holesMax = 1_000
/** Trades that are stored at a time: a day's hole has millions. */
const partTradesMax = 20_000
/**
 * A hole is known by our clock and a trade by the exchange's, which it may have told us late: what is read begins this much earlier
 * and ends this much later, and by as much more as the clocks were ever seen to be apart since the start. What is read beyond the
 * hole is known already, or is welcome.
 */
const earlierSeconds = 60
const laterSeconds = 10
/** A clock that is further off signs nothing that the exchange accepts: what looks so is a frame that lies about its time. */
const clocksApartMicrosMax = 2 * 3_600_000_000
/** Pages a second, so that those who look for markets are not kept waiting. */
const pagesPerSecondMax = 4
/** What REST surely keeps, and, while it does not say how much it keeps, what is believed. */
const keptSurelyMicros = 86_400_000_000
const keptAssumedMicros = 60 * keptSurelyMicros

export class TradeFiller extends Context.Service<
  TradeFiller,
  {
    /** Fills hole after hole, for ever. */
    readonly run: Effect.Effect<never>
  }
>()("@kalshibook/collector/TradeFiller") {
  static readonly layerNoDeps: Layer.Layer<TradeFiller, never, ChannelGaps | KalshiRest | Recording | Settings> =
    Layer.effect(
      TradeFiller,
      Effect.gen(function* () {
        const gaps = yield* ChannelGaps
        const rest = yield* KalshiRest
        const recording = yield* Recording
        const { clock } = recording
        const settings = yield* Settings
        const pages = Pace.make(pagesPerSecondMax)
        /** Beginnings of holes that reach back too far: tried once. */
        const beyond = new Set<number>()

        /** When holes were first seen to be over, by the monotonic clock: the other one may have leapt since. */
        let seenAt = new Map<string, number>()
        /** By how much our clock was ever seen to be ahead of the exchange's, and behind it. */
        let aheadMicros = 0
        let behindMicros = 0

        const compareClocks = (): void => {
          const { tsExchangeMicros, tsExchangeReceivedMicros } = recording.recorder
          if (tsExchangeMicros === null || tsExchangeReceivedMicros === null) return
          const apartMicros = tsExchangeReceivedMicros - tsExchangeMicros
          if (Math.abs(apartMicros) > clocksApartMicrosMax) return
          aheadMicros = Math.max(aheadMicros, apartMicros)
          behindMicros = Math.max(behindMicros, -apartMicros)
        }

        /** REST has had the time to take in all that it lacks, and the exchange has told the time since. */
        const isDue = (gap: ChannelGap): boolean => {
          const { tsFromMicros, tsToMicros } = gap
          const seenMicros = seenAt.get(nameOf(gap)) ?? Number.POSITIVE_INFINITY
          return (
            tsToMicros !== null &&
            tsToMicros < (recording.recorder.tsExchangeReceivedMicros ?? 0) &&
            seenMicros + (laterSeconds + settings.tradeLagMillis / 1000) * 1e6 <= clock.monotonicMicros() &&
            !beyond.has(tsFromMicros)
          )
        }

        /** Those who follow are told of what was new; returns how many those were. */
        const tell = (added: ReadonlyArray<TradeRecord>): number => {
          FeedTap.filled(recording, added)
          return added.length
        }

        const fill = Effect.fn("TradeFiller.fill")(function* (
          gap: ChannelGap
        ): Effect.fn.Return<void, RestFailed | HotTierError> {
          const { tsFromMicros, tsToMicros } = gap
          const span = {
            fromSeconds: Math.max(0, Math.floor((tsFromMicros - aheadMicros) / 1e6) - earlierSeconds),
            toSeconds: Math.ceil(((tsToMicros ?? tsFromMicros) + behindMicros) / 1e6) + laterSeconds
          }
          const isKept = tsFromMicros >= (yield* keptSince(tsFromMicros))
          const read: Array<TradeRecord> = []
          let entriesBefore = 0
          let unreadable = 0
          let cursor = ""
          do {
            yield* pages.turn
            const page = yield* rest.trades(span, cursor)
            const tsReceivedMicros = clock.nowMicros()
            for (const trade of page.trades) {
              const record = RestTrade.toRecord(trade, tsReceivedMicros)
              if (Option.isSome(record)) read.push(record.value)
              else unreadable++
            }
            cursor = page.cursor ?? ""
            if (read.length >= partTradesMax) entriesBefore += tell(yield* gaps.fillPart(read.splice(0)))
          } while (cursor !== "")
          if (!isKept || unreadable > 0) {
            entriesBefore += tell(yield* gaps.fillPart(read))
            beyond.add(tsFromMicros)
            const why = isKept ? `${unreadable} trades cannot be read` : "the exchange does not keep what is older"
            return yield* Effect.logWarning(`a hole in the trades is not filled, or not wholly: ${why}`).pipe(
              Effect.annotateLogs({ ...span, trades: entriesBefore })
            )
          }
          const trades = entriesBefore + tell(yield* gaps.fill(gap, read, clock.nowMicros(), entriesBefore))
          yield* Effect.logInfo("a hole in the trades is filled").pipe(Effect.annotateLogs({ ...span, trades }))
        })

        /** From when on REST knows of trades. Asked only where it may matter. */
        const keptSince = (tsFromMicros: number): Effect.Effect<number> => {
          const nowMicros = clock.nowMicros()
          if (nowMicros - tsFromMicros < keptSurelyMicros) return Effect.succeed(0)
          return rest.historicalCutoff.pipe(
            Effect.map(({ trades_created_ts }) => microsFromIso(trades_created_ts)),
            Effect.catch(() => Effect.succeedNone),
            Effect.map(Option.getOrElse(() => nowMicros - keptAssumedMicros))
          )
        }

        const fillAll = Effect.gen(function* () {
          compareClocks()
          const unfilled = yield* gaps.unfilled("trade", holesMax)
          const nowMicros = clock.monotonicMicros()
          seenAt = new Map(unfilled.map((gap) => [nameOf(gap), seenAt.get(nameOf(gap)) ?? nowMicros]))
          for (const gap of unfilled) {
            if (!isDue(gap)) continue
            compareClocks()
            yield* fill(gap)
          }
        })

        // What fails now is tried again at the next look; the store and REST tell of their own troubles elsewhere.
        const look = Effect.andThen(Effect.ignore(fillAll), Effect.sleep(Duration.millis(settings.tradeFillMillis)))
        return TradeFiller.of({ run: Effect.forever(look) })
      })
    )
}

const nameOf = ({ epoch, seqFrom, sid, tsFromMicros }: ChannelGap): string =>
  `${tsFromMicros} ${epoch} ${sid} ${seqFrom}`
