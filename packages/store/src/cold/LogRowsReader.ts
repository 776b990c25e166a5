/**
 * Rows of a `records` file as columns of whole numbers, in the order in which they stand there. Nothing is rounded: a value that is
 * not a whole number of its unit, or a word that nobody knows, is a damaged file.
 */
import type { MarketTicker } from "@kalshibook/core/BookRecord"
import * as LogRows from "@kalshibook/core/cold/LogRows"
import type { ManifestMarket } from "@kalshibook/core/cold/Manifest"
import { segmentColumns } from "@kalshibook/core/cold/SegmentColumns"
import { Effect, Stream } from "effect"
import * as DuckChunk from "./DuckChunk.ts"
import { type Connection, DuckDbError, quoted } from "./DuckDb.ts"

/** Which rows of which file; what is absent does not narrow. */
export interface RowsQuery {
  /** Path of a local file, in a folder that the database may read. */
  readonly file: string
  /** Only these rows, counted from 0. */
  readonly rowFirst?: number | undefined
  readonly rows?: number | undefined
  /** How long DuckDB may work for it. */
  readonly workMillisMax?: number | undefined
}

/** The rows of markets that follow each other in a file, as its manifest tells of them. */
export interface MarketsQuery {
  readonly file: string
  readonly rowFirst: number
  readonly markets: ReadonlyArray<Pick<ManifestMarket, "market_ticker" | "rows">>
  /** What is filled and given, if there is room in it; absent: rows of their own. */
  readonly into?: LogRows.LogRows | undefined
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
    const rows = LogRows.make(Math.min(chunkRowsMax, query.rows ?? chunkRowsMax))
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

/**
 * On a connection of a database with one thread: the rows of some markets, at once and at the least cost. Fewer where the file has
 * fewer, or has rows of markets before or behind them. Nothing is sorted and markets are not told apart: by their offsets it is seen
 * whether the rows are what the manifest says.
 */
export const ofMarkets = (connection: Connection, query: MarketsQuery): Effect.Effect<LogRows.LogRows, DuckDbError> =>
  Effect.suspend(() => {
    const { file, markets, rowFirst } = query
    const rowsMax = markets.reduce((sum, market) => sum + market.rows, 0)
    const rows = query.into !== undefined && query.into.kind.length >= rowsMax ? query.into : LogRows.make(rowsMax)
    const { tickers } = rows
    rows.rows = 0
    tickers.length = 0
    let named = 0
    for (const market of markets) {
      rows.market.fill(tickers.push(market.market_ticker) - 1, named, named + market.rows)
      named += market.rows
    }
    let problem: string | undefined
    const take = (chunk: DuckChunk.DuckChunk): string | undefined => {
      const part = LogRows.slice(rows, rows.rows, Math.min(rowsMax, rows.rows + chunk.rows))
      rows.rows += chunk.rows
      return part.rows < chunk.rows ? "more rows than there can be" : decode(chunk, part)
    }
    return connection
      .scan(
        `select ${selected} from read_parquet(${quoted(file)}, file_row_number = true)
         where file_row_number >= ${rowFirst} and file_row_number < ${rowFirst + rowsMax}
           and market_ticker >= ${quoted(tickers[0] ?? "")} and market_ticker <= ${quoted(tickers.at(-1) ?? "")}`,
        columnCount,
        (chunk) => {
          problem ??= take(chunk)
        },
        { operation, workMillisMax: query.workMillisMax }
      )
      .pipe(Effect.flatMap(() => (problem === undefined ? Effect.succeed(rows) : damaged(query, problem))))
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
/** By code. */
const sides = ["", "yes", "no"]

const damaged = ({ file }: { readonly file: string }, problem: string) =>
  Effect.fail(new DuckDbError({ operation, reason: "BadFile", detail: `${file}: ${problem}` }))

/** The types are those of the table in any case: what is there is cast, or refused. The ticker is told by `runsOf`. */
const typed = Object.fromEntries(segmentColumns.records.map(({ name, type }) => [name, `${name}::${type}`]))

/** A word as the place that it has in a list, from 0, and behind its end where it is none of them. */
const codeOf = (name: string, words: ReadonlyArray<string>): string =>
  `(case coalesce(${typed[name]}, '') ${words.map((word, code) => `when ${quoted(word)} then ${code}`).join(" ")} else ${words.length} end)::UTINYINT`

/**
 * What is selected, by the place of its column. Narrow: all that is looked at in DuckDB's memory counts as memory of ours until it is
 * collected, and a collection takes longer than reading.
 */
const selection = {
  offset: typed["record_offset"],
  kind: codeOf("kind", LogRows.rowKinds),
  received: typed["ts_received"],
  exchange: typed["ts_exchange"],
  epoch: typed["epoch"],
  sid: typed["sid"],
  seq: typed["seq"],
  side: codeOf("side", sides),
  price: typed["price"],
  size: `coalesce(${typed["size_delta"]}, ${typed["size"]})`,
  cause: typed["gap_cause"],
  detected: typed["ts_detected"],
  since: typed["since_offset"],
  effective: typed["ts_exchange_effective"],
  proven: typed["ts_exchange_proven"]
}
const selected = Object.values(selection).join(", ")
const columnCount = Object.keys(selection).length
const columns = Object.fromEntries(Object.keys(selection).map((name, index) => [name, index])) as Readonly<
  Record<keyof typeof selection, number>
>

/**
 * Gotcha: a filter of DuckDB (1.5.6, also with one thread and preserve_insertion_order) gathers chunks of a few rows and lets fuller ones
 * pass them by, so filtered rows come in the order of the file only where that is asked for.
 */
const statementOf = (query: RowsQuery): string => {
  const from = fromOf(query)
  return `select ${selected} ${from}${from.includes(" where ") ? " order by file_row_number" : ""}`
}

const fromOf = ({ file, rowFirst, rows }: RowsQuery): string => {
  const clauses: Array<string> = []
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
    decodeInt64(chunk, columns.size, rows.sizeE2)
  if (!isExact) return "a number beyond 2^53"
  rows.epoch.set(chunk.int32s(columns.epoch))
  rows.sid.set(chunk.int32s(columns.sid))
  rows.kind.set(chunk.bytes(columns.kind))
  if (!areBelow(rows.kind, rows.rows, LogRows.rowKinds.length)) return "a kind that is none"
  rows.side.set(chunk.bytes(columns.side))
  if (!areBelow(rows.side, rows.rows, sides.length)) return "a side that is none"
  decodePrices(chunk, rows.priceE4)
  return decodeCauses(chunk, rows.cause) ? undefined : "a cause that is none"
}

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
  let beyond = 0
  for (let row = 0; row < rows; row++) {
    if (validity !== undefined && !DuckChunk.isThere(validity, row)) {
      target[row] = Number.NaN
      continue
    }
    const high = words[2 * row + 1] as number
    target[row] = DuckChunk.int64At(words, row)
    // The distance from 0, but for one: below 0 the bits are turned over.
    beyond |= high ^ (high >> 31)
  }
  return beyond <= highWordMax
}

const areBelow = (codes: Uint8Array, rows: number, end: number): boolean => {
  for (let row = 0; row < rows; row++) if ((codes[row] as number) >= end) return false
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
