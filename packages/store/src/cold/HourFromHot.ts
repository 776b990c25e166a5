/**
 * An hour of the hot tier as the files of the cold tier have it: for each market, ascending by ticker, the state before the hour and
 * its records; all of one moment of the database, in bounded memory.
 *
 * On a connection of its own: rows come by COPY, market by market in the order of the index, without a sort.
 */
import type { PgClient } from "@effect/sql-pg"
import type { MarketTicker } from "@kalshibook/core/BookRecord"
import type * as LogRows from "@kalshibook/core/cold/LogRows"
import * as LogRowsBuilder from "@kalshibook/core/cold/LogRowsBuilder"
import * as LogRowsFold from "@kalshibook/core/cold/LogRowsFold"
import type { ManifestTape } from "@kalshibook/core/cold/Manifest"
import { hourMicros } from "@kalshibook/core/cold/SegmentKeys"
import * as Replay from "@kalshibook/core/Replay"
import { Data, Effect, type Scope, Stream } from "effect"
import type { SqlError } from "effect/sql"
import * as HotSocket from "../HotSocket.ts"
import { int4s, int8, pg } from "../PgStatement.ts"
import { type KeyframeRow, keyframeOf } from "../RecordRows.ts"
import * as HourSideRows from "./HourSideRows.ts"
import * as HourTapes from "./HourTapes.ts"
import * as RecordCopyOut from "./RecordCopyOut.ts"

/**
 * Logs whose beginning has left the hot tier, so that it cannot tell the state before the hour: the sealed hour before it does, and
 * has to be given as `openings`.
 */
export class OpeningsMissing extends Data.TaggedError("OpeningsMissing")<{
  readonly markets: number
  readonly marketTicker: MarketTicker
}> {
  override get message(): string {
    return `the hot tier does not reach back to the state before the hour of ${this.markets} markets, such as ${this.marketTicker}`
  }
}

/** The state of each market before the hour. */
export type Openings = ReadonlyMap<MarketTicker, Replay.Replay>

export interface Options {
  /** Beginning of the hour, Unix microseconds. */
  readonly fromMicros: number
  /**
   * The states after the hour before, as its rows fold (`Written.states`); absent: the hot tier tells them, which it can only while
   * it has the logs from their beginning.
   */
  readonly openings?: Openings | undefined
}

export interface HourFromHot {
  /** Rows in the order of the files. To be read once, and to its end before anything else is asked. */
  readonly rows: Stream.Stream<LogRows.LogRows, SqlError.SqlError>
  /** The rows of the other kinds. Of `markets`: those versions that concern these markets. */
  readonly sideRows: (
    tickers: ReadonlyArray<MarketTicker>
  ) => Effect.Effect<HourSideRows.HourSideRows, SqlError.SqlError>
  /** The entries of the tape from which all of it came; none where that is not known. */
  readonly tapes: ReadonlyArray<ManifestTape>
}

const batchRows = 16_384
/** Some hundred kilobytes of keyframes at a time. */
const idsPerQueryMax = 1_000

interface Market {
  readonly id: number
  readonly ticker: MarketTicker
  /** Receipt of its log's first snapshot; infinite before one. */
  readonly tsFirstMicros: number
  /** Receipt of the last record. */
  readonly tsLastMicros: number
}

/** Opens the hour; what is read is of the moment at which this returns. Ends with the scope. */
export const open = Effect.fn("HourFromHot.open")(function* (
  config: PgClient.PgClientConfig,
  { fromMicros, openings }: Options
): Effect.fn.Return<HourFromHot, SqlError.SqlError | OpeningsMissing, Scope.Scope> {
  const socket = yield* Effect.acquireRelease(HotSocket.open(config), ({ destroy }) => Effect.sync(destroy))
  const logs = yield* logsOf(socket)
  const tapes = yield* HourTapes.read(socket, fromMicros)
  const states = openings ?? (yield* openingsOf(socket, logs, fromMicros))
  const markets = logs.filter(({ ticker, tsLastMicros }) => tsLastMicros >= fromMicros || states.has(ticker))
  return {
    tapes,
    rows: rowsOf(socket, markets, states, fromMicros),
    sideRows: (tickers) => Effect.andThen(socket.run(anyPlan), HourSideRows.read(socket, fromMicros, tickers))
  }
})

