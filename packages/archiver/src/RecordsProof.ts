/** Reads files of records and says what is not as a manifest claims: rows, order, offsets without holes, times, books by their hash. */
import * as LogRows from "@kalshibook/core/cold/LogRows"
import * as LogRowsFold from "@kalshibook/core/cold/LogRowsFold"
import type { ManifestFile, ManifestMarket } from "@kalshibook/core/cold/Manifest"
import type { DuckDb, DuckDbError } from "@kalshibook/store/cold/DuckDb"
import * as LogRowsReader from "@kalshibook/store/cold/LogRowsReader"
import * as MarketTally from "@kalshibook/store/cold/MarketTally"
import { Effect } from "effect"
import type { Claim } from "./SpanMaker.ts"

/** Of many the first are enough. */
const problemsMax = 20

export const problems = (
  db: DuckDb,
  claim: Claim,
  pathOf: (file: ManifestFile) => string
): Effect.Effect<ReadonlyArray<string>, DuckDbError> =>
  Effect.scoped(
    Effect.gen(function* () {
      const connection = yield* db.connect
      const found: Array<string> = []
      const markets: Array<ManifestMarket> = []
      for (const file of claim.files) {
        if (file.kind !== "records") continue
        const read = reading()
        const rows = yield* LogRowsReader.forEach(connection, { file: pathOf(file) }, read.take).pipe(
          Effect.catchIf(
            (error) => error.reason === "BadFile",
            (error) => Effect.succeed(error.message)
          )
        )
        if (typeof rows === "string") {
          found.push(`${file.key}: ${rows}`)
          continue
        }
        if (rows !== file.rows) found.push(`${file.key} has ${rows} rows, not ${file.rows}`)
        found.push(...read.problems())
        markets.push(...read.markets(file.part))
      }
      found.push(...differences(claim.markets, markets))
      const records = markets.reduce((sum, market) => sum + market.records, 0)
      if (records !== claim.records) found.push(`there are ${records} records, not ${claim.records}`)
      return found.slice(0, problemsMax)
    })
  )

/** One file as it is read. */
const reading = () => {
  const fold = LogRowsFold.make()
  const tallies: Array<MarketTally.MarketTally> = []
  const found: Array<string> = []
  const take = (rows: LogRows.LogRows): void => {
    for (let row = 0; row < rows.rows; ) {
      const end = LogRows.runEnd(rows, row, rows.rows)
      const ticker = LogRows.tickerAt(rows, row)
      let tally = tallies.at(-1)
      if (tally?.ticker !== ticker) {
        if (tally !== undefined && !(tally.ticker < ticker)) found.push(`${ticker} stands behind ${tally.ticker}`)
        tally = MarketTally.make(ticker)
        tallies.push(tally)
      }
      const problem = MarketTally.count(tally, rows, row, end)
      if (problem !== undefined) found.push(`${ticker}: ${problem}`)
      row = end
    }
    LogRowsFold.apply(fold, rows)
  }
  const markets = (part: number): ReadonlyArray<ManifestMarket> => {
    LogRowsFold.finish(fold)
    let rowFirst = 0
    return tallies.flatMap((tally) => {
      const state = fold.replays.get(tally.ticker)
      if (state === undefined) return []
      const market = MarketTally.toManifest(tally, state, part, rowFirst)
      rowFirst += tally.rows
      return [market]
    })
  }
  return { take, markets, problems: () => found }
}

const differences = (
  claimed: ReadonlyArray<ManifestMarket>,
  read: ReadonlyArray<ManifestMarket>
): ReadonlyArray<string> => {
  const byTicker = new Map(read.map((market) => [market.market_ticker, market]))
  const found: Array<string> = []
  for (const market of claimed) {
    const there = byTicker.get(market.market_ticker)
    byTicker.delete(market.market_ticker)
    if (there === undefined) found.push(`${market.market_ticker} has no rows`)
    else {
      for (const [name, value] of Object.entries(market)) {
        const other = there[name as keyof ManifestMarket]
        if (other !== value) found.push(`${market.market_ticker}: ${name} is ${other}, not ${value}`)
      }
    }
  }
  for (const ticker of byTicker.keys()) found.push(`${ticker} is in the files, not in the manifest`)
  return found
}
