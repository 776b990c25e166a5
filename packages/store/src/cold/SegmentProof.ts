/**
 * Proves files of the cold tier that were read back: that they are what a manifest says of them, that logs go on without holes, and that
 * the books at the end are those of somebody who did not make the files. Trusts nothing but the bytes.
 */
import * as Book from "@kalshibook/core/Book"
import type { MarketTicker } from "@kalshibook/core/BookRecord"
import * as LogRows from "@kalshibook/core/cold/LogRows"
import * as LogRowsFold from "@kalshibook/core/cold/LogRowsFold"
import type { Manifest, ManifestFile, ManifestMarket } from "@kalshibook/core/cold/Manifest"
import type * as Replay from "@kalshibook/core/Replay"
import { Effect } from "effect"
import * as DuckChunk from "./DuckChunk.ts"
import type { Connection, DuckDb, DuckDbError } from "./DuckDb.ts"
import { quoted } from "./DuckDb.ts"
import * as LogRowsReader from "./LogRowsReader.ts"
import * as MarketTally from "./MarketTally.ts"
import * as ParquetFile from "./ParquetFile.ts"
import * as SecondReader from "./SecondReader.ts"

/** What is to be proved: a manifest, or what will be one. */
export type Claim = Pick<Manifest, "files" | "markets" | "records">

export interface ProofOptions {
  readonly claim: Claim
  /** Where a file lies that was read back, in a folder that the database may read. */
  readonly pathOf: (file: ManifestFile) => string
  /** The manifest's markets of the hour before; absent: nothing is known of it. */
  readonly before?: ReadonlyArray<ManifestMarket> | undefined
  /** Markets of the hour before that are at rest in this one (`RestingLogs`), by somebody else. */
  readonly resting?: ReadonlySet<MarketTicker> | undefined
  /** The state of markets at the end, by somebody else (`HourFromHot.statesAt`); markets that are not in it are not compared. */
  readonly states?: ReadonlyMap<MarketTicker, Replay.Replay> | undefined
  /** How many rows of each file of records the second reader compares. */
  readonly sampleRows?: number | undefined
}

export interface ProofProblem {
  /** Key or path of the file; `null` where it is about none. */
  readonly file: string | null
  readonly marketTicker: MarketTicker | null
  readonly problem: string
}

export interface ProofReport {
  /** Empty: proved. At most a hundred. */
  readonly problems: ReadonlyArray<ProofProblem>
  readonly files: number
  readonly bytes: number
  readonly rows: number
  readonly records: number
  readonly markets: number
  /** Of these the book was compared with another's. */
  readonly marketsCompared: number
  readonly rowsCompared: number
}

/** More problems than these are not collected. */
const problemsMax = 100
const sampleRowsDefault = 600
const samplesPerFile = 3

/** One as a sentence. */
export const sentenceOf = ({ file, marketTicker, problem }: ProofProblem): string =>
  [file, marketTicker, problem].filter((part) => part !== null).join(": ")

/** Reads every file whole. The database has one thread. Fails only where DuckDB or this machine did; what is wrong is in the report. */
export const prove = Effect.fn("SegmentProof.prove")(function* (
  db: DuckDb,
  options: ProofOptions
): Effect.fn.Return<ProofReport, DuckDbError> {
  const problems: Array<ProofProblem> = []
  const tell = (problem: string, file: string | null = null, marketTicker: MarketTicker | null = null): void => {
    if (problems.length < problemsMax) problems.push({ file, marketTicker, problem })
  }
  const { claim } = options
  const found = { rows: 0, records: 0, bytes: 0, marketsCompared: 0, rowsCompared: 0 }
  const fold = LogRowsFold.make()
  yield* Effect.scoped(
    Effect.gen(function* () {
      const connection = yield* db.connect
      for (const file of claim.files) {
        const told = problems.length
        const path = options.pathOf(file)
        const one = proveFile(connection, file, path, (problem, ticker) => tell(problem, file.key, ticker ?? null))
        // A file that cannot be read is what we look for, not a failure of ours.
        yield* Effect.catchIf(
          Effect.gen(function* () {
            found.bytes += yield* one.bytes
            if (problems.length > told) return
            found.rows += file.kind === "records" ? yield* one.records(claim.markets, fold) : yield* one.side
            if (file.kind === "records" && problems.length === told) {
              found.rowsCompared += yield* one.sample(options.sampleRows ?? sampleRowsDefault)
            }
          }),
          ({ reason }) => reason === "BadFile" || reason === "BadQuery",
          (error) => Effect.sync(() => tell(error.detail, file.key))
        )
      }
    })
  )
  found.records = claim.markets.reduce((sum, market) => sum + market.records, 0)
  if (found.records !== claim.records) tell(`the markets have ${found.records} records, not ${claim.records}`)
  for (const [part, file] of claim.files.filter(({ kind }) => kind === "records").entries()) {
    if (file.part !== part) tell(`it is part ${file.part}, where part ${part} must be`, file.key)
  }
  continues(claim.markets, options, (problem, ticker) => tell(problem, null, ticker))
  for (const market of claim.markets) {
    const state = options.states?.get(market.market_ticker)
    if (state === undefined) continue
    found.marketsCompared++
    const problem = differenceOf(market, state)
    if (problem !== undefined) tell(problem, null, market.market_ticker)
  }
  return { problems, files: claim.files.length, markets: claim.markets.length, ...found }
})

