import { readFile, writeFile } from "node:fs/promises"
import { assert, it } from "@effect/vitest"
import type { ManifestFile } from "@kalshibook/core/cold/Manifest"
import * as Replay from "@kalshibook/core/Replay"
import type * as DuckDb from "@kalshibook/store/cold/DuckDb"
import * as LogRowsWriter from "@kalshibook/store/cold/LogRowsWriter"
import * as ParquetFile from "@kalshibook/store/cold/ParquetFile"
import * as SegmentProof from "@kalshibook/store/cold/SegmentProof"
import * as SideRowsWriter from "@kalshibook/store/cold/SideRowsWriter"
import { Effect } from "effect"
import * as ColdLogs from "./ColdLogs.ts"

const logs = Array.from({ length: 25 }, (_, market) => ColdLogs.logOf(market, market % 4 === 0 ? 0 : 10, 60))

const fileOf = (kind: ManifestFile["kind"], file: LogRowsWriter.WrittenFile): ManifestFile => ({
  kind,
  part: file.part,
  key: file.path,
  bytes: file.bytes,
  sha256: file.sha256,
  rows: file.rows,
  ts_received_micros_min: file.tsReceivedMicrosMin,
  ts_received_micros_max: file.tsReceivedMicrosMax,
  ts_exchange_micros_min: file.tsExchangeMicrosMin,
  ts_exchange_micros_max: file.tsExchangeMicrosMax
})

const states = new Map(
  logs.map(({ before, records }) => {
    const replay: Replay.Replay = before.last === undefined ? Replay.make() : Replay.fromKeyframe(keyframeOf(before))
    for (const record of records) Replay.apply(replay, record)
    return [records[0]?.marketTicker as string, replay]
  })
)

/** Of a log that stands in a gap the keyframe does not matter: what follows begins with a snapshot. */
function keyframeOf(replay: Replay.Replay) {
  return Replay.toKeyframe({ ...replay, trust: { _tag: "trusted", sinceOffset: 1 } }) as NonNullable<
    ReturnType<typeof Replay.toKeyframe>
  >
}

const sealed = Effect.gen(function* () {
  const { connection, db, folder } = yield* ColdLogs.place
  const options = { folder, fileBytesMax: 12_000, codeRevision: "test" }
  const written = yield* LogRowsWriter.write(db, ColdLogs.streamOf(logs), options)
  const gaps = yield* SideRowsWriter.write(db, "gaps", [["KXTEST-A", 1, 2, 3, "audit", null, null]], options)
  const claim: SegmentProof.Claim = {
    files: [...written.files.map((file) => fileOf("records", file)), ...gaps.map((file) => fileOf("gaps", file))],
    markets: written.markets,
    records: written.records
  }
  return { connection, db, claim }
})

const prove = (db: DuckDb.DuckDb, claim: SegmentProof.Claim, more: Partial<SegmentProof.ProofOptions> = {}) =>
  SegmentProof.prove(db, { claim, pathOf: ({ key }) => key, ...more })

it.live(
  "finds nothing about files that are what is claimed, and compares them with another's books and another reader",
  () =>
    Effect.gen(function* () {
      const { claim, db } = yield* sealed
      const report = yield* prove(db, claim, { states, before: claim.markets.map(asBefore) })
      assert.deepStrictEqual(report.problems, [])
      assert.isAbove(report.files, 3)
      assert.strictEqual(report.marketsCompared, logs.length)
      assert.isAbove(report.rowsCompared, 500)
      assert.strictEqual(report.records, 25 * 60)
    }).pipe(Effect.scoped)
)

/** What the hour before would have said of the market. */
const asBefore = (market: SegmentProof.Claim["markets"][number]) => ({
  ...market,
  offset_last: market.has_keyframe ? market.offset_first - (market.records > 0 ? 1 : 0) : market.offset_first - 1
})

it.live("finds a byte that changed, a file that is missing, cut short, or another one in its place", () =>
  Effect.gen(function* () {
    const { claim, db } = yield* sealed
    const [first, second] = claim.files as readonly [ManifestFile, ManifestFile]
    const whole = yield* Effect.promise(() => readFile(first.key))
    const other = yield* Effect.promise(() => readFile(second.key))
    const flipped = Buffer.from(whole)
    flipped[1_000] = (flipped[1_000] as number) ^ 1
    for (const bytes of [flipped, whole.subarray(0, -50), other, Buffer.alloc(0)]) {
      yield* Effect.promise(() => writeFile(first.key, bytes))
      const { problems } = yield* prove(db, claim)
      assert.isTrue(problems.some(({ file }) => file === first.key))
      assert.isTrue(problems.every(({ file }) => file === first.key))
    }
    const { problems } = yield* prove(db, claim, { pathOf: ({ key }) => `${key}.gone` })
    assert.strictEqual(problems.length, claim.files.length)
  }).pipe(Effect.scoped)
)

it.live("finds a row that changed, though the manifest was changed with it", () =>
  Effect.gen(function* () {
    const { claim, connection, db } = yield* sealed
    const [first] = claim.files as readonly [ManifestFile]
    const forge = (what: string) =>
      Effect.gen(function* () {
        const path = first.key.replace("records-0000", "forged")
        const { bytes, sha256 } = yield* ParquetFile.write(connection, `${what}`, path, {
          kind: "records",
          codeRevision: "x"
        })
        const files = claim.files.map((file) => (file === first ? { ...file, bytes, sha256 } : file))
        const pathOf = (file: ManifestFile) => (file.key === first.key ? path : file.key)
        return (yield* prove(db, { ...claim, files }, { pathOf, states })).problems.map(SegmentProof.sentenceOf)
      })
    const from = `read_parquet('${first.key}', file_row_number = true)`
    assert.deepStrictEqual(yield* forge(`select * exclude (file_row_number) from ${from}`), [])
    const changes = [
      `select * exclude (file_row_number) replace (if(file_row_number = 40, size_delta + 1, size_delta) as size_delta) from ${from}`,
      `select * exclude (file_row_number) from ${from} where file_row_number <> 70`,
      `select * exclude (file_row_number) from ${from} order by file_row_number desc`
    ]
    for (const change of changes) assert.isNotEmpty(yield* forge(change))
  }).pipe(Effect.scoped)
)

it.live("finds a market whose books, offsets or place are not what is claimed", () =>
  Effect.gen(function* () {
    const { claim, db } = yield* sealed
    const [first, ...rest] = claim.markets as readonly [SegmentProof.Claim["markets"][number]]
    const changed = [
      { ...first, book_hash: "0123456789abcdef" },
      { ...first, offset_last: first.offset_last + 1 },
      { ...first, row_first: 1 },
      { ...first, gaps: first.gaps + 1 }
    ]
    for (const market of changed) {
      const { problems } = yield* prove(db, { ...claim, markets: [market, ...rest] })
      assert.isTrue(problems.some(({ marketTicker }) => marketTicker === first.market_ticker))
    }
    const lost = yield* prove(db, claim, { before: [{ ...first, market_ticker: "KXTEST-LOST" }] })
    assert.deepStrictEqual(
      lost.problems.map(({ marketTicker }) => marketTicker),
      ["KXTEST-LOST"]
    )
    const holed = yield* prove(db, claim, { before: [{ ...first, offset_last: first.offset_first + 7 }] })
    assert.deepStrictEqual(
      holed.problems.map(({ marketTicker }) => marketTicker),
      [first.market_ticker]
    )
    const wrong = new Map([[first.market_ticker, Replay.make()]])
    assert.strictEqual((yield* prove(db, claim, { states: wrong })).problems.length, 1)
  }).pipe(Effect.scoped)
)
