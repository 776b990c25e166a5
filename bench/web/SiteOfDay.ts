/**
 * The site and its API over an embedded Postgres with a made-up day, in a process of its own: a few markets, of which one has most of the
 * changes. Says where it listens and which market that is, then serves until its input ends.
 */
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as ApiServer from "@kalshibook/api/ApiServer"
import { RecorderStatusSource } from "@kalshibook/api/RecorderStatusSource"
import * as Sample from "@kalshibook/api/Sample"
import * as Site from "@kalshibook/api/site/Site"
import { StreamServer } from "@kalshibook/api/stream/StreamServer"
import * as PastDays from "@kalshibook/simulator/past/PastDays"
import * as Telemetry from "@kalshibook/store/Telemetry"
import { Effect, Layer } from "effect"
import { HttpServer } from "effect/http"
import * as PastFilling from "../../scripts/demo/PastFilling.ts"
import * as WebBuild from "../../scripts/web/WebBuild.ts"
import * as HotStores from "../http/HotStores.ts"

/** What the parent is told. */
export interface SiteOfDayReady {
  readonly port: number
  /** The market with the most records of the day. */
  readonly ticker: string
  readonly records: number
  /** A moment in the middle of its records, as an address has it. */
  readonly at: string
}

const hourMicros = 3_600_000_000
const dayMicros = 24 * hourMicros
/** Whole hours, and long enough ago to be stored. */
const untilMicros = Math.floor((Date.now() * 1_000) / hourMicros) * hourMicros
const settings = { fromMicros: untilMicros - dayMicros, untilMicros, marketsOpen: 6, deltasPerSecond: 16 }

interface Counted {
  records: number
  readonly micros: Array<number>
}

const fill = Effect.gen(function* () {
  const past = PastDays.make(settings)
  const counts = new Map<string, Counted>()
  const series = new Set<string>()
  const next = () => {
    const batch = PastDays.step(past)
    if (batch === undefined || batch === "unfinished") return batch
    for (const { marketTicker, tsReceivedMicros } of batch.rows.records) {
      const counted = counts.get(marketTicker) ?? { records: 0, micros: [] }
      counts.set(marketTicker, counted)
      if (counted.records++ % 1_000 === 0) counted.micros.push(tsReceivedMicros)
      series.add(marketTicker.split("-", 1)[0] ?? "")
    }
    return batch
  }
  yield* PastFilling.fill({ next, tapeId: null })
  const [hot] = [...counts].sort(([, one], [, other]) => other.records - one.records)
  if (hot === undefined) return yield* Effect.die("the day is empty")
  const [ticker, { micros, records }] = hot
  const at = new Date((micros[micros.length >> 1] ?? 0) / 1_000).toISOString()
  return { ticker, records, at, series }
})

const program = (folder: string) => {
  const stores = HotStores.layer(folder)
  return Effect.gen(function* () {
    const { series, ...day } = yield* fill
    const server = ApiServer.layer({ host: "127.0.0.1", port: 0 }).pipe(
      Layer.provide([RecorderStatusSource.layerDatabase, StreamServer.layerMemory]),
      Layer.provide([Site.layer(WebBuild.siteFolder), Layer.succeed(Sample.DemoSeries, series)])
    )
    return yield* Effect.gen(function* () {
      const { address } = yield* HttpServer.HttpServer
      const ready: SiteOfDayReady = { port: "port" in address ? Number(address.port) : 0, ...day }
      process.stdout.write(`${JSON.stringify(ready)}\n`)
      yield* Effect.callback<void>((resume) => {
        process.stdin.once("end", () => resume(Effect.void)).resume()
      })
    }).pipe(Effect.provide(server))
  }).pipe(Effect.provide(stores), Effect.provide(Telemetry.layerOtlp("bench")), Effect.scoped)
}

const folder = await mkdtemp(join(tmpdir(), "kalshibook-bench-web-"))
await Effect.runPromise(program(folder)).finally(() => rm(folder, { recursive: true, force: true }))
process.exit(0)
