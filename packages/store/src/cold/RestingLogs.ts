/**
 * Logs at rest: they stand in a gap that began more than a day before an hour, and have no records in it. Such an hour does not have
 * them, or each market that was ever lost would stand in every hour for ever.
 *
 * Their last good book and their gap are in the latest hour that has them, where whoever reads finds them; and the hour in which they
 * go on begins with them again.
 */
import type { MarketTicker } from "@kalshibook/core/BookRecord"
import * as LogRows from "@kalshibook/core/cold/LogRows"
import { hourMicros } from "@kalshibook/core/cold/SegmentKeys"
import { Stream } from "effect"

/** Gaps that begin so long before an hour, or less, are in it. */
export const restingMicrosMin = 24 * hourMicros

/** Rows of an hour, of markets one after the other, without the logs that rest in it. O(markets) but for copying nothing. */
export const leaveOut = <E, R>(
  rows: Stream.Stream<LogRows.LogRows, E, R>,
  fromMicros: number
): Stream.Stream<LogRows.LogRows, E, R> =>
  Stream.suspend(() => {
    const sieve = makeSieve(fromMicros - restingMicrosMin)
    return Stream.flatMap(rows, (batch) => Stream.fromIterable(sieve(batch)))
  })

/** Holds back keyframes that may be all that there is of their market, until the next row tells. */
const makeSieve = (beforeMicros: number) => {
  let held: Array<LogRows.LogRows> = []
  let heldTicker: MarketTicker | undefined

  const isAtRest = (rows: LogRows.LogRows, row: number): boolean =>
    rows.cause[row] !== LogRows.causeNone && (rows.tsReceivedMicros[row] as number) < beforeMicros

  return (batch: LogRows.LogRows): ReadonlyArray<LogRows.LogRows> => {
    const given: Array<LogRows.LogRows> = []
    let start = 0
    for (let row = 0; row < batch.rows; ) {
      const end = LogRows.runEnd(batch, row, batch.rows)
      const isOnlyKeyframe = batch.kind[end - 1] === LogRows.kindKeyframe
      const ticker = LogRows.tickerAt(batch, row)
      if (held.length > 0 && ticker !== heldTicker) held = []
      if (isOnlyKeyframe && (held.length > 0 || isAtRest(batch, row))) {
        if (row > start) given.push(LogRows.slice(batch, start, row))
        held.push(LogRows.slice(batch, row, end))
        heldTicker = ticker
        start = end
      } else if (held.length > 0) {
        given.push(...held)
        held = []
      }
      row = end
    }
    if (start < batch.rows) given.push(start === 0 ? batch : LogRows.slice(batch, start, batch.rows))
    return given
  }
}
