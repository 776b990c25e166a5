/**
 * A recorder that records from our replay, as if it were the exchange, has the same books as the one that recorded the exchange: change by
 * change, and by their hashes.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Book from "@kalshibook/core/Book"
import type { BookRecord, DeltaRecord } from "@kalshibook/core/BookRecord"
import * as Replay from "@kalshibook/core/Replay"
import { isoFromMicros, microsFromIso } from "@kalshibook/core/Units"
import { HotTier } from "@kalshibook/store/HotTier"
import { Context, Effect, Option } from "effect"
import * as KalshiStation from "./KalshiStation.ts"

const logsOf = (hot: HotTier["Service"]) => Effect.orDie(readLogs(hot))

const readLogs = Effect.fnUntraced(function* (hot: HotTier["Service"]) {
  const logs = new Map<string, ReadonlyArray<BookRecord>>()
  for (const { marketTicker } of yield* hot.heads) {
    const records = yield* hot.records({
      marketTicker,
      fromMicros: 0,
      toMicros: Number.MAX_SAFE_INTEGER,
      afterOffset: 0,
      recordsMax: 1_000_000
    })
    logs.set(marketTicker, records)
  }
  return logs
})

/** What a change of a book is, apart from where and when it was received. */
const changeOf = ({ deltaE2, priceE4, side, tsExchangeMicros }: DeltaRecord) =>
  [side, priceE4, deltaE2, tsExchangeMicros] as const

const changesOf = (log: ReadonlyArray<BookRecord>) =>
  log.filter((record): record is DeltaRecord => record.kind === "delta").map(changeOf)

const hashOf = (log: ReadonlyArray<BookRecord>): string => {
  const replay = Replay.make()
  for (const record of log) Replay.apply(replay, record)
  return Book.hash(replay.book)
}

const isKnownAt = (log: ReadonlyArray<BookRecord>, micros: number): boolean => {
  const replay = Replay.make()
  Replay.applyUntil(replay, log, micros, "received")
  return replay.trust._tag === "trusted"
}

describe("a recorder of the replay", () => {
  it.live(
    "records the books that the recorder of the exchange recorded, change by change",
    () =>
      Effect.gen(function* () {
        const { collector, exchange, key, stop, stored, url } = yield* KalshiStation.start()
        const hot = Context.get(stored, HotTier)
        const open = [...exchange.exchange.markets.values()].filter(({ status }) => status === "active").length
        yield* KalshiStation.until(Effect.map(collector.status, (status) => status.marketsByState.live >= open))
        yield* Effect.sleep("400 millis")
        const mark = Option.getOrThrow(yield* hot.watermark)
        const fromMicros = mark.tsReceivedMicros
        yield* Effect.sleep("1500 millis")
        yield* stop
        const source = yield* logsOf(hot)
        // Up to the first hole behind the beginning: that of the stop, or one before it.
        const holes = [...source.values()].flat().filter(({ kind }) => kind === "gap")
        const toMicros = Math.min(
          ...holes.map(({ tsReceivedMicros }) => tsReceivedMicros).filter((micros) => micros > fromMicros)
        )
        const known = [...source.values()].filter((log) => isKnownAt(log, fromMicros)).length

        const address = `${isoFromMicros(fromMicros)},to=${isoFromMicros(toMicros)}`
        const base = `${url}/replay/${address}`
        const control = (action: string) =>
          Effect.promise(() =>
            fetch(`${base}/${action}`, { method: "POST", headers: { "X-API-Key": key } }).then(
              (answer) => answer.json() as Promise<{ readonly now: string }>
            )
          )
        // The clock stands still until the recorder has all books: at this moment, which is told first.
        const { now } = yield* control("pause")
        const beginMicros = Option.getOrThrow(microsFromIso(now))
        const copies = yield* KalshiStation.emptyStores
        const place = {
          restUrl: `${base}/trade-api/v2`,
          wsUrl: `${base.replace("http", "ws")}/trade-api/ws/v2`,
          keyId: key
        }
        const copying = yield* KalshiStation.record(place, copies)
        yield* KalshiStation.until(
          Effect.map(copying.collector.status, (status) => status.marketsByState.live >= known)
        )
        yield* control("speed?value=max")
        yield* control("resume")
        // At its end the replay closes the connection, which the recorder writes down.
        const copied = Context.get(copies, HotTier)
        yield* KalshiStation.until(
          Effect.map(logsOf(copied), (logs) =>
            [...logs.values()].every((log) => log.some(({ kind }) => kind === "gap"))
          )
        )
        yield* copying.stop

        let changes = 0
        const logs = yield* logsOf(copied)
        assert.isAtLeast(logs.size, known)
        for (const [ticker, log] of logs) {
          const original = (source.get(ticker) ?? []).filter(({ tsReceivedMicros }) => tsReceivedMicros < toMicros)
          const own = log.slice(
            0,
            log.findIndex(({ kind }) => kind === "gap")
          )
          const within = original.filter(({ tsReceivedMicros }) => tsReceivedMicros > beginMicros)
          assert.strictEqual(own[0]?.kind, "snapshot", ticker)
          assert.deepStrictEqual(changesOf(own), changesOf(within), ticker)
          assert.strictEqual(hashOf(own), hashOf(original), ticker)
          changes += changesOf(own).length
        }
        assert.isAbove(changes, 50)
      }).pipe(Effect.scoped),
    120_000
  )
})