/** An index gives the order that is asked for; the planner must not think that sorting is cheaper. */
const begin = `
  begin isolation level repeatable read read only;
  set local enable_seqscan = off;
  set local enable_bitmapscan = off;
  set local max_parallel_workers_per_gather = 0`

/** Small tables may be read in any way. */
const anyPlan = "set local enable_seqscan = on; set local enable_bitmapscan = on"

const marketOf = (row: HotSocket.Row): Market => ({
  id: Number(row["market_id"]),
  ticker: String(row["ticker"]),
  tsFirstMicros: Number(row["ts_first_snapshot_micros"] ?? Number.POSITIVE_INFINITY),
  tsLastMicros: Number(row["ts_received_micros"])
})

/** A COPY of records of markets by their places in `of`, each from its own time and offset on, up to a moment. */
const copyOf = (
  of: ReadonlyArray<{ readonly id: number; readonly fromMicros: number; readonly afterOffset: number }>,
  toMicros: number
) => {
  const array = (values: ReadonlyArray<number>, type: string) => `'{${values.join(",")}}'::${type}[]`
  return `copy (
    select m.number - 1, ${RecordCopyOut.columns}
    from unnest(${array(
      of.map(({ id }) => id),
      "int4"
    )}, ${array(
      of.map((one) => one.fromMicros),
      "int8"
    )},
                ${array(
                  of.map((one) => one.afterOffset),
                  "int8"
                )})
      with ordinality as m (id, from_micros, after_offset, number)
    cross join lateral (
      select * from records
      where market_id = m.id and ts_received_micros >= m.from_micros and ts_received_micros < ${toMicros}
        and record_offset > m.after_offset
      order by ts_received_micros, record_offset
    ) as r
  ) to stdout (format binary)`
}

const rowsOf = (
  socket: HotSocket.HotSocket,
  markets: ReadonlyArray<Market>,
  states: Openings,
  fromMicros: number
): Stream.Stream<LogRows.LogRows, SqlError.SqlError> =>
  Stream.suspend(() => {
    const done: Array<LogRows.LogRows> = []
    const builder = LogRowsBuilder.make(batchRows, (rows) => done.push(rows))
    /** The next market that has not been begun. */
    let next = 0
    const beginUpTo = (number: number): void => {
      for (; next < number; next++) {
        const state = states.get((markets[next] as Market).ticker)
        if (state !== undefined) builder.keyframe(state)
      }
    }
    const copy = RecordCopyOut.make({
      builder,
      tickerOf: (number) => (markets[number] as Market).ticker,
      onMarket: (number) => {
        // impossible: the query gives the markets in the order in which it got them.
        if (number < next) throw new Error(`market ${number} came after ${next}`)
        beginUpTo(number + 1)
      }
    })
    const of = markets.map(({ id }) => ({ id, fromMicros, afterOffset: 0 }))
    const rest = Stream.suspend(() => {
      beginUpTo(markets.length)
      builder.flush()
      return Stream.fromIterable(done.splice(0))
    })
    return Stream.concat(
      Stream.flatMap(socket.copyOut(copyOf(of, fromMicros + hourMicros)), (bytes) => {
        copy.push(bytes)
        return Stream.fromIterable(done.splice(0))
      }),
      rest
    )
  })

/**
 * The state of every log at a moment by the receive clock, exclusive, as the hot tier tells it by its keyframes: what a proof compares
 * with. Logs of which it does not hold enough are left out.
 */
export const statesAt = Effect.fn("HourFromHot.statesAt")(function* (
  config: PgClient.PgClientConfig,
  atMicros: number
): Effect.fn.Return<Openings, SqlError.SqlError> {
  return yield* Effect.scoped(
    Effect.gen(function* () {
      const socket = yield* Effect.acquireRelease(HotSocket.open(config), ({ destroy }) => Effect.sync(destroy))
      const { states } = yield* statesOf(socket, yield* logsOf(socket), atMicros)
      return states
    })
  )
})

