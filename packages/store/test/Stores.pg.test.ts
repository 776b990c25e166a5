/** The stores over one database: their suites, and what only the tables can show. */
import { assert, layer, type Vitest } from "@effect/vitest"
import { Audits } from "@kalshibook/store/Audits"
import { ChannelGaps } from "@kalshibook/store/ChannelGaps"
import { Epochs } from "@kalshibook/store/Epochs"
import { History } from "@kalshibook/store/History"
import { HotTier } from "@kalshibook/store/HotTier"
import { LifecycleLog } from "@kalshibook/store/LifecycleLog"
import { OtherWriter } from "@kalshibook/store/LogHeads"
import { MarketCatalog } from "@kalshibook/store/MarketCatalog"
import { Settlements } from "@kalshibook/store/Settlements"
import { StatusBoard } from "@kalshibook/store/StatusBoard"
import { Cause, Context, Effect, Exit, Layer, Option } from "effect"
import { SqlClient } from "effect/sql"
import { auditsSuite } from "./AuditsSuite.ts"
import {
  batch,
  channelGap,
  connection,
  delta,
  gap,
  hourStartMicros,
  lifecycle,
  snapshot,
  trade,
  watermark
} from "./Batch.ts"
import { channelGapsSuite } from "./ChannelGapsSuite.ts"
import { epochsSuite } from "./EpochsSuite.ts"
import { historySuite } from "./HistorySuite.ts"
import { hotTierSuite } from "./HotTierSuite.ts"
import { lifecycleLogSuite } from "./LifecycleLogSuite.ts"
import { marketCatalogSuite } from "./MarketCatalogSuite.ts"
import * as MarketLogs from "./MarketLogs.ts"
import { marketSearchSuite } from "./MarketSearchSuite.ts"
import * as PgTest from "./PgTest.ts"
import { settlementsSuite } from "./SettlementsSuite.ts"
import { posted, statusBoardSuite } from "./StatusBoardSuite.ts"

const logs = History.layerHot.pipe(Layer.provideMerge(HotTier.layerNoDeps))
const stores = Layer.mergeAll(
  HotTier.layerNoDeps,
  MarketCatalog.layerNoDeps,
  Epochs.layerNoDeps,
  ChannelGaps.layerNoDeps,
  LifecycleLog.layerNoDeps
)

layer(PgTest.layer, { excludeTestServices: true })((it) => {
  // Wants a database without a watermark, so it comes first.
  it.layer(HotTier.layerNoDeps)("HotTier (Postgres)", hotTierSuite(25))
  it.layer(logs)("History (Postgres)", historySuite(40))
  it.layer(MarketCatalog.layerNoDeps)("MarketCatalog (Postgres)", marketCatalogSuite)
  it.layer(MarketCatalog.layerNoDeps)("Search (Postgres)", marketSearchSuite)
  it.layer(Layer.merge(Settlements.layerNoDeps, MarketCatalog.layerNoDeps))("Settlements (Postgres)", settlementsSuite)
  it.layer(stores)("Epochs (Postgres)", epochsSuite)
  it.layer(stores)("ChannelGaps (Postgres)", channelGapsSuite)
  it.layer(Audits.layerNoDeps)("Audits (Postgres)", auditsSuite)
  it.layer(stores)("LifecycleLog (Postgres)", lifecycleLogSuite)
  it.layer(StatusBoard.layerNoDeps)("StatusBoard (Postgres)", statusBoardSuite)
  it.layer(StatusBoard.layerNoDeps)("The status", statusSuite)
  it.layer(stores)("The tables", tablesSuite)
})

function statusSuite(it: Vitest.MethodsNonLive<StatusBoard | SqlClient.SqlClient>): void {
  it.effect("of a version that cannot be read is read without its report, and the size of the database is known", () =>
    Effect.gen(function* () {
      const board = yield* StatusBoard
      const sql = yield* SqlClient.SqlClient
      yield* board.post(posted)
      yield* sql`update recorder_status set report = '{"of": "the future"}', source = 'another'`
      const { status } = Option.getOrThrow(yield* board.read)
      assert.isNull(status.report)
      assert.strictEqual(status.source, "unknown")
      assert.strictEqual(status.marketsRecorded, 250)
      assert.isAbove((yield* board.databaseBytes) ?? 0, 1_000_000)
    })
  )
}

