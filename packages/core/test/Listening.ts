/** A recorder whose listener writes down what it is told, as words. */
import type { BookRecord, GapCause, MarketTicker } from "@kalshibook/core/BookRecord"
import type { ConnectionRecord } from "@kalshibook/core/ConnectionRecord"
import type { ServerMessage } from "@kalshibook/core/kalshi/ServerMessage"
import type * as MarketLog from "@kalshibook/core/MarketLog"
import * as Recorder from "@kalshibook/core/Recorder"
import { assert } from "vitest"

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
    subscriptionEnded: (_epoch, sid, channel) => told.push(`ended ${sid} ${channel}`)
  })
  return { recorder, told }
}

/** A connection in the first slot, as it opens. */
export const opening: Omit<ConnectionRecord, "epoch" | "tsOpenedMicros"> = {
  slot: 0,
  url: "ws://exchange",
  source: "simulator",
  tsClosedMicros: null,
  closeCause: null
}

/** Opens a connection in the first slot. */
export const open = (recorder: Recorder.Recorder, epoch: number, tsOpenedMicros = 0): void =>
  Recorder.open(recorder, { ...opening, epoch, tsOpenedMicros })

/** Records a market, and follows it on the last connection. */
export const follow = (recorder: Recorder.Recorder, ticker: MarketTicker, end?: MarketLog.LogEnd): void => {
  Recorder.begin(recorder, ticker, end)
  Recorder.follow(recorder, recorder.epochLast, ticker, 0)
}

/** A frame on the last connection. */
export const receive = (recorder: Recorder.Recorder, message: ServerMessage, tsReceivedMicros: number): void =>
  Recorder.receive(recorder, recorder.epochLast, message, tsReceivedMicros)

/** The last connection ends. */
export const close = (recorder: Recorder.Recorder, cause: GapCause, tsMicros: number): void =>
  Recorder.close(recorder, recorder.epochLast, cause, tsMicros)

/** The log of a market that is recorded. */
export const logOf = (recorder: Recorder.Recorder, ticker: MarketTicker): MarketLog.MarketLog => {
  const log = recorder.logs.get(ticker)
  assert.isDefined(log, `${ticker} is not recorded`)
  return log as MarketLog.MarketLog
}

/** Receives frames one after the other, ten microseconds apart, the first at `fromMicros`. */
export const receiveAll = (
  recorder: Recorder.Recorder,
  fromMicros: number,
  messages: ReadonlyArray<ServerMessage>
): void => {
  for (const [index, message] of messages.entries()) receive(recorder, message, fromMicros + index * 10)
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
