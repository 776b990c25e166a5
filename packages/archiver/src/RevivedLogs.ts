/**
 * Logs that go on in an hour though the hour before does not have them: they were at rest (`RestingLogs`), or had ended. Their state is
 * that at the end of the latest sealed hour that has them.
 */
import type { MarketTicker } from "@kalshibook/core/BookRecord"
import * as LogRowsBuilder from "@kalshibook/core/cold/LogRowsBuilder"
import * as LogRowsFold from "@kalshibook/core/cold/LogRowsFold"
import type * as Replay from "@kalshibook/core/Replay"
import { isoFromMicros } from "@kalshibook/core/Units"
import type * as DuckDb from "@kalshibook/store/cold/DuckDb"

import * as LogRowsReader from "@kalshibook/store/cold/LogRowsReader"
import { SealedHours } from "@kalshibook/store/cold/SealedHours"
import { Effect, Option } from "effect"
import { asMakeError } from "./MakeCause.ts"
import * as SealedFiles from "./SealedFiles.ts"
import { SpanError } from "./SpanMaker.ts"

/** Also of markets that go on later than in this hour: whoever writes the hour leaves out those that rest in it. */
export const read = Effect.fn("RevivedLogs.read")(function* (fromMicros: number, db: DuckDb.DuckDb, folder: string) {
  const found = yield* (yield* SealedHours).interrupted(fromMicros)
  const states = new Map<MarketTicker, Replay.Replay>()
  for (const [hour, logs] of Map.groupBy(found, (log) => log.hourMicros)) {
    const tickers = logs.map((log) => log.marketTicker)
    for (const [ticker, state] of yield* statesOf(hour, tickers, db, folder)) {
      if (LogRowsBuilder.hasKeyframe(state)) states.set(ticker, state)
    }
  }
  return states
})

/** The states of some markets after an hour. */
const statesOf = Effect.fnUntraced(function* (
  hour: number,
  tickers: ReadonlyArray<MarketTicker>,
  db: DuckDb.DuckDb,
  folder: string
) {
  const manifest = Option.getOrUndefined(yield* SealedFiles.manifestOf(hour))
  const wanted = new Set(tickers)
  const entries = manifest?.markets.filter((market) => wanted.has(market.market_ticker)) ?? []
  if (manifest === undefined || entries.length < wanted.size) {
    const problem = `Postgres says that ${tickers[0]} has rows in the hour at ${isoFromMicros(hour)}, and its manifest does not`
    return yield* new SpanError({ problem, isRetryable: false })
  }
  const parts = new Set(entries.map((entry) => entry.part))
  const files = manifest.files.filter((file) => file.kind === "records" && parts.has(file.part))
  const paths = new Map<number, string>()
  for (const { part, path } of yield* SealedFiles.fetch({ ...manifest, files }, "records", folder))
    paths.set(part, path)
  const fold = LogRowsFold.make()
  yield* Effect.scoped(
    Effect.gen(function* () {
      const connection = yield* db.connect
      for (const { part, row_first: rowFirst, rows } of entries) {
        const file = paths.get(part) ?? ""
        yield* LogRowsReader.forEach(connection, { file, rowFirst, rows }, (batch) => LogRowsFold.apply(fold, batch))
        LogRowsFold.finish(fold)
      }
    })
  ).pipe(Effect.mapError(asMakeError))
  return fold.replays
})
