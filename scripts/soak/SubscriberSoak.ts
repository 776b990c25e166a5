/**
 * Any number of subscribers of the live stream, for any number of minutes: a simulated exchange, a collector, a Postgres and the API's own
 * program, and the subscribers in a process of theirs. At the end what each was sent is held to what is stored.
 */
import { spawn } from "node:child_process"
import { readFile } from "node:fs/promises"
import { fileURLToPath } from "node:url"
import * as RecordView from "@kalshibook/core/contract/RecordView"
import { bufferBytesMax } from "@kalshibook/core/contract/stream/StreamLimits"
import { Accounts } from "@kalshibook/store/Accounts"
import { HotTier } from "@kalshibook/store/HotTier"
import { Pepper } from "@kalshibook/store/KeyHash"
import { Keys } from "@kalshibook/store/Keys"
import { Cause, Effect, Layer, Option, Redacted, type Scope } from "effect"
import * as ApiProcess from "../../test/processes/ApiProcess.ts"
import * as Scene from "../../test/processes/Scene.ts"
import * as SubscriberLog from "./SubscriberLog.ts"
import type { Figures, SubscriberReport, Tells, Told } from "./SubscriberPlan.ts"

export interface SubscriberSoakOptions {
  readonly subscribers: number
  readonly minutes: number
  readonly seed: number | undefined
}

const deltasPerSecond = 1_000
const seedsBelow = 2 ** 31
const progressMillis = 10_000
/** What a process may grow by while it serves, beside what may wait for those who do not read. */
const growthBytesMax = 256 * 1024 * 1024
/** Of the time, those who stall do not read: at this rate, from a minute and a half on, more than what may wait for them. */
const stallShare = 0.6
const plenty = 100_000_000

/** Whether every subscriber was sent history and nothing else, and the API stayed within its bounds; prints what was found. */
export const run = async (options: SubscriberSoakOptions): Promise<boolean> => {
  const seed = options.seed ?? Math.floor(Math.random() * seedsBelow)
  const exit = await Effect.runPromiseExit(Effect.scoped(soak({ ...options, seed })))
  if (exit._tag === "Success" && exit.value.length === 0) return true
  const problems = exit._tag === "Success" ? exit.value.slice(0, 20) : [Cause.pretty(exit.cause)]
  process.stdout.write(`seed ${seed}: a promise is broken\n${problems.join("\n")}\n`)
  return false
}

const soak = Effect.fnUntraced(function* ({ minutes, seed, subscribers }: SubscriberSoakOptions & { seed: number }) {
  const say = (text: string): void => void process.stdout.write(`${text}\n`)
  const feedPort = yield* ApiProcess.freePort
  const scene = yield* Scene.make({ feedPort, exchange: { seed, deltasPerSecond }, collectors: { hasStandby: false } })
  const collector = yield* scene.start
  yield* scene.untilLive(collector)
  const pepper = `soak ${globalThis.crypto.randomUUID()}`
  const key = yield* customer(subscribers).pipe(
    Effect.provide(
      Layer.mergeAll(Accounts.layerNoDeps, Keys.layerNoDeps).pipe(
        Layer.provide(Layer.succeed(Pepper, Redacted.make(pepper))),
        Layer.provide(Layer.succeedContext(scene.postgres.connection))
      )
    )
  )
  const api = yield* ApiProcess.start({
    DATABASE_URL: scene.postgres.url,
    KALSHIBOOK_DATA_DIR: scene.tapeFolder,
    KALSHIBOOK_KEY_PEPPER: pepper,
    KALSHIBOOK_API_PORT: String(yield* ApiProcess.freePort),
    KALSHIBOOK_FEED_URL: `tcp://127.0.0.1:${feedPort}`
  })
  const markets = [...scene.exchange.exchange.markets.values()]
    .filter(({ status }) => status === "active")
    .map(({ ticker }) => ticker)
    .toSorted()
  const stallMillis = minutes * 60_000 * stallShare
  const beganMillis = performance.now()
  const secondsNow = () => ((performance.now() - beganMillis) / 1_000).toFixed(0)
  let toldMillis = 0
  let recordsJoined = 0
  const crowd = yield* startCrowd((figures) => {
    if (figures.reconnects === 0) recordsJoined = figures.records
    if (performance.now() - toldMillis < progressMillis) return
    toldMillis = performance.now()
    say(`${secondsNow()} s: ${JSON.stringify(figures)}`)
  })
  crowd.tell({ _tag: "begin", plan: { url: api.url, key, seed, subscribers, markets, stallMillis } })
  yield* crowd.joined
  const rssJoined = yield* rssBytes(api.pid)
  const joinedMillis = performance.now()
  say(`seed ${seed}: ${subscribers} subscribers of ${markets.length} markets joined within ${secondsNow()} s`)
  let rssMax = rssJoined
  while (performance.now() - joinedMillis < minutes * 60_000) {
    yield* Effect.sleep("1 second")
    rssMax = Math.max(rssMax, yield* rssBytes(api.pid))
  }
  yield* Scene.inflict(scene.exchange, { fault: "pause_trading" })
  yield* scene.untilLevel(collector)
  const histories = yield* Effect.provide(
    historiesOf,
    HotTier.layerNoDeps.pipe(Layer.provide(Layer.succeedContext(scene.postgres.connection)))
  )
  const seconds = (performance.now() - joinedMillis) / 1_000
  const heads = Object.fromEntries([...histories].map(([ticker, history]) => [ticker, history.length - 1]))
  crowd.tell({ _tag: "settle", heads })
  const { figures, subscribers: reports } = yield* crowd.report
  rssMax = Math.max(rssMax, yield* rssBytes(api.pid))
  yield* collector.stop
  const stalling = reports.filter(({ isStalling }) => isStalling).length
  const rssBound = rssJoined + stalling * bufferBytesMax + growthBytesMax
  const problems = [
    ...reports.flatMap((report) => problemsOf(report, histories)),
    ...(rssMax <= rssBound ? [] : [`the API grew from ${mebibytes(rssJoined)} to ${mebibytes(rssMax)}`])
  ]
  say(`${seconds.toFixed(0)} s: ${JSON.stringify(figures)}`)
  say(
    `${Math.round((figures.records - recordsJoined) / seconds)} deliveries/s since all had joined; the API had ${mebibytes(rssJoined)} when all had joined, and at most ${mebibytes(rssMax)} (bound ${mebibytes(rssBound)}); ${stalling} stalled`
  )
  if (problems.length === 0) {
    const held = reports.reduce((sum, { logs }) => sum + Object.keys(logs).length, 0)
    say(`proved: ${held} logs of ${reports.length} subscribers are history, record by record`)
  }
  return problems
})

