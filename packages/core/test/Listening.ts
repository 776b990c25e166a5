/** A recorder whose listener writes down what it is told, as words. */
import type { BookRecord, MarketTicker } from "@kalshibook/core/BookRecord"
import type { ServerMessage } from "@kalshibook/core/kalshi/ServerMessage"
import * as Recorder from "@kalshibook/core/Recorder"

export interface Listening {
  readonly recorder: Recorder.Recorder
  readonly told: Array<string>
}

export const make = (): Listening => {
  const told: Array<string> = []
  const recorder = Recorder.make({
    trusted: (ticker) => told.push(`trusted ${ticker}`),
    distrusted: (ticker, cause) => told.push(`distrusted ${ticker} ${cause}`),
    unannounced: (ticker) => told.push(`unannounced ${ticker}`),
    subscriptionEnded: (sid, channel) => told.push(`ended ${sid} ${channel}`)
  })
  return { recorder, told }
}

/** Receives frames one after the other, ten microseconds apart, the first at `fromMicros`. */
export const receiveAll = (
  recorder: Recorder.Recorder,
  fromMicros: number,
  messages: ReadonlyArray<ServerMessage>
): void => {
  for (const [index, message] of messages.entries()) Recorder.receive(recorder, message, fromMicros + index * 10)
}

/** The market's records so far. */
export const recordsOf = (recorder: Recorder.Recorder, ticker: MarketTicker): ReadonlyArray<BookRecord> =>
  recorder.outbox.records.filter(({ marketTicker }) => marketTicker === ticker)

/** One line a record: `gap sequence_hole @101..120 seq 3 x90`. */
export const lines = (records: ReadonlyArray<BookRecord>): ReadonlyArray<string> =>
  records.map((record) => {
    const exchange = record.tsExchangeMicros === null ? "" : ` x${record.tsExchangeMicros}`
    const tail = `seq ${record.seq}${exchange}`
    if (record.kind === "gap") {
      return `gap ${record.cause} @${record.tsReceivedMicros}..${record.tsDetectedMicros} ${tail}`
    }
    return `${record.kind} @${record.tsReceivedMicros} ${tail}`
  })
