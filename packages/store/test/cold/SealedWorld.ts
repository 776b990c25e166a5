/**
 * Hours sealed by the plainest means, for tests of reading: the rows of an hour from whole logs by the definition of the fold, into
 * Parquet by SQL, into a folder, and committed. What the archiver does must come to the same.
 */
import { createHash } from "node:crypto"
import { readFile, stat } from "node:fs/promises"
import { join } from "node:path"
import * as Book from "@kalshibook/core/Book"
import type { BookLevels, BookRecord, GapRecord } from "@kalshibook/core/BookRecord"
import type { ManifestFile, ManifestMarket } from "@kalshibook/core/cold/Manifest"
import { type SegmentKind, segmentColumns } from "@kalshibook/core/cold/SegmentColumns"
import { fileKey, hourMicros, hourOf, manifestKey, type SegmentSpan } from "@kalshibook/core/cold/SegmentKeys"
import * as Replay from "@kalshibook/core/Replay"
import type { LifecycleRecord, TradeRecord } from "@kalshibook/core/TradeRecord"
import * as DuckDb from "@kalshibook/store/cold/DuckDb"
import { SegmentMarks } from "@kalshibook/store/cold/SegmentMarks"
import { Segments } from "@kalshibook/store/cold/Segments"
import { ObjectStore } from "@kalshibook/store/objects/ObjectStore"
import { Effect, Option } from "effect"
import { SqlClient } from "effect/sql"

/** All that there is of some markets, whichever tier has it. */
export interface WholeLogs {
  readonly logs: ReadonlyMap<string, ReadonlyArray<BookRecord>>
  readonly trades: ReadonlyArray<TradeRecord>
  readonly lifecycle?: ReadonlyArray<LifecycleRecord>
}

/** Small, so that several markets share a file and several files an hour. */
const marketsPerFile = 2
const rowGroupRows = 2_048

type Row = ReadonlyArray<string>

const nothing = "NULL"
const text = (value: string): string => DuckDb.quoted(value)
const micros = (value: number | null): string => (value === null ? nothing : `make_timestamptz(${value})`)
const decimal = (value: number, digits: number): string => {
  const sign = value < 0 ? "-" : ""
  const whole = String(Math.abs(value)).padStart(digits + 1, "0")
  return `${sign}${whole.slice(0, -digits)}.${whole.slice(-digits)}`
}

const levelsOf = (levels: BookLevels): ReadonlyArray<readonly [string, string, string]> => {
  const rows = (["yes", "no"] as const).flatMap((side) =>
    levels[side].map(({ priceE4, sizeE2 }) => [text(side), decimal(priceE4, 4), decimal(sizeE2, 2)] as const)
  )
  return rows.length === 0 ? [[nothing, nothing, nothing]] : rows
}

const rowOf = (record: Replay.Replay["last"] & object, kind: string, part: Partial<Record<string, string>>): Row =>
  segmentColumns.records.map(({ name }) => {
    const head: Readonly<Record<string, string>> = {
      market_ticker: text(record.marketTicker),
      record_offset: String(record.offset),
      kind: text(kind),
      ts_received: micros(record.tsReceivedMicros),
      ts_exchange: micros(record.tsExchangeMicros),
      epoch: String(record.epoch),
      sid: String(record.sid),
      seq: String(record.seq)
    }
    return part[name] ?? head[name] ?? nothing
  })

const recordRows = (record: BookRecord): ReadonlyArray<Row> => {
  switch (record.kind) {
    case "delta":
      return [
        rowOf(record, "delta", {
          side: text(record.side),
          price: decimal(record.priceE4, 4),
          size_delta: decimal(record.deltaE2, 2)
        })
      ]
    case "gap":
      return [rowOf(record, "gap", { gap_cause: text(record.cause), ts_detected: micros(record.tsDetectedMicros) })]
    case "snapshot":
      return levelsOf(record.levels).map(([side, price, size]) => rowOf(record, "snapshot", { side, price, size }))
  }
}

const keyframeRows = ({ book, last, trust, ...state }: Replay.Replay): ReadonlyArray<Row> => {
  if (last === undefined || trust._tag === "unknown") return []
  const head = trust._tag === "stale" ? { ...trust.gap, offset: last.offset } : last
  const since =
    trust._tag === "trusted"
      ? { since_offset: String(trust.sinceOffset) }
      : {
          since_offset: String(trust.gap.offset),
          gap_cause: text(trust.gap.cause),
          ts_detected: micros(trust.gap.tsDetectedMicros)
        }
  return levelsOf(Book.levels(book)).map(([side, price, size]) =>
    rowOf(head, "keyframe", {
      side,
      price,
      size,
      ...since,
      ts_exchange_effective: micros(state.tsExchangeEffectiveMicros),
      ts_exchange_proven: micros(state.tsExchangeProvenMicros)
    })
  )
}

interface MarketPart {
  readonly ticker: string
  readonly rows: ReadonlyArray<Row>
  readonly entry: Omit<ManifestMarket, "part" | "row_first">
}

