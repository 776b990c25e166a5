/**
 * Sealing an hour: rows to Parquet, how small they become, and their replay through the book engine; and the same out of a Postgres.
 * By processor time, so that what else the machine does counts little; the memory is that of a process that does nothing else.
 *
 * The files are not 3 times smaller than CSV.gz, and cannot be: what the columns of both hold by chance alone is more than a third of it.
 */
import { execFile } from "node:child_process"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { type BenchRow, rate } from "./BenchTable.ts"
import * as CsvGz from "./seal/CsvGz.ts"
import * as Entropy from "./seal/Entropy.ts"
import * as HourOfLogs from "./seal/HourOfLogs.ts"
import * as OtherWriter from "./seal/OtherWriter.ts"
import type { Sealing } from "./seal/sealing.ts"
import type { HotSealing } from "./seal/sealing-hot.ts"

const settings: HourOfLogs.HourSettings = {
  records: Number(process.env["KALSHIBOOK_BENCH_RECORDS"] ?? 10_000_000),
  markets: 3_000
}
const otherRows = 100_000
/** Postgres has to be filled first. */
const hotSettings: HourOfLogs.HourSettings = { ...settings, records: Math.min(1_000_000, settings.records) }

const rowsPerSecondPromised = 500_000
const residentMebibytesPromised = 1_024
const recordBytesPromised = 11
const csvRatioPromised = 3
const replayPerSecondPromised = 1_000_000
const mebibyte = 1_048_576

const measured = async <A>(program: string, hour: HourOfLogs.HourSettings, folder: string): Promise<A> => {
  const path = fileURLToPath(new URL(`./seal/${program}.ts`, import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, [path, JSON.stringify(hour), folder])
  return JSON.parse(stdout)
}

export const run = async (): Promise<ReadonlyArray<BenchRow>> => {
  const folder = await mkdtemp(join(tmpdir(), "kalshibook-seal-"))
  try {
    const sealing = await measured<Sealing>("sealing", settings, folder)
    const otherSeconds = await OtherWriter.secondsOf(
      HourOfLogs.rowsOf(settings),
      otherRows,
      join(folder, "other.parquet")
    )
    const csvBytes = await CsvGz.bytesOf(HourOfLogs.rowsOf(settings), sealing.rows)
    const hot = await measured<HotSealing>("sealing-hot", hotSettings, folder)
    const entropy = Entropy.of(HourOfLogs.rowsOf(settings))
    return [
      ...rowsOf(sealing, otherRows / otherSeconds, csvBytes),
      floorOf(entropy, sealing, csvBytes),
      ...hotRows(hot)
    ]
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const floorOf = ({ levels, times }: Entropy.Entropy, sealing: Sealing, csvBytes: number): BenchRow => {
  const floorBytes = times + levels
  const csvRecordBytes = csvBytes / sealing.records
  const neededBytes = (csvRecordBytes / csvRatioPromised).toFixed(2)
  return {
    what: `the least that its columns in common with the CSV take: ${times.toFixed(2)} B of times, ${levels.toFixed(2)} B of side, price and sizes of new levels`,
    ours: `${floorBytes.toFixed(2)} B`,
    baseline: `${csvRecordBytes.toFixed(2)} B`,
    ratio: `${(csvRecordBytes / floorBytes).toFixed(1)}x at most`,
    promised: `shown; ${csvRatioPromised}x smaller would be ${neededBytes} B`,
    passed: true
  }
}

const hotRows = ({ readSeconds, records, rows, sealSeconds }: HotSealing): ReadonlyArray<BenchRow> => {
  const scale = `${(records / 1e6).toFixed(1)} M records of ${hotSettings.markets.toLocaleString("en")} markets`
  const rowsPerSecond = rows / sealSeconds
  return [
    {
      what: `read an hour out of Postgres by COPY, by the clock, ${scale}`,
      ours: rate(rows / readSeconds),
      baseline: "",
      ratio: "",
      promised: "shown",
      passed: true
    },
    {
      what: "seal it from there to Parquet, reading and writing on one core",
      ours: rate(rowsPerSecond),
      baseline: "",
      ratio: "",
      promised: `at least ${rate(rowsPerSecondPromised)}`,
      passed: rowsPerSecond >= rowsPerSecondPromised
    }
  ]
}

const rowsOf = (sealing: Sealing, otherPerSecond: number, csvBytes: number): ReadonlyArray<BenchRow> => {
  const scale = `${(sealing.records / 1e6).toFixed(1)} M records of ${settings.markets.toLocaleString("en")} markets`
  const rowsPerSecond = sealing.rows / sealing.sealSeconds
  const residentMebibytes = sealing.residentBytesMax / mebibyte
  const recordBytes = sealing.bytes / sealing.records
  const csvRecordBytes = csvBytes / sealing.records
  const csvRatio = csvBytes / sealing.bytes
  const replayPerSecond = sealing.records / sealing.replaySeconds
  return [
    {
      what: `seal an hour to Parquet on one core, ${scale}; baseline parquetjs-lite, rows`,
      ours: rate(rowsPerSecond),
      baseline: rate(otherPerSecond),
      ratio: `${(rowsPerSecond / otherPerSecond).toFixed(0)}x`,
      promised: `at least ${rate(rowsPerSecondPromised)}`,
      passed: rowsPerSecond >= rowsPerSecondPromised
    },
    {
      what: `its memory, ${sealing.files} files of up to ${(sealing.fileBytesMax / mebibyte).toFixed(1)} MiB`,
      ours: `${residentMebibytes.toFixed(0)} MiB`,
      baseline: "",
      ratio: "",
      promised: `at most ${residentMebibytesPromised} MiB`,
      passed: residentMebibytes <= residentMebibytesPromised
    },
    {
      what: "its bytes a record; baseline incremental_book_L2 CSV.gz of the same rows, by receipt",
      ours: `${recordBytes.toFixed(2)} B`,
      baseline: `${csvRecordBytes.toFixed(2)} B`,
      ratio: `${csvRatio.toFixed(1)}x`,
      promised: `at most ${recordBytesPromised} B, ${csvRatioPromised}x smaller`,
      passed: recordBytes <= recordBytesPromised && csvRatio >= csvRatioPromised
    },
    {
      what: "replay of its records from Parquet through the book engine, in log order, on one core",
      ours: rate(replayPerSecond),
      baseline: "",
      ratio: "",
      promised: `at least ${rate(replayPerSecondPromised)}`,
      passed: replayPerSecond >= replayPerSecondPromised
    }
  ]
}
