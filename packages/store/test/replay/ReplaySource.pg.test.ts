/** Random logs over several hours, of which some are sealed and pruned: a replay tells all of them, once, in the order of receipt. */
import { assert, layer } from "@effect/vitest"
import * as Book from "@kalshibook/core/Book"
import type { BookRecord } from "@kalshibook/core/BookRecord"
import { hourMicros } from "@kalshibook/core/cold/SegmentKeys"
import * as Replay from "@kalshibook/core/Replay"
import type { ReplayEntry } from "@kalshibook/core/ReplayEntry"
import { ChannelGaps } from "@kalshibook/store/ChannelGaps"
import { HotTier } from "@kalshibook/store/HotTier"
import { LifecycleLog } from "@kalshibook/store/LifecycleLog"
import { ReceivedTrades } from "@kalshibook/store/ReceivedTrades"
import { type ReplayQuery, ReplaySource } from "@kalshibook/store/replay/ReplaySource"
import { Effect, Layer } from "effect"
import fc from "fast-check"
import { batch, channelGap, hourStartMicros, lifecycle, snapshot, trade, watermark } from "../Batch.ts"
import * as SealedWorld from "../cold/SealedWorld.ts"
import * as TwoTiers from "../cold/TwoTiers.ts"
import * as MarketLogs from "../MarketLogs.ts"
import { property } from "../PropertyEffect.ts"

const runs = 2
const hoursPerRun = 4
const logStartMicros = 8 * hourMicros
/** Small, so that hours are read in parts, logs in pages, and what is told in many pieces. */
const limits = { rowsMax: 40, recordsAheadMax: 1, entriesMax: 5 }

const world = fc.record({
  logs: fc.array(MarketLogs.log, { minLength: 2, maxLength: 5 }),
  sealed: fc.nat(hoursPerRun),
  pruned: fc.nat(hoursPerRun),
  late: fc.nat(4),
  traded: fc.array(fc.tuple(fc.nat(4), fc.nat(hoursPerRun * 3_600 - 1)), { maxLength: 12 }),
  told: fc.array(fc.nat(hoursPerRun * 3_600 - 1), { maxLength: 8 }),
  fromSeconds: fc.nat(hoursPerRun * 3_600),
  seekSeconds: fc.nat(3_600),
  lastSeconds: fc.nat(hoursPerRun * 3_600)
})

const moved = (records: ReadonlyArray<BookRecord>, marketTicker: string, micros: number) =>
  records.map(
    (record): BookRecord => ({
      ...record,
      marketTicker,
      tsReceivedMicros: record.tsReceivedMicros + micros,
      tsExchangeMicros: record.tsExchangeMicros === null ? null : record.tsExchangeMicros + micros,
      ...(record.kind === "gap" ? { tsDetectedMicros: record.tsDetectedMicros + micros } : {})
    })
  )

const kinds = ["channel_gap", "trade", "lifecycle"]

/** The order that a replay promises, written down apart from it. */
const byPromise = (left: ReplayEntry, right: ReplayEntry): number => {
  const [one, other] = [left, right].map((entry) => ({
    place: kinds.indexOf(entry.kind),
    name: "marketTicker" in entry ? entry.marketTicker : entry.kind === "trade" ? entry.trade.tradeId : "",
    number: "marketTicker" in entry ? entry.offset : entry.kind === "lifecycle" ? entry.message.seq : 0
  })) as [{ place: number; name: string; number: number }, { place: number; name: string; number: number }]
  return (
    left.tsReceivedMicros - right.tsReceivedMicros ||
    one.place - other.place ||
    (one.name < other.name ? -1 : one.name > other.name ? 1 : 0) ||
    one.number - other.number
  )
}

const readAll = Effect.fnUntraced(function* (query: ReplayQuery) {
  const source = yield* ReplaySource
  const reader = yield* source.open(query)
  const entries: Array<ReplayEntry> = []
  while (true) {
    const some = yield* reader.next
    if (some === undefined) return { books: reader.books, entries }
    assert.isAtMost(some.length, limits.entriesMax)
    entries.push(...some)
  }
})

const plainBefore = (log: ReadonlyArray<BookRecord>, beforeMicros: number): Replay.Replay => {
  const replay = Replay.make()
  for (const record of log) if (record.tsReceivedMicros < beforeMicros) Replay.apply(replay, record)
  return replay
}

const testLayer = ReplaySource.layerOf(limits).pipe(
  Layer.provide([ReceivedTrades.layerNoDeps, LifecycleLog.layerNoDeps, ChannelGaps.layerNoDeps]),
  Layer.provideMerge(TwoTiers.layer())
)

