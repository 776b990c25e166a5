/**
 * The records of a market's log, each with measures of the book right after it: one fold that begins with the state before the range.
 */
import * as BookMeasures from "@kalshibook/core/BookMeasures"
import type { BookRecord, MarketTicker } from "@kalshibook/core/BookRecord"
import * as Replay from "@kalshibook/core/Replay"
import { Effect, Stream } from "effect"
import type { History } from "./History.ts"
import type { MarketNotRecorded } from "./HistoryProblem.ts"
import type { LogError, TieredLog } from "./TieredLog.ts"

/** Records of [from, to) by the receive clock. */
export interface DerivedQuery {
  readonly marketTicker: MarketTicker
  readonly fromMicros: number
  readonly toMicros: number
  readonly derive: BookMeasures.Derive
  readonly recordsPerPage: number
}

export interface DerivedRecord {
  readonly record: BookRecord
  /** The end of the gap that it is, where it has ended. */
  readonly gapEndMicros: number | undefined
  /** As `derive.names` has them. */
  readonly derived: ReadonlyArray<number | null>
}

export const pages = (
  log: TieredLog,
  read: History["Service"]["records"],
  { derive, fromMicros, marketTicker, recordsPerPage, toMicros }: DerivedQuery
): Stream.Stream<ReadonlyArray<DerivedRecord>, MarketNotRecorded | LogError> => {
  const pageAfter = Effect.fnUntraced(function* (replay: Replay.Replay) {
    const { gapEndsMicros, records } = yield* read({
      marketTicker,
      fromMicros: Math.max(fromMicros, replay.last?.tsReceivedMicros ?? 0),
      toMicros,
      afterOffset: replay.last?.offset ?? 0,
      recordsMax: recordsPerPage
    })
    return records.map((record): DerivedRecord => {
      Replay.apply(replay, record)
      const derived = derive.names.map((name) => BookMeasures.afterRecord(replay, record, name, derive.withinE4))
      return { record, gapEndMicros: gapEndsMicros.get(record.offset), derived }
    })
  })
  const before = fromMicros === 0 ? Effect.undefined : log.stateAt(marketTicker, fromMicros - 1, "received")
  return Stream.unwrap(
    Effect.map(before, (found) =>
      Stream.unfold<Replay.Replay | undefined, ReadonlyArray<DerivedRecord>, MarketNotRecorded | LogError, never>(
        found?.replay ?? Replay.make(),
        (replay) =>
          replay === undefined
            ? Effect.undefined
            : Effect.map(
                pageAfter(replay),
                (page) => [page, page.length < recordsPerPage ? undefined : replay] as const
              )
      )
    )
  )
}
