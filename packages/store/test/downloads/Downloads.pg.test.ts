import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { gunzipSync, inflateRawSync } from "node:zlib"
import { assert, layer } from "@effect/vitest"
import * as Book from "@kalshibook/core/Book"
import { hourMicros } from "@kalshibook/core/cold/SegmentKeys"
import * as HftbacktestEvents from "@kalshibook/core/export/HftbacktestEvents"
import * as Replay from "@kalshibook/core/Replay"
import { dollarE4 } from "@kalshibook/core/Units"
import { Segments } from "@kalshibook/store/cold/Segments"
import type { DownloadPart } from "@kalshibook/store/downloads/DownloadPart"
import { type DownloadSettings, defaults } from "@kalshibook/store/downloads/DownloadSettings"
import { Downloads } from "@kalshibook/store/downloads/Downloads"
import { MarketCatalog } from "@kalshibook/store/MarketCatalog"
import { ObjectStore } from "@kalshibook/store/objects/ObjectStore"
import { Context, Effect, Layer, Option, Stream } from "effect"
import { SqlClient } from "effect/sql"
import { parquetReadObjects } from "hyparquet"
import { compressors } from "hyparquet-compressors"
import * as PgTest from "../PgTest.ts"
import { ended, request } from "./Asked.ts"
import { dayMicros, hours, logs, seal, tickers, trades } from "./SealedDay.ts"

/** Where the test's objects lie. */
class Folder extends Context.Service<Folder, string>()("Folder") {}

const folder = Layer.effect(Folder, PgTest.temporaryFolder)
const objects = Layer.unwrap(
  Effect.map(Folder, (path) =>
    ObjectStore.layerFolder({ folder: path, baseUrl: "http://localhost/v1/objects", secret: Option.none() })
  )
)
const stores = Layer.mergeAll(objects, Segments.layerNoDeps, MarketCatalog.layerNoDeps).pipe(
  Layer.provideMerge(folder),
  Layer.provideMerge(PgTest.layer)
)
const sealed = Layer.effectDiscard(seal).pipe(Layer.provideMerge(stores))

const settingsWith = (some: Partial<DownloadSettings> = {}) =>
  Effect.map(PgTest.temporaryFolder, (path): DownloadSettings => ({ ...defaults, folder: path, ...some }))

const downloads = Layer.unwrap(Effect.map(settingsWith(), Downloads.layerNoDeps))

const bytesOf = Effect.fnUntraced(function* ({ bytes, key, sha256 }: DownloadPart) {
  const store = yield* ObjectStore
  const read = yield* store.get(key)
  const head = yield* store.head(key)
  assert.strictEqual(read.length, bytes)
  assert.deepStrictEqual(
    Option.flatMap(head, (known) => known.sha256),
    Option.some(sha256)
  )
  return read
})

const tableOf = Effect.fnUntraced(function* (part: DownloadPart) {
  const bytes = yield* bytesOf(part)
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer
  return yield* Effect.promise(() => parquetReadObjects({ file, compressors }))
})

/** What an engine's book must be at a moment by the receive clock. */
const bookAt = (ticker: string, atMicros: number): Readonly<Record<string, number>> => {
  const replay = Replay.make()
  Replay.applyUntil(replay, logs.get(ticker) ?? [], atMicros, "received")
  if (replay.trust._tag !== "trusted") return {}
  const { no, yes } = Book.levels(replay.book)
  return Object.fromEntries([
    ...yes.map(({ priceE4, sizeE2 }) => [`bid ${priceE4}`, sizeE2] as const),
    ...no.map(({ priceE4, sizeE2 }) => [`ask ${dollarE4 - priceE4}`, sizeE2] as const)
  ])
}

/** Applies changes up to each record's time and compares. */
const assertBooks = (
  ticker: string,
  changes: ReadonlyArray<{ readonly micros: number; readonly apply: (book: Map<string, number>) => void }>,
  [fromMicros, toMicros]: readonly [number, number]
): void => {
  const moments = (logs.get(ticker) ?? []).map((record) => record.tsReceivedMicros)
  const book = new Map<string, number>()
  let next = 0
  for (const micros of [fromMicros, ...moments.filter((one) => one >= fromMicros && one < toMicros)]) {
    for (; next < changes.length && (changes[next]?.micros ?? 0) <= micros; next++) changes[next]?.apply(book)
    const levels = Object.fromEntries([...book].filter(([, sizeE2]) => sizeE2 > 0))
    assert.deepStrictEqual(levels, bookAt(ticker, micros), `${ticker} at ${micros}`)
  }
}