/** A market's part of an hour; `undefined` where it has none. */
const marketPart = (ticker: string, log: ReadonlyArray<BookRecord>, hour: number): MarketPart | undefined => {
  const before = log.filter((record) => record.tsReceivedMicros < hour)
  const within = log.filter((record) => hourOf(record.tsReceivedMicros) === hour)
  const last = before.at(-1)
  const replay = Replay.make()
  for (const record of before) Replay.apply(replay, record)
  const isEnded = last?.kind === "gap" && last.cause === "market_closed"
  const keyframe = isEnded ? [] : keyframeRows(replay)
  const rows = [...keyframe, ...within.flatMap(recordRows)]
  if (rows.length === 0) return undefined
  for (const record of within) Replay.apply(replay, record)
  const entry = {
    market_ticker: ticker,
    rows: rows.length,
    has_keyframe: keyframe.length > 0,
    ts_first_micros: within[0]?.tsReceivedMicros ?? null,
    ts_last_micros: within.at(-1)?.tsReceivedMicros ?? null,
    records: within.length,
    gaps: within.filter((record) => record.kind === "gap").length,
    offset_first: within[0]?.offset ?? last?.offset ?? 0,
    offset_last: within.at(-1)?.offset ?? last?.offset ?? 0,
    book_hash: Book.hash(replay.book),
    gap_cause: replay.trust._tag === "stale" ? replay.trust.gap.cause : null
  }
  return { ticker, rows, entry }
}

const tradeRow = (trade: TradeRecord): Row => [
  text(trade.marketTicker),
  text(trade.tradeId),
  micros(trade.tsExchangeMicros),
  micros(trade.tsReceivedMicros),
  String(trade.epoch),
  String(trade.sid),
  String(trade.seq),
  decimal(trade.yesPriceE4, 4),
  decimal(trade.sizeE2, 2),
  text(trade.takerSide),
  String(trade.isBlockTrade),
  String(trade.epoch === 0)
]

const lifecycleRow = (message: LifecycleRecord): Row => [
  text(message.ticker),
  text(message.eventType),
  micros(message.tsReceivedMicros),
  String(message.epoch),
  String(message.sid),
  String(message.seq),
  text(JSON.stringify(message.body))
]

const bytewise = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0)

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex")