const logsOf = Effect.fnUntraced(function* (socket: HotSocket.HotSocket) {
  yield* socket.run(begin)
  const rows = yield* socket.query(pg`
    select market_id, ticker, ts_first_snapshot_micros, ts_received_micros from log_heads join markets using (market_id)`)
  return rows.map(marketOf).sort((left, right) => LogRowsBuilder.compareTickers(left.ticker, right.ticker))
})

const openingsOf = Effect.fnUntraced(function* (
  socket: HotSocket.HotSocket,
  logs: ReadonlyArray<Market>,
  fromMicros: number
) {
  const { states, torn } = yield* statesOf(socket, logs, fromMicros)
  const [marketTicker] = torn
  if (marketTicker !== undefined) return yield* new OpeningsMissing({ markets: torn.length, marketTicker })
  return states
})

/**
 * The states before a moment out of the hot tier: of each log the last keyframe that is not at its snapshot, and the records from there
 * on; or the log from its beginning. (A keyframe at a snapshot may keep an estimate of the exchange's time that a later delta corrects:
 * from it the times would not be those of the whole log.)
 */
const statesOf = Effect.fnUntraced(function* (
  socket: HotSocket.HotSocket,
  logs: ReadonlyArray<Market>,
  fromMicros: number
) {
  const fold = LogRowsFold.make()
  for (let start = 0; start < logs.length; start += idsPerQueryMax) {
    const part = logs.slice(start, start + idsPerQueryMax)
    const tickers = new Map(part.map(({ id, ticker }) => [id, ticker]))
    const rows = yield* socket.query(pg`
      select m.id, k.* from unnest(${int4s(part.map(({ id }) => id))}) as m (id)
      cross join lateral (
        select record_offset, ts_received_micros, ts_exchange_micros, ts_exchange_effective_micros, epoch, sid, seq, since_offset,
               book_hash, levels
        from keyframes where market_id = m.id and ts_received_micros < ${int8(fromMicros)} and record_offset > since_offset
        order by ts_received_micros desc, record_offset desc limit 1
      ) as k`)
    for (const row of rows) {
      const ticker = tickers.get(Number(row["id"])) as MarketTicker
      fold.replays.set(ticker, Replay.fromKeyframe(keyframeOf(ticker, row as unknown as KeyframeRow)))
    }
  }
  const of = logs.map(({ id, ticker }) => {
    const last = fold.replays.get(ticker)?.last
    return { id, fromMicros: last?.tsReceivedMicros ?? 0, afterOffset: last?.offset ?? 0 }
  })
  const builder = LogRowsBuilder.make(batchRows, (rows) => LogRowsFold.apply(fold, rows))
  const copy = RecordCopyOut.make({
    builder,
    tickerOf: (number) => (logs[number] as Market).ticker,
    onMarket: () => {}
  })
  yield* Stream.runForEach(socket.copyOut(copyOf(of, fromMicros)), (bytes) => Effect.sync(() => copy.push(bytes)))
  builder.flush()
  LogRowsFold.finish(fold)
  // A log that is not there from its beginning: it was folded from the middle, or what came before the moment is all gone.
  const torn = yield* notClosed(
    socket,
    logs.filter(({ ticker, tsFirstMicros }) => {
      const state = fold.replays.get(ticker)
      return state === undefined ? tsFirstMicros < fromMicros : state.trust._tag === "unknown"
    }),
    fromMicros
  )
  for (const ticker of torn) fold.replays.delete(ticker)
  const states: Openings = fold.replays
  return { states, torn }
})

/** Those of the markets whose recording had not ended at the moment. */
const notClosed = Effect.fnUntraced(function* (
  socket: HotSocket.HotSocket,
  markets: ReadonlyArray<Market>,
  atMicros: number
) {
  if (markets.length === 0) return []
  const rows = yield* socket.query(pg`
    select m.id from unnest(${int4s(markets.map(({ id }) => id))}) as m (id)
    cross join lateral (
      select cause, ts_end_micros from gaps where market_id = m.id and ts_received_micros < ${int8(atMicros)}
      order by record_offset desc limit 1
    ) as last
    where cause = 'market_closed' and (ts_end_micros is null or ts_end_micros >= ${int8(atMicros)})`)
  const closed = new Set(rows.map((row) => Number(row["id"])))
  return markets.filter(({ id }) => !closed.has(id)).map(({ ticker }) => ticker)
})