const some = [tickers[0] ?? "", tickers[2] ?? ""]
const e4 = (price: unknown) => Math.round(Number(price) * 10_000)
const e2 = (size: unknown) => Math.round(Number(size) * 100)

layer(downloads.pipe(Layer.provideMerge(sealed)), { excludeTestServices: true, timeout: 60_000 })("Downloads", (it) => {
  it.effect("gives whole hours as the sealed files that they are, at once, and says so beforehand", () =>
    Effect.gen(function* () {
      const service = yield* Downloads
      const quote = yield* service.quote(request())
      const made = yield* service.create(request())
      assert.deepStrictEqual([made.state, made.daysDone, made.daysTotal], ["done", 1, 1])
      assert.strictEqual(made.parts.length, 3 * hours)
      for (const part of made.parts) {
        assert.match(part.key, /^v1\//)
        yield* bytesOf(part)
      }
      const bytes = made.parts.reduce((sum, part) => sum + part.bytes, 0)
      const rows = made.parts.reduce((sum, part) => sum + part.rows, 0)
      assert.deepStrictEqual(quote, { id: made.id, files: 3 * hours, rows, bytes, isExact: true })
      assert.strictEqual((yield* service.create(request())).id, made.id)
      assert.notStrictEqual((yield* service.create(request({ kinds: ["records"] }))).id, made.id)
    })
  )

  it.effect("carves the rows of some markets and nothing else, in each table format", () =>
    Effect.gen(function* () {
      const asked = request({ tickers: some, kinds: ["records", "trades"] })
      const parquet = yield* ended(asked)
      assert.strictEqual(parquet.state, "done", parquet.reason ?? "")
      const names = parquet.parts.map((part) => part.file_name)
      assert.deepStrictEqual(names, ["records_2026-11-26T00-03.parquet", "trades_2026-11-26T00-03.parquet"])
      const [records, tradeRows] = yield* Effect.forEach(parquet.parts, tableOf)
      assert.deepStrictEqual(new Set(records?.map((row) => row.market_ticker)), new Set(some))
      assert.strictEqual(records?.length, parquet.parts[0]?.rows)
      const sealedRows = (yield* Effect.forEach((yield* (yield* Downloads).create(request())).parts, tableOf)).flat()
      assert.deepStrictEqual(
        [...(records ?? []), ...(tradeRows ?? [])],
        sealedRows
          .filter((row) => some.includes(row.market_ticker))
          .toSorted((one, other) => Number("trade_id" in one) - Number("trade_id" in other))
      )
      const csv = yield* ended({ ...asked, format: "csv" })
      const [head, ...lines] = gunzipSync(yield* bytesOf(csv.parts[0] as DownloadPart))
        .toString()
        .trimEnd()
        .split("\n")
      assert.match(head ?? "", /^market_ticker,record_offset,kind,ts_received,/)
      assert.strictEqual(lines.length, records?.length)
      assert.include(lines[0], `${some[0]},1,snapshot,2026-11-26T00:00:01.000000Z,,1,1,1,yes,0.3000,,10.00`)
      const ndjson = yield* ended({ ...asked, format: "ndjson" })
      const json = gunzipSync(yield* bytesOf(ndjson.parts[1] as DownloadPart))
        .toString()
        .trimEnd()
        .split("\n")
      assert.strictEqual(json.length, trades.filter(({ marketTicker }) => some.includes(marketTicker)).length)
      assert.include(JSON.parse(json[0] ?? ""), {
        market_ticker: some[0],
        yes_price: "0.3500",
        size: "0.50",
        ts_received: "2026-11-26T00:00:05.000000Z",
        is_filled: false
      })
    })
  )

  it.effect("gives each engine the log's books, hour after hour, and its trades", () =>
    Effect.gen(function* () {
      const range = [dayMicros + hourMicros, dayMicros + hours * hourMicros] as const
      const asked = request({ tickers: some, fromMicros: range[0] })
      const partOf = (parts: ReadonlyArray<DownloadPart>, ticker: string, kind: string): DownloadPart =>
        parts.find((part) => part.market_ticker === ticker && part.kind === kind) ?? assert.fail(`${kind} of ${ticker}`)
      const tardis = yield* ended({ ...asked, format: "tardis" })
      const nautilus = yield* ended({ ...asked, format: "nautilus" })
      const hftbacktest = yield* ended({ ...asked, format: "hftbacktest" })
      for (const ticker of some) {
        const text = gunzipSync(yield* bytesOf(partOf(tardis.parts, ticker, "records"))).toString()
        const lines = text
          .trimEnd()
          .split("\n")
          .slice(1)
          .map((line) => line.split(","))
        const ofTardis = lines.map(([, , , local, , side, price, amount]) => ({
          micros: Number(local),
          apply: (book: Map<string, number>) => void book.set(`${side} ${e4(price)}`, e2(amount))
        }))
        assertBooks(ticker, ofTardis, range)
        const traded = gunzipSync(yield* bytesOf(partOf(tardis.parts, ticker, "trades"))).toString()
        const expected = trades.filter((one) => one.marketTicker === ticker && one.tsReceivedMicros >= range[0])
        assert.strictEqual(traded.trimEnd().split("\n").length - 1, expected.length)

        const rows = yield* tableOf(partOf(nautilus.parts, ticker, "records"))
        const micros = (nanos: bigint) => Number(nanos / 1_000n)
        const value = (bytes: Uint8Array, unit: bigint) =>
          Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true) / unit)
        const ofNautilus = rows.map((row) => ({
          micros: micros(row.ts_init),
          apply: (book: Map<string, number>) => {
            if (row.action === 4) return book.clear()
            const level = `${row.side === 1 ? "bid" : "ask"} ${value(row.price, 10n ** 12n)}`
            book.set(level, row.action === 3 ? 0 : value(row.size, 10n ** 14n))
          }
        }))
        assertBooks(ticker, ofNautilus, range)
        assert.strictEqual(partOf(nautilus.parts, ticker, "trades").rows, expected.length)

        const npz = yield* bytesOf(partOf(hftbacktest.parts, ticker, "records"))
        assertBooks(ticker, eventsOf(npz), range)
      }
      assert.strictEqual(nautilus.parts.length, 2 * 3)
      assert.strictEqual(hftbacktest.parts.length, 2)
    })
  )

  it.effect("answers the same question with the same objects, and makes none for a quote", () =>
    Effect.gen(function* () {
      const service = yield* Downloads
      const store = yield* ObjectStore
      const asked = request({ tickers: [tickers[1] ?? ""], format: "tardis" })
      const quote = yield* service.quote(asked)
      assert.deepStrictEqual([quote.files, quote.isExact], [2, false])
      assert.strictEqual(yield* Effect.map(Stream.runCollect(store.list("downloads/")), ofTicker(tickers[1] ?? "")), 0)
      const first = yield* ended(asked)
      const again = yield* ended(asked)
      assert.deepStrictEqual(again.parts, first.parts)
      const signed = yield* service.sign(first.parts)
      assert.match(signed[0]?.url ?? "", /^http:\/\/localhost\/v1\/objects\/downloads\/dl_[0-9a-f]{32}\//)
    })
  )

  it.effect("is taken up by another process when the one that worked on it has died", () =>
    Effect.gen(function* () {
      const service = yield* Downloads
      const sql = yield* SqlClient.SqlClient
      const asked = request({ tickers: [tickers[0] ?? ""], format: "tardis", kinds: ["records"] })
      const { id } = yield* service.create(asked)
      const leased = (untilMicros: number) => sql`
        update downloads set state = 'running', lease_owner = 'dead', lease_until_micros = ${untilMicros} where id = ${id}`
      yield* leased(4_000_000_000_000_000)
      yield* service.work.pipe(Effect.timeoutOption(300))
      assert.strictEqual((yield* service.get(id)).state, "running", "its lease is respected")
      yield* leased(1)
      assert.strictEqual((yield* ended(asked)).state, "done")
    })
  )

  it.effect("waits on when its worker is stopped in an orderly way", () =>
    Effect.gen(function* () {
      const service = yield* Downloads
      const { id } = yield* service.create(request({ tickers: some, format: "hftbacktest", kinds: ["records"] }))
      yield* service.work.pipe(Effect.timeoutOption(30))
      assert.include(["queued", "done"], (yield* service.get(id)).state)
    })
  )

  it.effect("refuses what is too large before it begins, and what is not sealed", () =>
    Effect.gen(function* () {
      const small = Layer.unwrap(Effect.map(settingsWith({ carvedRowsMax: 10 }), Downloads.layerNoDeps))
      const tooLarge = yield* Effect.flatMap(Downloads, (service) => service.create(request({ tickers: some }))).pipe(
        Effect.provide(small),
        Effect.flip
      )
      assert.include(tooLarge.message, "rows; a download is made of at most 10")
      const service = yield* Downloads
      const before = request({ fromMicros: dayMicros - hourMicros, toMicros: dayMicros })
      assert.include((yield* Effect.flip(service.create(before))).message, "Nothing of this is sealed")
      assert.include((yield* Effect.flip(service.get("dl_none"))).message, "no download of this id")
    })
  )

  it.effect("forgets what has expired, with the objects that were made for it, and never a sealed one", () =>
    Effect.gen(function* () {
      const service = yield* Downloads
      const sql = yield* SqlClient.SqlClient
      const store = yield* ObjectStore
      const carved = yield* ended(request({ tickers: [tickers[2] ?? ""], kinds: ["trades"] }))
      const signed = yield* service.create(request())
      yield* sql`update downloads set ts_expires_micros = 1 where id in (${carved.id}, ${signed.id})`
      assert.strictEqual(yield* service.sweep, 2)
      assert.include((yield* Effect.flip(service.get(carved.id))).message, "no download of this id")
      assert.isTrue(Option.isNone(yield* store.head(carved.parts[0]?.key ?? "")))
      for (const { key } of signed.parts) assert.isTrue(Option.isSome(yield* store.head(key)))
    })
  )

  it.effect("fails with the reason when a sealed file is not what its manifest says", () =>
    Effect.gen(function* () {
      const service = yield* Downloads
      const [part] = (yield* service.create(request({ kinds: ["trades"] }))).parts
      const path = join(yield* Folder, part?.key ?? "")
      const bytes = readFileSync(path)
      bytes[40] = (bytes[40] ?? 0) ^ 1
      writeFileSync(path, bytes)
      const failed = yield* ended(request({ tickers: [tickers[1] ?? ""], kinds: ["trades"], format: "csv" }))
      assert.strictEqual(failed.state, "failed")
      assert.include(failed.reason ?? "", part?.key ?? "?")
    })
  )
})