/** Seals hours through a folder of its own for files on their way. */
export const make = Effect.fnUntraced(function* (folder: string) {
  const duck = yield* DuckDb.make({ memoryMebibytes: 128, threads: 1, folders: [folder] })
  const store = yield* ObjectStore
  const segments = yield* Segments
  const marking = yield* SegmentMarks
  const sql = yield* SqlClient.SqlClient
  let fileCount = 0

  const write = Effect.fnUntraced(function* (
    kind: SegmentKind,
    span: SegmentSpan,
    part: number,
    rows: ReadonlyArray<Row>
  ) {
    const path = join(folder, `file-${fileCount++}.parquet`)
    const columns = segmentColumns[kind].map(({ name, type }, index) => `col${index}::${type} as ${name}`).join(", ")
    const values = rows.map((row) => `(${row.join(", ")})`).join(", ")
    const names = segmentColumns[kind].map((_, index) => `col${index}`).join(", ")
    yield* Effect.scoped(
      Effect.flatMap(duck.connect, (connection) =>
        connection.run(
          `copy (select ${columns} from (values ${values}) as filled (${names})) to ${text(path)} (format parquet, compression zstd, row_group_size ${rowGroupRows})`
        )
      )
    )
    const bytes = yield* Effect.promise(() => readFile(path))
    const hash = sha256(bytes)
    const key = fileKey(kind, span, part, hash)
    yield* store.putFile(key, path, { sha256: hash, contentType: "application/vnd.apache.parquet" })
    const { size } = yield* Effect.promise(() => stat(path))
    return { kind, part, key, bytes: size, sha256: hash, rows: rows.length }
  })

  const range = (values: ReadonlyArray<number | null>) => {
    const known = values.filter((value) => value !== null)
    return known.length === 0 ? [null, null] : [Math.min(...known), Math.max(...known)]
  }

  /** Seals an hour, or seals it again, as the logs are. `change` may spoil the manifest before it is stored. */
  const seal = Effect.fnUntraced(function* (
    { lifecycle = [], logs, trades }: WholeLogs,
    hour: number,
    change: (manifest: Record<string, unknown>) => Record<string, unknown> = (manifest) => manifest
  ) {
    const span: SegmentSpan = { _tag: "hour", fromMicros: hour }
    const marks = yield* marking.list(hour, hour + hourMicros)
    const before = Option.getOrUndefined(yield* segments.current(span))
    const revision = (before?.revision ?? 0) + 1
    const parts = [...logs.keys()]
      .sort(bytewise)
      .flatMap((ticker) => marketPart(ticker, logs.get(ticker) ?? [], hour) ?? [])
    const files: Array<ManifestFile> = []
    const markets: Array<ManifestMarket> = []
    for (let start = 0; start < parts.length; start += marketsPerFile) {
      const some = parts.slice(start, start + marketsPerFile)
      const part = start / marketsPerFile
      const within = some.flatMap(({ ticker }) =>
        (logs.get(ticker) ?? []).filter((record) => hourOf(record.tsReceivedMicros) === hour)
      )
      const [receivedMin = null, receivedMax = null] = range(within.map((record) => record.tsReceivedMicros))
      const [exchangeMin = null, exchangeMax = null] = range(within.map((record) => record.tsExchangeMicros))
      const file = yield* write(
        "records",
        span,
        part,
        some.flatMap(({ rows }) => rows)
      )
      files.push({
        ...file,
        ts_received_micros_min: receivedMin,
        ts_received_micros_max: receivedMax,
        ts_exchange_micros_min: exchangeMin,
        ts_exchange_micros_max: exchangeMax
      })
      let rowFirst = 0
      for (const { entry } of some) {
        markets.push({ ...entry, part, row_first: rowFirst })
        rowFirst += entry.rows
      }
    }
    const traded = trades
      .filter((trade) => hourOf(trade.tsReceivedMicros) === hour)
      .sort(
        (left, right) =>
          bytewise(left.marketTicker, right.marketTicker) ||
          left.tsExchangeMicros - right.tsExchangeMicros ||
          bytewise(left.tradeId, right.tradeId)
      )
    if (traded.length > 0) {
      const [exchangeMin = null, exchangeMax = null] = range(traded.map((trade) => trade.tsExchangeMicros))
      const [receivedMin = null, receivedMax = null] = range(traded.map((trade) => trade.tsReceivedMicros))
      files.push({
        ...(yield* write("trades", span, 0, traded.map(tradeRow))),
        ts_received_micros_min: receivedMin,
        ts_received_micros_max: receivedMax,
        ts_exchange_micros_min: exchangeMin,
        ts_exchange_micros_max: exchangeMax
      })
    }
    const told = lifecycle
      .filter((message) => hourOf(message.tsReceivedMicros) === hour)
      .sort((left, right) => left.tsReceivedMicros - right.tsReceivedMicros || left.seq - right.seq)
    if (told.length > 0) {
      const [receivedMin = null, receivedMax = null] = range(told.map((message) => message.tsReceivedMicros))
      files.push({
        ...(yield* write("lifecycle", span, 0, told.map(lifecycleRow))),
        ts_received_micros_min: receivedMin,
        ts_received_micros_max: receivedMax,
        ts_exchange_micros_min: null,
        ts_exchange_micros_max: null
      })
    }
    const manifest = change({
      schema_version: 1,
      span: "hour",
      from_micros: hour,
      to_micros: hour + hourMicros,
      revision,
      replaces:
        before === undefined ? null : { revision: before.revision, sha256: before.manifestSha256, reason: "a test" },
      files,
      markets,
      records: markets.reduce((sum, market) => sum + market.records, 0),
      tapes: [],
      code_revision: "test",
      sealed_by: "a test",
      ts_sealed_micros: hour + hourMicros
    })
    const bytes = new TextEncoder().encode(JSON.stringify(manifest))
    const hash = sha256(bytes)
    const key = manifestKey(span, revision, hash)
    yield* store.put(key, bytes, { contentType: "application/json" })
    yield* segments.commit({
      segment: {
        span,
        revision,
        manifestKey: key,
        manifestSha256: hash,
        manifestBytes: bytes.length,
        records: Number(manifest["records"]),
        rows: files.reduce((sum, file) => sum + file.rows, 0),
        bytes: files.reduce((sum, file) => sum + file.bytes, 0),
        markets: markets.length,
        reason: before === undefined ? null : "a test",
        sealedBy: "a test",
        tsSealedMicros: hour + hourMicros,
        tsVerifiedMicros: hour + hourMicros
      },
      tickers: markets.map((market) => market.market_ticker),
      marks,
      madeOf: []
    })
    return { files, key }
  })

  /** Takes an hour out of the hot tier, as the archiver would. */
  const prune = (hour: number) =>
    Effect.gen(function* () {
      yield* sql`insert into coverage_totals (hour_micros, open_micros, trusted_micros, records) values (${hour}, 0, 0, 0)
        on conflict do nothing`
      yield* sql`select prune_hour(${hour})`
    })

  return { seal, prune }
})

/** The gap that a recorder writes late: right after the last record. */
export const lateGap = (log: ReadonlyArray<BookRecord>, tsDetectedMicros: number): GapRecord => {
  const last = log.at(-1) as BookRecord
  return {
    kind: "gap",
    marketTicker: last.marketTicker,
    offset: last.offset + 1,
    epoch: last.epoch,
    sid: last.sid,
    seq: 0,
    tsExchangeMicros: last.tsExchangeMicros,
    tsReceivedMicros: last.tsReceivedMicros + 1,
    cause: "audit",
    tsDetectedMicros
  }
}