function tablesSuite(it: Vitest.MethodsNonLive<HotTier | MarketCatalog | Epochs | SqlClient.SqlClient>): void {
  it.effect("keep every version of a market, and the same short id for its log and its description", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const hot = yield* HotTier
      const catalog = yield* MarketCatalog
      const ticker = "KXLATE-1"
      yield* hot.append(batch({ records: [snapshot({ marketTicker: ticker, offset: 1 })] }))
      assert.deepStrictEqual(yield* catalog.market(ticker), Option.none())
      assert.deepStrictEqual(yield* catalog.markets({ tickers: [ticker] }, { entriesMax: 1 }), [])
      for (const [index, status] of ["initialized", "active", "active", "closed"].entries()) {
        yield* catalog.observe({
          series: [],
          events: [],
          markets: [{ ticker, body: { status }, tsObservedMicros: index }]
        })
      }
      const versions = yield* sql`
        select version, ts_observed_micros, market_versions.body ->> 'status' as status, count(*) over () as versions
        from market_versions where market_id = (select market_id from records join markets using (market_id) where ticker = ${ticker})
        order by version`
      assert.deepStrictEqual(
        versions.map((row) => [row["version"], row["ts_observed_micros"], row["status"]]),
        [
          [1, 0, "initialized"],
          [2, 1, "active"],
          [3, 3, "closed"]
        ]
      )
    })
  )

  it.effect("refuse a batch as a whole, say whether to try again, and take the next one", () =>
    Effect.gen(function* () {
      const hot = yield* HotTier
      const marketTicker = "KXREFUSED"
      const before = yield* hot.watermark
      const impossible = batch({
        records: [snapshot({ marketTicker, offset: 1 }), delta({ marketTicker, offset: 2, priceE4: 0 })],
        watermark: watermark({ tsReceivedMicros: hourStartMicros * 2 })
      })
      const error = yield* Effect.flip(hot.append(impossible))
      assert.strictEqual(error._tag, "HotTierError")
      assert.strictEqual(error.operation, "append")
      assert.isFalse(error.isRetryable)
      assert.match(error.message, /append: .*records_shape/)
      assert.deepStrictEqual(yield* hot.watermark, before)
      const good = [snapshot({ marketTicker, offset: 1 }), delta({ marketTicker, offset: 2 })]
      yield* hot.append(batch({ records: good }))
      const all = { fromMicros: 0, toMicros: hourStartMicros * 2, afterOffset: 0, recordsMax: 10 }
      assert.deepStrictEqual(yield* hot.records({ marketTicker, ...all }), good)
    })
  )

  it.effect("take new markets from a recorder and from discovery at once, in whatever order each meets them", () =>
    Effect.gen(function* () {
      const hot = yield* HotTier
      const catalog = yield* MarketCatalog
      const tickers = Array.from({ length: 2_000 }, (_, market) => `KXMEET-${market}`)
      const records = tickers.map((marketTicker) => snapshot({ marketTicker, offset: 1 }))
      const markets = tickers.map((ticker) => ({ ticker, body: {}, tsObservedMicros: 1 })).reverse()
      // Two that wait for one another would cost one of them its transaction.
      yield* Effect.all([hot.append(batch({ records })), catalog.observe({ series: [], events: [], markets })], {
        concurrency: "unbounded"
      })
      const page = { entriesMax: tickers.length }
      assert.lengthOf(yield* catalog.markets({ tickers }, page), tickers.length)
    })
  )

  it.effect("let one recorder write a log: whoever goes on where another has gone on already is refused whole", () =>
    Effect.gen(function* () {
      const recorder = Effect.map(Layer.build(Layer.fresh(HotTier.layerNoDeps)), (built) => Context.get(built, HotTier))
      const [one, other] = [yield* recorder, yield* recorder]
      const tickers = ["KXTWO-1", "KXTWO-2", "KXTWO-3"]
      const all = (offset: number, epoch: number) =>
        batch({
          records: tickers.map((marketTicker) =>
            delta({ marketTicker, offset, epoch, tsReceivedMicros: hourStartMicros + offset * 10 + epoch })
          )
        })
      const isRefused = (exit: Exit.Exit<void, unknown>) =>
        Exit.isFailure(exit) && Cause.squash(exit.cause) instanceof OtherWriter
      const both = (offset: number) =>
        Effect.all([Effect.exit(one.append(all(offset, 1))), Effect.exit(other.append(all(offset, 2)))], {
          concurrency: "unbounded"
        })
      for (const offset of [1, 2]) assert.lengthOf((yield* both(offset)).filter(isRefused), 1)
      const third = yield* recorder
      yield* third.append(all(3, 3))
      yield* (yield* recorder).append(all(4, 4))
      // It remembers that the logs end at 3, and may not look again and take what the other has stored for its own.
      assert.isTrue(isRefused(yield* Effect.exit(third.append(all(4, 3)))))
      assert.isTrue(isRefused(yield* Effect.exit(third.append(all(4, 3)))))
      const sql = yield* SqlClient.SqlClient
      const rows = yield* sql`
        select count(*) as records, count(distinct record_offset) as offsets from records join markets using (market_id)
        where ticker = any(${tickers}) group by ticker`
      assert.deepStrictEqual(
        rows,
        tickers.map(() => ({ records: 4, offsets: 4 }))
      )
    }).pipe(Effect.scoped)
  )

  it.effect("keep lifecycle messages whole, and once", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const hot = yield* HotTier
      const message = lifecycle({
        seq: 77,
        body: { market_ticker: "KXL", floor_strike: 1.5, odd: "\u0000 \ud800 \\u0000 \ud83d\ude00" }
      })
      yield* hot.append(batch({ lifecycle: [message, message] }))
      const rows = yield* sql`select ticker, event_type, body from lifecycle where seq = 77`
      assert.deepStrictEqual(rows, [
        {
          ticker: message.ticker,
          event_type: message.eventType,
          body: { market_ticker: "KXL", floor_strike: 1.5, odd: "\ufffd \ufffd \\u0000 \ud83d\ude00" }
        }
      ])
    })
  )

  it.effect("keep a connection that was told when it opened and when it ended, and its first end", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const hot = yield* HotTier
      const opened = connection({ epoch: 9_000, slot: 3 })
      const closed = { ...opened, tsClosedMicros: hourStartMicros + 5, closeCause: "silence" as const }
      const stored = sql`
        select slot, url, source, ts_opened_micros, ts_closed_micros, close_cause from epochs where epoch = 9000`
      const head = { slot: 3, url: opened.url, source: "simulator", ts_opened_micros: hourStartMicros }
      yield* hot.append(batch({ connections: [opened] }))
      assert.deepStrictEqual(yield* stored, [{ ...head, ts_closed_micros: null, close_cause: null }])
      const ended = [{ ...head, ts_closed_micros: hourStartMicros + 5, close_cause: "silence" }]
      const other = { ...closed, tsClosedMicros: hourStartMicros + 9, closeCause: "connection_lost" as const }
      for (const connections of [[opened, closed], [opened], [other], [closed, opened]]) {
        yield* hot.append(batch({ connections }))
        assert.deepStrictEqual(yield* stored, ended)
      }
    })
  )

  it.effect("hold each row once, of every kind, after a batch whose answer was lost is given once more", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const hot = yield* HotTier
      const marketTicker = "KXONCE"
      const records = [
        snapshot({ marketTicker, offset: 1 }),
        gap({ marketTicker, offset: 2 }),
        snapshot({ marketTicker, offset: 3 })
      ]
      const all = batch({
        records,
        keyframes: MarketLogs.keyframesOf(records, 1),
        trades: [trade({ marketTicker, tradeId: "once" })],
        lifecycle: [lifecycle({ seq: 1, epoch: 8_000 })],
        connections: [connection({ epoch: 8_000 })],
        channelGaps: [channelGap({ epoch: 8_000 })],
        watermark: watermark({ epoch: 8_000 })
      })
      const rows = sql`
        select (select count(*) from records join markets using (market_id) where ticker = ${marketTicker}) as records,
               (select count(*) from keyframes join markets using (market_id) where ticker = ${marketTicker}) as keyframes,
               (select count(*) from gaps join markets using (market_id)
                where ticker = ${marketTicker} and end_offset = 3) as gaps,
               (select count(*) from log_heads join markets using (market_id)
                where ticker = ${marketTicker} and record_offset = 3) as heads,
               (select count(*) from trades where trade_id = 'once') as trades,
               (select count(*) from lifecycle where epoch = 8000) as lifecycle,
               (select count(*) from epochs where epoch = 8000) as epochs,
               (select count(*) from channel_gaps where epoch = 8000) as channel_gaps`
      const once = { records: 3, keyframes: 2, gaps: 1, heads: 1, trades: 1, lifecycle: 1, epochs: 1, channel_gaps: 1 }
      for (let times = 0; times < 3; times++) {
        yield* hot.append(all)
        assert.deepStrictEqual(yield* rows, [once])
      }
      // Another recorder, which remembers nothing of it, as after a crash.
      const other = Context.get(yield* Layer.build(Layer.fresh(HotTier.layerNoDeps)), HotTier)
      yield* other.append(all)
      assert.deepStrictEqual(yield* rows, [once])
    }).pipe(Effect.scoped)
  )

  it.effect("know when each log got its first snapshot, for ever", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const hot = yield* HotTier
      const first = (marketTicker: string) => sql`
        select ts_first_snapshot_micros as micros from log_heads join markets using (market_id) where ticker = ${marketTicker}`
      const [one, other] = ["KXFIRST-1", "KXFIRST-2"] as const
      yield* hot.append(
        batch({
          records: [
            snapshot({ marketTicker: one, offset: 1 }),
            delta({ marketTicker: one, offset: 2 }),
            snapshot({ marketTicker: one, offset: 3 }),
            gap({ marketTicker: other, offset: 1 })
          ]
        })
      )
      assert.deepStrictEqual(yield* first(one), [{ micros: hourStartMicros + 1 }])
      assert.deepStrictEqual(yield* first(other), [{ micros: null }])
      const more = [one, other].map((marketTicker) => snapshot({ marketTicker, offset: 4 }))
      const between = [2, 3].map((offset) => gap({ marketTicker: other, offset }))
      yield* hot.append(batch({ records: [...between, ...more] }))
      assert.deepStrictEqual(yield* first(one), [{ micros: hourStartMicros + 1 }])
      assert.deepStrictEqual(yield* first(other), [{ micros: hourStartMicros + 4 }])
    })
  )

  it.effect("note when and why a connection ended, the first time", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const epochs = yield* Epochs
      const epoch = yield* epochs.open({ url: "ws://x", source: "kalshi", tsOpenedMicros: hourStartMicros })
      yield* epochs.close(epoch, hourStartMicros + 5, "silence")
      yield* epochs.close(epoch, hourStartMicros + 9, "connection_lost")
      const rows =
        yield* sql`select url, source, ts_opened_micros, ts_closed_micros, close_cause from epochs where epoch = ${epoch}`
      assert.deepStrictEqual(rows, [
        {
          url: "ws://x",
          source: "kalshi",
          ts_opened_micros: hourStartMicros,
          ts_closed_micros: hourStartMicros + 5,
          close_cause: "silence"
        }
      ])
    })
  )

  it.effect("are asked with the values at hand, and answer whole numbers up to 2^53 as numbers", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const [row] = yield* sql`
        select current_setting('plan_cache_mode') as plan_cache_mode, ${Number.MAX_SAFE_INTEGER} as greatest,
               -9007199254740991::bigint as least, array[1, null, 4294967296]::bigint[] as several`
      assert.deepStrictEqual(row, {
        plan_cache_mode: "force_custom_plan",
        greatest: Number.MAX_SAFE_INTEGER,
        least: Number.MIN_SAFE_INTEGER,
        several: [1, null, 2 ** 32]
      })
      const error = yield* Effect.flip(sql`select 9007199254740993::bigint as beyond`)
      assert.match(String(error.reason.cause), /not a whole number within 2\^53/)
    })
  )

  it.effect("are closed to everyone but their owner, and say what they are", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const hot = yield* HotTier
      yield* hot.append(batch({ records: [snapshot({ marketTicker: "KXRLS", offset: 1 })] }))
      const tables = yield* sql<{
        name: string
        relrowsecurity: boolean
        comment: string | null
        ispartition: boolean
      }>`
        select relname as name, relrowsecurity, relispartition as ispartition, obj_description(oid, 'pg_class') as comment
        from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')`
      assert.isTrue(tables.some((table) => table.ispartition))
      assert.deepStrictEqual(
        tables.filter((table) => !table.relrowsecurity),
        []
      )
      assert.deepStrictEqual(
        tables.filter((table) => !table.ispartition && table.comment === null),
        []
      )
    })
  )

  it.effect("make an hour's partition once, however many ask for it at once", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const ensure = sql`select ensure_hour(${hourStartMicros + 40 * 3_600_000_000})`
      yield* Effect.all(
        Array.from({ length: 6 }, () => ensure),
        { concurrency: 6 }
      )
      assert.strictEqual((yield* sql`select from pg_class where relname = 'records_2026112403'`).length, 1)
      const error = yield* Effect.flip(sql`select ensure_hour(${hourStartMicros + 1})`)
      assert.match(String(error.reason.cause), /not the beginning of a UTC hour/)
    })
  )
}