type Tell = (problem: string, marketTicker?: MarketTicker) => void

const proveFile = (connection: Connection, file: ManifestFile, path: string, tell: Tell) => ({
  bytes: Effect.gen(function* () {
    const { bytes, sha256 } = yield* ParquetFile.describe(path)
    if (bytes !== file.bytes) tell(`it has ${bytes} bytes, not ${file.bytes}`)
    if (sha256 !== file.sha256) tell(`its sha256 is ${sha256}, not ${file.sha256}`)
    return bytes
  }),
  records: (markets: ReadonlyArray<ManifestMarket>, fold: LogRowsFold.Fold) =>
    proveRecords(connection, file, path, markets, fold, tell),
  side: proveSide(connection, file, path, tell),
  sample: (sampleRows: number) => proveSample(connection, file, path, sampleRows, tell)
})

/** Every row of a file of records, counted and folded again. */
const proveRecords = Effect.fnUntraced(function* (
  connection: Connection,
  file: ManifestFile,
  path: string,
  markets: ReadonlyArray<ManifestMarket>,
  fold: LogRowsFold.Fold,
  tell: Tell
) {
  const tallies: Array<MarketTally.MarketTally> = []
  const rows = yield* LogRowsReader.forEach(connection, { file: path }, (rows) => {
    for (let row = 0; row < rows.rows; ) {
      const end = LogRows.runEnd(rows, row, rows.rows)
      const ticker = LogRows.tickerAt(rows, row)
      let tally = tallies[tallies.length - 1]
      if (tally?.ticker !== ticker) {
        if (tally !== undefined && !(tally.ticker < ticker)) tell("its rows are out of order", ticker)
        tally = MarketTally.make(ticker)
        tallies.push(tally)
      }
      const problem = MarketTally.count(tally, rows, row, end)
      if (problem !== undefined) tell(problem, ticker)
      row = end
    }
    LogRowsFold.apply(fold, rows)
  })
  LogRowsFold.finish(fold)
  if (rows !== file.rows) tell(`it has ${rows} rows, not ${file.rows}`)
  const claimed = markets.filter(({ part }) => part === file.part)
  const received = MarketTally.emptyRange()
  const exchange = MarketTally.emptyRange()
  let rowFirst = 0
  for (const [index, tally] of tallies.entries()) {
    const state = fold.replays.get(tally.ticker)
    const claim = claimed[index]
    MarketTally.widen(received, tally.received)
    MarketTally.widen(exchange, tally.exchange)
    if (state === undefined || claim?.market_ticker !== tally.ticker) {
      tell("the manifest does not tell of it in its place", tally.ticker)
      break
    }
    const counted = MarketTally.toManifest(tally, state, file.part, rowFirst)
    for (const name of Object.keys(counted) as ReadonlyArray<keyof ManifestMarket>) {
      if (counted[name] !== claim[name]) tell(`${name} is ${counted[name]}, not ${claim[name]}`, tally.ticker)
    }
    rowFirst += tally.rows
    fold.replays.delete(tally.ticker)
  }
  if (claimed.length > tallies.length) tell(`it has ${tallies.length} markets, not ${claimed.length}`)
  compareTimes(file, received, exchange, tell)
  return rows
})

