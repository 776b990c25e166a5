/**
 * Rows of a `records` file as columns of whole numbers, in the order in which they stand there. Nothing is rounded: a value that is
 * not a whole number of its unit, or a word that nobody knows, is a damaged file.
 */
import type { MarketTicker } from "@kalshibook/core/BookRecord"
import * as LogRows from "@kalshibook/core/cold/LogRows"
import { segmentColumns } from "@kalshibook/core/cold/SegmentColumns"
import { Effect, Stream } from "effect"
import * as DuckChunk from "./DuckChunk.ts"
import { type Connection, DuckDbError, quoted } from "./DuckDb.ts"

/** Which rows of which file; what is absent does not narrow. */
export interface RowsQuery {
  /** Path of a local file, in a folder that the database may read. */
  readonly file: string
  readonly tickers?: ReadonlyArray<MarketTicker> | undefined
  /** Only these rows, counted from 0. */
  readonly rowFirst?: number | undefined
  readonly rows?: number | undefined
  /** Only rows received up to this moment, Unix microseconds, inclusive. */
  readonly toMicros?: number | undefined
  /** How long DuckDB may work for it. */
  readonly workMillisMax?: number | undefined
}

/**
 * On a connection of a database with one thread: gives the rows to `onRows`, some thousands at a time, until there are no more. What it gets is overwritten when it returns. A
 * file that is missing or damaged fails as `BadFile`. Returns how many rows there were.
 */
export const forEach = (
  connection: Connection,
  query: RowsQuery,
  onRows: (rows: LogRows.LogRows) => void
): Effect.Effect<number, DuckDbError> =>
  Effect.gen(function* () {
    const runs = yield* runsOf(connection, query)
    const rows = LogRows.make(chunkRowsMax)
    let problem: string | undefined
    const count = yield* connection.scan(
      statementOf(query),
      columnCount,
      (chunk) => {
        if (problem !== undefined) return
        problem = decode(chunk, rows) ?? runs.name(rows)
        if (problem === undefined) onRows(rows)
      },
      { operation, workMillisMax: query.workMillisMax }
    )
    return problem === undefined ? count : yield* damaged(query, problem)
  })

/** The same as a stream; each part is its receiver's own. */
export const stream = (connection: Connection, query: RowsQuery): Stream.Stream<LogRows.LogRows, DuckDbError> =>
  Stream.unwrap(
    Effect.map(runsOf(connection, query), (runs) =>
      connection.chunks(statementOf(query), { operation, workMillisMax: query.workMillisMax }).pipe(
        Stream.mapEffect((chunk) => {
          const rows = LogRows.make(chunk.rows)
          const problem = decode(chunk, rows) ?? runs.name(rows)
          return problem === undefined ? Effect.succeed(rows) : damaged(query, problem)
        })
      )
    )
  )

const operation = "read records"
const chunkRowsMax = 2_048

const damaged = ({ file }: RowsQuery, problem: string) =>
  Effect.fail(new DuckDbError({ operation, reason: "BadFile", detail: `${file}: ${problem}` }))

/** The types are those of the table in any case: what is there is cast, or refused. The ticker is told by `runsOf`. */
const columnsRead = segmentColumns.records.filter(({ name }) => name !== "market_ticker")
const columnCount = columnsRead.length
const selected = columnsRead.map(({ name, type }) => `${name}::${type}`).join(", ")

/**
 * Gotcha: a filter of DuckDB (1.5.6, also with one thread and preserve_insertion_order) gathers chunks of a few rows and lets fuller ones
 * pass them by, so filtered rows come in the order of the file only where that is asked for.
 */
const statementOf = (query: RowsQuery): string => {
  const from = fromOf(query)
  return `select ${selected} ${from}${from.includes(" where ") ? " order by file_row_number" : ""}`
}

const fromOf = ({ file, rowFirst, rows, tickers, toMicros }: RowsQuery): string => {
  const clauses: Array<string> = []
  if (tickers !== undefined) {
    clauses.push(tickers.length === 0 ? "false" : `market_ticker in (${tickers.map(quoted).join(", ")})`)
  }
  if (toMicros !== undefined) clauses.push(`ts_received <= make_timestamptz(${toMicros})`)
  if (rowFirst !== undefined) clauses.push(`file_row_number >= ${rowFirst}`)
  if (rows !== undefined) clauses.push(`file_row_number < ${(rowFirst ?? 0) + rows}`)
  const where = clauses.length === 0 ? "" : ` where ${clauses.join(" and ")}`
  return `from read_parquet(${quoted(file)}, file_row_number = true)${where}`
}

