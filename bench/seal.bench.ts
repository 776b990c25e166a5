/**
 * Sealing an hour: rows to Parquet, how small they become, and their replay through the book engine. All by processor time, so that
 * what else the machine does counts little; the memory is that of a process that does nothing else.
 */
import { execFile } from "node:child_process"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { type BenchRow, rate } from "./BenchTable.ts"
import * as CsvGz from "./seal/CsvGz.ts"
import * as HourOfLogs from "./seal/HourOfLogs.ts"
import * as OtherWriter from "./seal/OtherWriter.ts"
import type { Sealing } from "./seal/sealing.ts"

const settings: HourOfLogs.HourSettings = {
  records: Number(process.env["KALSHIBOOK_BENCH_RECORDS"] ?? 10_000_000),
  markets: 3_000
}
const otherRows = 100_000

const rowsPerSecondPromised = 500_000
const residentMebibytesPromised = 1_024
const recordBytesPromised = 11
const csvRatioPromised = 3
const replayPerSecondPromised = 1_000_000
const mebibyte = 1_048_576

const program = fileURLToPath(new URL("./seal/sealing.ts", import.meta.url))

const seal = async (folder: string): Promise<Sealing> => {
  const { stdout } = await promisify(execFile)(process.execPath, [program, JSON.stringify(settings), folder])
  return JSON.parse(stdout)
}

export const run = async (): Promise<ReadonlyArray<BenchRow>> => {
  const folder = await mkdtemp(join(tmpdir(), "kalshibook-seal-"))
  try {
    const sealing = await seal(folder)
    const otherSeconds = await OtherWriter.secondsOf(
      HourOfLogs.rowsOf(settings),
      otherRows,
      join(folder, "other.parquet")
    )
    const csvBytes = await CsvGz.bytesOf(HourOfLogs.rowsOf(settings), sealing.rows)
    return rowsOf(sealing, otherRows / otherSeconds, csvBytes)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
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
