/** Past days into an empty database, as `npm run demo-history` stores them before they are sealed. */
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as PastDays from "@kalshibook/simulator/past/PastDays"
import { Coverage } from "@kalshibook/store/Coverage"
import * as Database from "@kalshibook/store/Database"
import { HotTier } from "@kalshibook/store/HotTier"
import { MarketCatalog } from "@kalshibook/store/MarketCatalog"
import { Effect, Layer } from "effect"
import * as PastFilling from "../scripts/demo/PastFilling.ts"
import { type BenchRow, rate } from "./BenchTable.ts"

const recordsPerSecondPromised = 100_000
const hourMicros = 3_600_000_000
/** 2026-11-21T00:00:00Z. */
const fromMicros = 1_795_219_200_000_000
const settings = { fromMicros, untilMicros: fromMicros + 24 * hourMicros, marketsOpen: 60, deltasPerSecond: 20 }

export const run = async (): Promise<ReadonlyArray<BenchRow>> => {
  const folder = await mkdtemp(join(tmpdir(), "kalshibook-bench-"))
  const stores = Layer.mergeAll(Coverage.layerNoDeps, HotTier.layerNoDeps, MarketCatalog.layerNoDeps).pipe(
    Layer.provide(Database.layerEmbedded({ folder: join(folder, "postgres"), durability: "keep" }))
  )
  const fill = Effect.gen(function* () {
    const past = PastDays.make(settings)
    const startMillis = performance.now()
    const { records } = yield* PastFilling.fill({ next: () => PastDays.step(past), tapeId: null })
    return { records, recordsPerSecond: (records / (performance.now() - startMillis)) * 1_000 }
  })
  const { records, recordsPerSecond } = await Effect.runPromise(fill.pipe(Effect.provide(stores)))
  await rm(folder, { recursive: true, force: true })
  return [
    {
      what: `a past day into the hot tier: frames, recorder, Postgres; ${(records / 1e6).toFixed(1)} M records`,
      ours: rate(recordsPerSecond),
      baseline: "",
      ratio: "",
      promised: `at least ${rate(recordsPerSecondPromised)}`,
      passed: recordsPerSecond >= recordsPerSecondPromised
    }
  ]
}