interface Runs {
  /** Names the markets of the next rows. Returns what is wrong, or `undefined`. */
  readonly name: (rows: LogRows.LogRows) => string | undefined
}

/** How many rows each market has, in the order of the rows: a text a row would cost more than all else. */
const runsOf = (connection: Connection, query: RowsQuery): Effect.Effect<Runs, DuckDbError> => {
  if (query.tickers?.length === 1)
    return Effect.succeed(runsFrom(query.tickers as [string], [Number.POSITIVE_INFINITY]))
  const tickers: Array<MarketTicker> = []
  const counts: Array<number> = []
  return connection
    .forEachChunk(
      `select market_ticker, count(*) ${fromOf(query)} group by market_ticker order by min(file_row_number)`,
      (chunk) => {
        const words = chunk.int64Words(1)
        for (let row = 0; row < chunk.rows; row++) {
          tickers.push(chunk.text(0, row))
          counts.push(DuckChunk.int64At(words, row))
        }
      },
      { operation, workMillisMax: query.workMillisMax }
    )
    .pipe(Effect.map(() => runsFrom(tickers, counts)))
}

const runsFrom = (tickers: ReadonlyArray<MarketTicker>, counts: ReadonlyArray<number>): Runs => {
  let run = 0
  let left = counts[0] ?? 0
  return {
    name: (rows) => {
      rows.tickers.length = 0
      for (let row = 0; row < rows.rows; ) {
        const ticker = tickers[run]
        if (ticker === undefined) return "more rows than its markets have"
        const end = Math.min(rows.rows, row + left)
        rows.market.fill(rows.tickers.push(ticker) - 1, row, end)
        left -= end - row
        row = end
        if (left === 0) left = counts[++run] ?? 0
      }
      return undefined
    }
  }
}

const at = Object.fromEntries(columnsRead.map(({ name }, index) => [name, index])) as Readonly<Record<string, number>>
const place = (name: string): number => at[name] as number
const columns = {
  offset: place("record_offset"),
  kind: place("kind"),
  received: place("ts_received"),
  exchange: place("ts_exchange"),
  epoch: place("epoch"),
  sid: place("sid"),
  seq: place("seq"),
  side: place("side"),
  price: place("price"),
  sizeDelta: place("size_delta"),
  size: place("size"),
  cause: place("gap_cause"),
  detected: place("ts_detected"),
  since: place("since_offset"),
  effective: place("ts_exchange_effective"),
  proven: place("ts_exchange_proven")
}

/** Fills `rows` with the chunk's. Returns what is wrong with it, or `undefined`. */
const decode = (chunk: DuckChunk.DuckChunk, rows: LogRows.LogRows): string | undefined => {
  rows.rows = chunk.rows
  const isExact =
    decodeInt64(chunk, columns.offset, rows.offset) &&
    decodeInt64(chunk, columns.received, rows.tsReceivedMicros) &&
    decodeInt64(chunk, columns.exchange, rows.tsExchangeMicros) &&
    decodeInt64(chunk, columns.seq, rows.seq) &&
    decodeInt64(chunk, columns.detected, rows.tsDetectedMicros) &&
    decodeInt64(chunk, columns.since, rows.sinceOffset) &&
    decodeInt64(chunk, columns.effective, rows.tsExchangeEffectiveMicros) &&
    decodeInt64(chunk, columns.proven, rows.tsExchangeProvenMicros) &&
    decodeSizes(chunk, rows)
  if (!isExact) return "a number beyond 2^53"
  rows.epoch.set(chunk.int32s(columns.epoch))
  rows.sid.set(chunk.int32s(columns.sid))
  if (!decodeKinds(chunk, rows.kind)) return "a kind that is none"
  if (!decodeSides(chunk, rows.side)) return "a side that is none"
  decodePrices(chunk, rows.priceE4)
  return decodeCauses(chunk, rows.cause) ? undefined : "a cause that is none"
}

const wordsPerText = 4

const isEmpty = (validity: Int32Array, rows: number): boolean => {
  for (let word = 0; word << 5 < rows; word++) if (validity[word] !== 0) return false
  return true
}

/** Highest words of whole numbers within 2^53. */
const highWordMax = 0x1f_ffff