const customer = Effect.fnUntraced(function* (connections: number) {
  const rates = { requestsPerSecond: plenty, burst: plenty, requestsAtOnce: plenty }
  const terms = { creditsMonthly: plenty, connections: connections + 100, ...rates }
  const { accountId } = yield* (yield* Accounts).create({ name: "soak", tier: "enterprise", terms })
  const { key } = yield* (yield* Keys).create({ accountId, name: "soak", scopes: ["stream"] })
  return Redacted.value(key)
})

const historiesOf = Effect.gen(function* () {
  const hotTier = yield* HotTier
  const all = { fromMicros: 0, toMicros: Number.MAX_SAFE_INTEGER, afterOffset: 0, recordsMax: 10_000_000 }
  const found = new Map<string, SubscriberLog.History>()
  for (const { marketTicker } of yield* hotTier.heads) {
    const records = yield* hotTier.records({ ...all, marketTicker })
    found.set(marketTicker, SubscriberLog.historyOf(records.map((record) => RecordView.view(record, undefined))))
  }
  return found
})

/** Whoever reads has every record since he joined in one run; whoever stalls has runs, between which it was said what is missing. */
const problemsOf = (
  { faults, isStalling, logs, name }: SubscriberReport,
  histories: ReadonlyMap<string, SubscriberLog.History>
): ReadonlyArray<string> => [
  ...faults.map((fault) => `subscriber ${name}: ${fault}`),
  ...Object.entries(logs).flatMap(([ticker, { faults, runs }]) => {
    const log = { faults: [...faults], runs: [...runs] }
    const wrong = SubscriberLog.differences(log, histories.get(ticker) ?? [0])
    const holes = isStalling || runs.length === 1 ? [] : [`has ${runs.length} runs, and read all the time`]
    return [...wrong, ...holes].map((one) => `subscriber ${name}: ${ticker} ${one}`)
  })
]

/** The process of the subscribers. */
const startCrowd = (onProgress: (figures: Figures) => void): Effect.Effect<Crowd, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() =>
        spawn(process.execPath, [fileURLToPath(new URL("./subscribers.ts", import.meta.url))], {
          stdio: ["ignore", "inherit", "inherit", "ipc"]
        })
      ),
      (child) => Effect.sync(() => child.kill("SIGKILL"))
    ),
    (child) => {
      child.on("message", (tells: Tells) => {
        if (tells._tag === "progress") onProgress(tells.figures)
      })
      const heard = <Tag extends Tells["_tag"]>(tag: Tag) =>
        Effect.callback<Extract<Tells, { readonly _tag: Tag }>>((resume) => {
          child.on("message", (tells: Tells) => {
            if (tells._tag === tag) resume(Effect.succeed(tells as Extract<Tells, { readonly _tag: Tag }>))
          })
          child.once("exit", (code) => resume(Effect.die(new Error(`the subscribers ended with ${code}`))))
        })
      return { tell: (told) => void child.send(told), joined: heard("joined"), report: heard("report") }
    }
  )

interface Crowd {
  readonly tell: (told: Told) => void
  readonly joined: Effect.Effect<unknown>
  readonly report: Effect.Effect<Extract<Tells, { readonly _tag: "report" }>>
}

/** What a process has in memory; 0 where the system does not say. */
const rssBytes = (pid: number): Effect.Effect<number> =>
  Effect.promise(async () => {
    const text = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "")
    return Number(Option.getOrElse(Option.fromNullishOr(/VmRSS:\s+(\d+) kB/.exec(text)?.[1]), () => "0")) * 1_024
  })

const mebibytes = (bytes: number): string => `${Math.round(bytes / 1_048_576)} MiB`