layer(testLayer, { excludeTestServices: true, timeout: 60_000 })("ReplaySource over both tiers", (it) => {
  it.effect(
    "tells every record, trade and message once, in the order of receipt, from any moment on, wherever they are stored",
    () =>
      Effect.gen(function* () {
        const hot = yield* HotTier
        const { path } = yield* TwoTiers.Folder
        const sealing = yield* SealedWorld.make(path)
        let runCount = 0

        yield* property(fc.noShrink(world), runs, (drawn) =>
          Effect.gen(function* () {
            const run = runCount++
            const startMicros = hourStartMicros + run * hoursPerRun * hourMicros
            const endMicros = startMicros + hoursPerRun * hourMicros
            const hourAt = (index: number) => startMicros + index * hourMicros
            const end = watermark({ tsReceivedMicros: endMicros - 1 })
            const tickers = drawn.logs.map((_, market) => `KXREPLAY${run}-${market}`)
            const logs = new Map(
              drawn.logs.map((log, market) => [
                tickers[market] as string,
                moved(log, tickers[market] as string, startMicros - logStartMicros).filter(
                  (record) => record.tsReceivedMicros < endMicros
                )
              ])
            )
            const trades = drawn.traded.map(([market, seconds], index) =>
              trade({
                marketTicker: tickers[market % tickers.length] as string,
                tradeId: `${run}-${index}`,
                tsExchangeMicros: startMicros + seconds * 1_000_000,
                tsReceivedMicros: startMicros + seconds * 1_000_000,
                seq: index
              })
            )
            const messages = drawn.told.map((seconds, index) =>
              lifecycle({ epoch: run + 1, seq: index, tsReceivedMicros: startMicros + seconds * 1_000_000 })
            )
            const hole = channelGap({ epoch: run + 1, tsFromMicros: startMicros + 4_000_000_000 })
            for (const log of logs.values()) {
              yield* hot.append(batch({ records: log, keyframes: MarketLogs.keyframesOf(log, 7), watermark: end }))
            }
            yield* hot.append(batch({ trades, lifecycle: messages, channelGaps: [hole], watermark: end }))
            // In the last hour something is recorded, so that there is a next one.
            const newest = snapshot({ marketTicker: `KXLAST${run}`, offset: 1, tsReceivedMicros: endMicros - 1 })
            logs.set(newest.marketTicker, [newest])
            tickers.push(newest.marketTicker)
            yield* hot.append(batch({ records: [newest], watermark: end }))
            const unended = { ...hole, tsFilledMicros: null, entriesFilled: null }

            const check = (what: string) =>
              Effect.gen(function* () {
                const union: Array<ReplayEntry> = [
                  ...[...logs.values()].flat(),
                  ...trades.map((each) => ({
                    kind: "trade" as const,
                    tsReceivedMicros: each.tsReceivedMicros,
                    trade: each
                  })),
                  ...messages.map((message) => ({
                    kind: "lifecycle" as const,
                    tsReceivedMicros: message.tsReceivedMicros,
                    message
                  })),
                  { kind: "channel_gap" as const, tsReceivedMicros: hole.tsFromMicros, gap: unended }
                ].sort(byPromise)
                const fromMicros = startMicros + drawn.fromSeconds * 1_000_000
                const toMicros = Math.min(endMicros, fromMicros + drawn.lastSeconds * 1_000_000)
                const query = { books: tickers, trades: tickers, lifecycle: true, fromMicros, toMicros }
                const within = (from: number) =>
                  union.filter((entry) => entry.tsReceivedMicros >= from && entry.tsReceivedMicros < toMicros)

                const whole = yield* Effect.orDie(readAll(query))
                assert.deepStrictEqual(whole.entries, within(fromMicros), what)

                const folded = new Map<string, Replay.Replay>(
                  whole.books.map(({ book, last, marketTicker, trust }) => [
                    marketTicker,
                    { ...Replay.make(), book, last, trust }
                  ])
                )
                for (const entry of whole.entries) {
                  if (!("marketTicker" in entry)) continue
                  const replay = folded.get(entry.marketTicker) ?? Replay.make()
                  folded.set(entry.marketTicker, replay)
                  Replay.apply(replay, entry)
                }
                for (const [ticker, log] of logs) {
                  const plain = plainBefore(log, toMicros)
                  const replay = folded.get(ticker) ?? Replay.make()
                  assert.strictEqual(Book.hash(replay.book), Book.hash(plain.book), `${what}: ${ticker}`)
                  assert.deepStrictEqual(replay.trust, plain.trust, `${what}: ${ticker}`)
                }

                const seekMicros = Math.min(toMicros, fromMicros + drawn.seekSeconds * 1_000_000)
                const sought = yield* Effect.orDie(readAll({ ...query, fromMicros: seekMicros }))
                assert.deepStrictEqual(sought.entries, within(seekMicros), `${what}, sought`)
                for (const { book, marketTicker, trust } of sought.books) {
                  const plain = plainBefore(logs.get(marketTicker) ?? [], seekMicros)
                  assert.strictEqual(Book.hash(book), Book.hash(plain.book), `${what}, sought: ${marketTicker}`)
                  assert.deepStrictEqual(trust, plain.trust, `${what}, sought: ${marketTicker}`)
                }

                const everything = yield* Effect.orDie(
                  readAll({ ...query, books: "all", trades: "all", lifecycle: false })
                )
                const own = new Set(tickers)
                assert.deepStrictEqual(
                  everything.entries.filter((entry) => "marketTicker" in entry && own.has(entry.marketTicker)),
                  within(fromMicros).filter((entry) => "marketTicker" in entry),
                  `${what}, all markets`
                )
              })

            const wholeLogs = { logs, trades, lifecycle: messages }
            yield* check("hot")
            const prunedCount = Math.min(drawn.pruned, drawn.sealed, hoursPerRun - 2)
            for (let hour = 0; hour < drawn.sealed; hour++) yield* sealing.seal(wholeLogs, hourAt(hour))
            for (let hour = 0; hour < prunedCount; hour++) yield* sealing.prune(hourAt(hour))
            yield* check("some hours sealed")
            const ticker = tickers[drawn.late % tickers.length] as string
            const log = logs.get(ticker) ?? []
            if (log.length > 0) {
              const gap = SealedWorld.lateGap(log, endMicros)
              if (gap.tsReceivedMicros < endMicros) {
                logs.set(ticker, [...log, gap])
                yield* hot.append(batch({ records: [gap], watermark: end }))
              }
            }
            yield* check("some waiting to be sealed again")
            for (let hour = 0; hour < hoursPerRun; hour++) yield* sealing.seal(wholeLogs, hourAt(hour))
            for (let hour = 0; hour < hoursPerRun; hour++) yield* sealing.prune(hourAt(hour))
            yield* check("all sealed and pruned")
          })
        )
      }).pipe(Effect.scoped),
    600_000
  )
})