const compareTimes = (
  file: ManifestFile,
  received: MarketTally.Range,
  exchange: MarketTally.Range,
  tell: Tell
): void => {
  const found = {
    ts_received_micros_min: MarketTally.nullable(received.min),
    ts_received_micros_max: MarketTally.nullable(received.max),
    ts_exchange_micros_min: MarketTally.nullable(exchange.min),
    ts_exchange_micros_max: MarketTally.nullable(exchange.max)
  }
  for (const name of Object.keys(found) as ReadonlyArray<keyof typeof found>) {
    if (found[name] !== file[name]) tell(`${name} is ${found[name]}, not ${file[name]}`)
  }
}

/** A file of another kind: each value is read, and the rows are counted by two readers. */
const proveSide = Effect.fnUntraced(function* (connection: Connection, file: ManifestFile, path: string, tell: Tell) {
  let rows = 0
  yield* connection.forEachChunk(
    `select count(*) from (select hash(columns(*)) from read_parquet(${quoted(path)}))`,
    (chunk) => {
      rows = DuckChunk.int64At(chunk.int64Words(0), 0)
    },
    { operation: `read ${file.kind}` }
  )
  if (rows !== file.rows) tell(`it has ${rows} rows, not ${file.rows}`)
  const counted = yield* SecondReader.rowCount(path)
  if (counted !== rows) tell(`a second reader counts ${counted} rows, not ${rows}`)
  return rows
})

/** Some rows at the beginning, in the middle and at the end, by both readers; of a small file all, once. */
const proveSample = Effect.fnUntraced(function* (
  connection: Connection,
  file: ManifestFile,
  path: string,
  sampleRows: number,
  tell: Tell
) {
  const size = Math.ceil(sampleRows / samplesPerFile)
  const starts = Array.from({ length: samplesPerFile }, (_, sample) =>
    Math.max(0, Math.floor(((file.rows - size) * sample) / (samplesPerFile - 1)))
  )
  let compared = 0
  for (const from of new Set(starts)) {
    const to = Math.min(file.rows, from + size)
    const theirs = yield* SecondReader.read(path, from, to)
    const ours: Array<SecondReader.PlainRow> = []
    yield* LogRowsReader.forEach(connection, { file: path, rowFirst: from, rows: to - from }, (rows) => {
      for (let row = 0; row < rows.rows; row++) ours.push(SecondReader.plainRow(rows, row))
    })
    compared += ours.length
    if (ours.length !== theirs.length)
      tell(`a second reader finds ${theirs.length} rows from ${from} on, not ${ours.length}`)
    const differs = ours.findIndex((row, index) => row.some((value, column) => value !== theirs[index]?.[column]))
    if (differs >= 0) tell(`row ${from + differs} is ${ours[differs]} to us and ${theirs[differs]} to a second reader`)
  }
  return compared
})

/** Each log goes on where it ended in the hour before. */
const continues = (
  markets: ReadonlyArray<ManifestMarket>,
  { before, resting }: Pick<ProofOptions, "before" | "resting">,
  tell: (problem: string, marketTicker: MarketTicker) => void
): void => {
  if (before === undefined) return
  const now = new Map(markets.map((market) => [market.market_ticker, market]))
  for (const { gap_cause, market_ticker, offset_last } of before) {
    const market = now.get(market_ticker)
    if (market === undefined) {
      if (gap_cause !== "market_closed" && resting?.has(market_ticker) !== true)
        tell("it was there in the hour before, and is not now", market_ticker)
      continue
    }
    const isOnlyKeyframe = market.records === 0
    const offset = isOnlyKeyframe ? offset_last : offset_last + 1
    if (market.offset_first !== offset) {
      tell(`it begins at offset ${market.offset_first}, where the hour before goes on with ${offset}`, market_ticker)
    }
  }
}

const differenceOf = (market: ManifestMarket, state: Replay.Replay): string | undefined => {
  const offset = state.last?.offset ?? 0
  if (offset !== market.offset_last) return `it ends at offset ${market.offset_last}, in the hot tier at ${offset}`
  const cause = state.trust._tag === "stale" ? state.trust.gap.cause : null
  if (cause !== market.gap_cause) return `its gap is ${market.gap_cause}, in the hot tier ${cause}`
  const hash = Book.hash(state.book)
  return hash === market.book_hash ? undefined : `its book is ${market.book_hash}, in the hot tier ${hash}`
}