const ofTicker = (ticker: string) => (listed: ReadonlyArray<{ readonly key: string }>) =>
  listed.filter(({ key }) => key.includes(ticker)).length

/** The events that are seen here, read from an archive by its published layout. */
const eventsOf = (npz: Uint8Array) => {
  const zip = Buffer.from(npz)
  const nameBytes = zip.readUInt16LE(26)
  assert.strictEqual(zip.toString("latin1", 30, 30 + nameBytes), "data.npy")
  const npy = inflateRawSync(zip.subarray(30 + nameBytes, 30 + nameBytes + zip.readUInt32LE(18)))
  const first = 10 + npy.readUInt16LE(8)
  return Array.from({ length: (npy.length - first) / HftbacktestEvents.eventBytes }, (_, at) => {
    const from = first + at * HftbacktestEvents.eventBytes
    const ev = npy.readUInt32LE(from)
    const side = ev & HftbacktestEvents.buyEvent ? "bid" : "ask"
    const priceE4 = e4(npy.readDoubleLE(from + 24))
    return {
      isLocal: (ev & HftbacktestEvents.localEvent) !== 0,
      micros: Number(npy.readBigInt64LE(from + 16) / 1_000n),
      apply: (book: Map<string, number>) => {
        if (ev % 8 === HftbacktestEvents.tradeEvent) return
        if (ev % 8 !== HftbacktestEvents.depthClearEvent) {
          book.set(`${side} ${priceE4}`, e2(npy.readDoubleLE(from + 32)))
          return
        }
        for (const level of book.keys()) {
          const [ofSide, price] = level.split(" ")
          const isWithin = side === "bid" ? Number(price) >= priceE4 : Number(price) <= priceE4
          if (ofSide === side && isWithin) book.delete(level)
        }
      }
    }
  }).filter(({ isLocal }) => isLocal)
}
