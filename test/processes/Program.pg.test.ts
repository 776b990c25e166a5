/**
 * The collector's own program with its own embedded Postgres, which ends with it: killed as somebody would kill it who looks for the
 * process, and started again at once, while the database of before may still be ending.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import { startSimulatedExchange } from "@kalshibook/simulator/SimulatedExchange"
import * as EmbeddedPostgres from "@kalshibook/store/EmbeddedPostgres"
import { HotTier } from "@kalshibook/store/HotTier"
import { Effect, Layer, type Scope } from "effect"
import * as PgTest from "../../packages/store/test/PgTest.ts"
import type { Interval } from "./CollectorProcess.ts"
import * as Proof from "./Proof.ts"
import * as Scene from "./Scene.ts"

const program = fileURLToPath(new URL("../../packages/collector/src/main.ts", import.meta.url))
const killsCount = 3
/** From the first connection to the kill: long enough to commit something. */
const recordingMillis = 1_500

interface Program {
  /** Waits until it has printed this. */
  readonly printed: (pattern: RegExp) => Effect.Effect<void>
  readonly end: (signal: NodeJS.Signals) => Effect.Effect<Interval>
}

const hasEnded = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null

const endOf = (child: ChildProcess, signal: NodeJS.Signals): Effect.Effect<Interval> =>
  Effect.callback((resume) => {
    const fromMicros = Date.now() * 1000
    const done = (): void => resume(Effect.succeed({ fromMicros, toMicros: (Date.now() + 1) * 1000 }))
    if (hasEnded(child)) return done()
    child.once("exit", done)
    child.kill(signal)
  })

const start = (environment: Readonly<Record<string, string>>): Effect.Effect<Program, never, Scope.Scope> =>
  Effect.gen(function* () {
    let text = ""
    const listeners = new Set<() => void>()
    const child = yield* Effect.acquireRelease(
      Effect.sync(() => {
        const { DATABASE_URL, KALSHI_PRIVATE_KEY_PATH, ...inherited } = process.env
        return spawn(process.execPath, [program], {
          env: { ...inherited, ...environment },
          stdio: ["ignore", "pipe", "pipe"]
        })
      }),
      (started) => endOf(started, "SIGKILL")
    )
    const heard = (chunk?: Buffer): void => {
      text += chunk?.toString() ?? ""
      for (const listener of listeners) listener()
    }
    child.stdout.on("data", heard)
    child.stderr.on("data", heard)
    child.once("exit", () => heard())
    return {
      printed: (pattern) =>
        Effect.callback<void>((resume) => {
          const look = (): void => {
            if (pattern.test(text)) resume(Effect.void)
            else if (hasEnded(child)) resume(Effect.die(new Error(`ended without printing ${pattern}:\n${text}`)))
          }
          listeners.add(look)
          look()
          return Effect.sync(() => void listeners.delete(look))
        }),
      end: (signal) => endOf(child, signal)
    }
  })

describe("the collector's program with a database of its own", () => {
  it.live(
    `goes on where it was after each of ${killsCount} kills, and has stored everything that was received`,
    () =>
      Effect.gen(function* () {
        const exchange = yield* startSimulatedExchange({
          marketsOpen: 30,
          deltasPerSecond: 1_000,
          quickLifeSeconds: 86_400,
          seed: 13,
          readTokensPerSecond: 100_000,
          readTokensMax: 100_000,
          closedSessionsMax: 1_000
        })
        const folder = yield* PgTest.temporaryFolder
        const environment = {
          KALSHIBOOK_DATA_DIR: folder,
          KALSHIBOOK_TAPE_FREE_MEBIBYTES_MIN: "0",
          KALSHI_SOURCE: "simulator",
          KALSHI_API_KEY_ID: exchange.keyId,
          KALSHI_PRIVATE_KEY: exchange.privateKeyPem,
          KALSHI_REST_URL: exchange.restUrl,
          KALSHI_WS_URL: exchange.wsUrl
        }
        const stops: Array<Proof.Stop> = []
        let running = yield* start(environment)
        for (let kill = 0; kill < killsCount; kill++) {
          yield* running.printed(/connected to the exchange/)
          yield* Effect.sleep(recordingMillis)
          stops.push({ ...(yield* running.end("SIGKILL")), cause: "recorder_stopped" })
          running = yield* start(environment)
        }
        yield* running.printed(/connected to the exchange/)
        yield* Effect.sleep(recordingMillis)
        yield* Scene.inflict(exchange, { fault: "pause_trading" })
        stops.push({ ...(yield* running.end("SIGTERM")), cause: "recorder_stopped" })

        const place = yield* EmbeddedPostgres.start({ folder: join(folder, "postgres"), durability: "keep" })
        const stored = HotTier.layerNoDeps.pipe(Layer.provideMerge(PgTest.client(place, place.database)))
        const counts = yield* Proof.prove({ exchange, tapeFolder: join(folder, "tape"), stops }).pipe(
          Effect.provide(stored)
        )
        yield* Effect.logInfo("proved").pipe(Effect.annotateLogs({ ...counts }))
        assert.isAbove(counts.booksCompared, 100)
        assert.isAbove(counts.gaps, killsCount)
      }).pipe(Effect.scoped),
    1_800_000
  )
})