/** Returns whether all are exact. */
const decodeInt64 = (chunk: DuckChunk.DuckChunk, column: number, target: Float64Array): boolean => {
  const { rows } = chunk
  const validity = chunk.validity(column)
  if (validity !== undefined && isEmpty(validity, rows)) {
    target.fill(Number.NaN, 0, rows)
    return true
  }
  const words = chunk.int64Words(column)
  let highWords = 0
  if (validity === undefined) {
    for (let row = 0; row < rows; row++) {
      target[row] = DuckChunk.int64At(words, row)
      highWords |= words[2 * row + 1] as number
    }
  } else {
    for (let row = 0; row < rows; row++) {
      const isThere = DuckChunk.isThere(validity, row)
      target[row] = isThere ? DuckChunk.int64At(words, row) : Number.NaN
      if (isThere) highWords |= words[2 * row + 1] as number
    }
  }
  // All of these are 0 or more, so a sign bit is beyond, too.
  return highWords >= 0 && highWords <= highWordMax
}

const decodeSizes = (chunk: DuckChunk.DuckChunk, { sizeE2 }: LogRows.LogRows): boolean => {
  const { rows } = chunk
  const ofDelta = chunk.validity(columns.sizeDelta)
  const ofWhole = chunk.validity(columns.size)
  const deltas = chunk.int64Words(columns.sizeDelta)
  const wholes = chunk.int64Words(columns.size)
  let isExact = true
  for (let row = 0; row < rows; row++) {
    const words = DuckChunk.isThere(ofDelta, row) ? deltas : DuckChunk.isThere(ofWhole, row) ? wholes : undefined
    if (words === undefined) {
      sizeE2[row] = Number.NaN
      continue
    }
    const high = words[2 * row + 1] as number
    sizeE2[row] = DuckChunk.int64At(words, row)
    isExact &&= high <= highWordMax && high >= -highWordMax
  }
  return isExact
}

/** The first letters of a text of up to 12 bytes stand behind its length, the first in the lowest byte. */
const lengthAt = (words: Int32Array, row: number): number => words[row * wordsPerText] as number
const letterAt = (words: Int32Array, row: number): number => (words[row * wordsPerText + 1] as number) & 0xff

/** Kinds by length and first letter, which tell them apart. */
const decodeKinds = (chunk: DuckChunk.DuckChunk, target: Uint8Array): boolean => {
  const words = chunk.textWords(columns.kind)
  for (let row = 0; row < chunk.rows; row++) {
    const code = kindByKey[lengthAt(words, row) * 256 + letterAt(words, row)]
    if (code === undefined) return false
    target[row] = code
  }
  return true
}

const kindByKey: Array<number | undefined> = new Array(9 * 256).fill(undefined)
for (const [code, word] of LogRows.rowKinds.entries()) kindByKey[word.length * 256 + word.charCodeAt(0)] = code

const decodeSides = (chunk: DuckChunk.DuckChunk, target: Uint8Array): boolean => {
  const words = chunk.textWords(columns.side)
  const validity = chunk.validity(columns.side)
  for (let row = 0; row < chunk.rows; row++) {
    if (!DuckChunk.isThere(validity, row)) target[row] = LogRows.sideNone
    else if (lengthAt(words, row) === 3 && letterAt(words, row) === 121) target[row] = LogRows.sideYes
    else if (lengthAt(words, row) === 2 && letterAt(words, row) === 110) target[row] = LogRows.sideNo
    else return false
  }
  return true
}

const decodePrices = (chunk: DuckChunk.DuckChunk, target: Int32Array): void => {
  const validity = chunk.validity(columns.price)
  target.set(chunk.int32s(columns.price))
  if (validity === undefined) return
  for (let row = 0; row < chunk.rows; row++) if (!DuckChunk.isThere(validity, row)) target[row] = 0
}

const decodeCauses = (chunk: DuckChunk.DuckChunk, target: Uint8Array): boolean => {
  const validity = chunk.validity(columns.cause)
  target.fill(LogRows.causeNone, 0, chunk.rows)
  if (validity !== undefined && isEmpty(validity, chunk.rows)) return true
  for (let row = 0; row < chunk.rows; row++) {
    if (!DuckChunk.isThere(validity, row)) continue
    const code = LogRows.causeTexts.indexOf(chunk.text(columns.cause, row))
    if (code < 0) return false
    target[row] = code
  }
  return true
}
