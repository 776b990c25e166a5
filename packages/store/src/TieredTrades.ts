/**
 * Trades over both tiers, by exchange time. A trade stands in the hour in which it was received: mostly that in which it happened, but
 * one that was lost and read from REST later stands in a later one.
 *
 * So the hours around the time are read one after the other, until there are enough trades, and with them those in which holes of the
 * channel that touch the time were filled.
 */
import { dayMicros, hourMicros, hourOf } from "@kalshibook/core/cold/SegmentKeys"
import type { TradeRecord } from "@kalshibook/core/TradeRecord"
import { Effect, Option } from "effect"
import type { FoundHour } from "./cold/SealedHours.ts"
import type { TradeQuery } from "./HotTier.ts"
import type { LogTiers } from "./LogCursor.ts"
import type { LogError } from "./TieredLog.ts"

/**
 * Receipt and exchange time of a trade that was not filled are this close, also when a clock is wrong or a connection stood still: it
 * would have been cut.
 */
const delayMicrosMax = hourMicros
/** How far around a hole trades are read from REST, and then some. */
const fillMarginMicros = 180_000_000
/** A hole that was not filled by then never is: the exchange does not keep its trades for so long. */
const fillMicrosMax = 7 * dayMicros
const fillHoursMax = fillMicrosMax / hourMicros + 1
/** Hours that are looked up at once. */
const hoursAtOnceMax = 48
/** Hours that are read at once. */
const concurrency = 2
/** A place behind all that is a trade. */
const never = Number.MAX_SAFE_INTEGER

export const make = ({ cold, hot, sealed }: LogTiers) => {
  const clamped = (micros: number): number => Math.max(0, Math.min(never, micros))

  const hoursOf = (fromMicros: number, toMicros: number, hoursMax: number) =>
    sealed.hours({
      marketTicker: undefined,
      alsoMarked: true,
      fromMicros: hourOf(clamped(fromMicros)),
      toMicros: clamped(toMicros),
      order: "earliest",
      hoursMax
    })

  const tradesOf = (hours: ReadonlyArray<FoundHour>, query: TradeQuery) =>
    Effect.map(
      Effect.forEach(hours, (hour) => cold.trades(hour, query.marketTicker, query.fromMicros, query.toMicros), {
        concurrency
      }),
      (found) => found.flat()
    )

  const coldTrades = Effect.fnUntraced(function* (query: TradeQuery, floorMicros: number) {
    const fromMicros = Option.match(query.after, {
      onNone: () => query.fromMicros,
      onSome: (after) => Math.max(query.fromMicros, after.tsExchangeMicros)
    })
    const asked = { ...query, fromMicros }
    const fills = yield* sealed.fills(
      clamped(fromMicros - fillMarginMicros),
      clamped(query.toMicros + fillMarginMicros)
    )
    const read = new Set<number>()
    const kept = new Map<string, TradeRecord>()
    const take = Effect.fnUntraced(function* (hours: ReadonlyArray<FoundHour>) {
      const fresh = hours.filter((hour) => hour.hourMicros < floorMicros && !read.has(hour.hourMicros))
      for (const trade of yield* tradesOf(fresh, asked)) keep(kept, trade)
      for (const hour of fresh) read.add(hour.hourMicros)
    })
    for (const fill of fills) {
      const toMicros = Math.min(fill.toMicros + 1, fill.fromMicros + fillMicrosMax, floorMicros)
      yield* take((yield* hoursOf(fill.fromMicros, toMicros, fillHoursMax)).hours)
    }
    const endMicros = Math.min(query.toMicros + delayMicrosMax, floorMicros)
    for (let start = hourOf(clamped(fromMicros - delayMicrosMax)); start < endMicros; ) {
      const { hours } = yield* hoursOf(start, endMicros, hoursAtOnceMax)
      for (let index = 0; index < hours.length; index += concurrency) {
        const some = hours.slice(index, index + concurrency)
        yield* take(some)
        const provenMicros = (some.at(-1)?.hourMicros ?? 0) + hourMicros - delayMicrosMax
        if (countBefore(kept, query, provenMicros) >= query.tradesMax) return kept
      }
      const last = hours.at(-1)
      if (last === undefined || hours.length < hoursAtOnceMax) break
      start = last.hourMicros + hourMicros
    }
    return kept
  })

  /** By (exchange time, id), each trade once: what the exchange sent counts before what REST told. */
  const trades = Effect.fn("TieredTrades.trades")(function* (
    query: TradeQuery
  ): Effect.fn.Return<ReadonlyArray<TradeRecord>, LogError> {
    while (true) {
      const floorMicros = yield* sealed.floorMicros
      const recent = yield* hot.trades(query)
      if (floorMicros === 0 || query.fromMicros - delayMicrosMax >= floorMicros) {
        if ((yield* sealed.floorMicros) === floorMicros) return recent
        continue
      }
      const kept = yield* coldTrades(query, floorMicros)
      if ((yield* sealed.floorMicros) !== floorMicros) continue
      for (const trade of recent) keep(kept, trade)
      return [...kept.values()]
        .filter((trade) => isAfter(trade, query))
        .sort(compare)
        .slice(0, query.tradesMax)
    }
  })

  return { trades }
}

const keep = (kept: Map<string, TradeRecord>, trade: TradeRecord): void => {
  const before = kept.get(trade.tradeId)
  if (before === undefined || (before.epoch === 0 && trade.epoch !== 0)) kept.set(trade.tradeId, trade)
}

const isAfter = (trade: TradeRecord, { after }: TradeQuery): boolean =>
  Option.isNone(after) || compare(trade, after.value) > 0

const countBefore = (kept: ReadonlyMap<string, TradeRecord>, query: TradeQuery, provenMicros: number): number => {
  let count = 0
  for (const trade of kept.values()) if (trade.tsExchangeMicros < provenMicros && isAfter(trade, query)) count++
  return count
}

type Place = Pick<TradeRecord, "tsExchangeMicros" | "tradeId">

const compare = (left: Place, right: Place): number =>
  left.tsExchangeMicros - right.tsExchangeMicros ||
  (left.tradeId < right.tradeId ? -1 : left.tradeId > right.tradeId ? 1 : 0)
