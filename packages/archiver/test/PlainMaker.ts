/** Files of lines in place of Parquet, by the plainest means: for what must hold whatever the files are made of. */
import { createHash } from "node:crypto"
import { readFile, writeFile } from "node:fs/promises"
import { type MadeFile, type MadeSpan, SpanMaker } from "@kalshibook/archiver/SpanMaker"
import type { Manifest, ManifestMarket } from "@kalshibook/core/cold/Manifest"
import { hourMicros } from "@kalshibook/core/cold/SegmentKeys"
import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"

interface Row {
  readonly ticker: string
  readonly record_offset: number
  readonly ts_received_micros: number
  readonly kind: string
}

export const layer: Layer.Layer<SpanMaker, never, SqlClient.SqlClient> = Layer.effect(
  SpanMaker,
  Effect.map(SqlClient.SqlClient, (sql) =>
    SpanMaker.of({
      hour: (fromMicros, folder) =>
        sql<Row>`
          select ticker, record_offset, ts_received_micros, kind from records join markets using (market_id)
          where ts_received_micros >= ${fromMicros} and ts_received_micros < ${fromMicros + hourMicros}
          order by ticker collate "C", record_offset`.pipe(
          Effect.orDie,
          Effect.flatMap((rows) => Effect.promise(() => madeOf(rows, folder)))
        ),
      day: (_fromMicros, hours, folder) => Effect.promise(() => madeOf(hours.flatMap(rowsOfManifest), folder)),
      problems: ({ claim, pathOf }) =>
        Effect.promise(async () => {
          const problems: Array<string> = []
          for (const file of claim.files) {
            const lines = (await readFile(pathOf(file), "utf8")).split("\n").length - 1
            if (lines !== file.rows) problems.push(`${file.key} has ${lines} rows`)
          }
          return problems
        })
    })
  )
)

const rowsOfManifest = ({ from_micros, markets }: Manifest): ReadonlyArray<Row> =>
  markets.map((market) => ({
    ticker: market.market_ticker,
    record_offset: market.offset_last,
    ts_received_micros: from_micros,
    kind: "d"
  }))

/** Each market in a file of its own. */
const madeOf = async (rows: ReadonlyArray<Row>, folder: string): Promise<MadeSpan> => {
  const byMarket = Map.groupBy(rows, (row) => row.ticker)
  const files: Array<MadeFile> = []
  const markets: Array<ManifestMarket> = []
  for (const [ticker, own] of byMarket) {
    const part = files.length
    const bytes = Buffer.from(own.map((row) => `${JSON.stringify(row)}\n`).join(""))
    const path = `${folder}/${part}`
    await writeFile(path, bytes)
    files.push({
      kind: "records",
      part,
      path,
      bytes: bytes.length,
      sha256: createHash("sha256").update(bytes).digest("hex"),
      rows: own.length,
      ts_received_micros_min: own[0]?.ts_received_micros ?? null,
      ts_received_micros_max: own.at(-1)?.ts_received_micros ?? null,
      ts_exchange_micros_min: null,
      ts_exchange_micros_max: null
    })
    markets.push({
      market_ticker: ticker,
      part,
      row_first: 0,
      rows: own.length,
      has_keyframe: false,
      ts_first_micros: own[0]?.ts_received_micros ?? null,
      ts_last_micros: own.at(-1)?.ts_received_micros ?? null,
      records: own.length,
      gaps: own.filter((row) => row.kind === "g").length,
      offset_first: own[0]?.record_offset ?? 0,
      offset_last: own.at(-1)?.record_offset ?? 0,
      book_hash: "0000000000000000",
      gap_cause: null
    })
  }
  return { files, markets, records: rows.length, tapes: [] }
}
