/**
 * One round at a fixed pace, followed by another process: records a steady stream into a new database, while a node that serves nobody
 * measures how long after its receipt each change is known there. All of them share the machine, and its clock.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { Audits } from "@kalshibook/store/Audits"
import { ChannelGaps } from "@kalshibook/store/ChannelGaps"
import * as Database from "@kalshibook/store/Database"
import { Epochs } from "@kalshibook/store/Epochs"
import { FeedHub } from "@kalshibook/store/feed/FeedHub"
import { FeedServer } from "@kalshibook/store/feed/FeedServer"
import { HotTier } from "@kalshibook/store/HotTier"
import { MarketCatalog } from "@kalshibook/store/MarketCatalog"
import { TapePlace } from "@kalshibook/store/tape/TapePlace"
import { Duration, Effect, Layer, Option, References, Schedule, type Scope } from "effect"
import { collectorOf, measure, type Usage } from "./Collecting.ts"
import * as ExchangeProcess from "./ExchangeProcess.ts"
import type { FollowerReport } from "./follower.ts"
import type { HoseSettings } from "./Hose.ts"

export interface FeedRound extends Usage, FollowerReport {}

const restMillisMax = 120_000
const program = fileURLToPath(new URL("./follower.ts", import.meta.url))

/** Follows until it is asked what it has measured. */
const startFollower = (port: number): Effect.Effect<Effect.Effect<FollowerReport>, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => spawn(process.execPath, [program, String(port)], { stdio: ["pipe", "pipe", "inherit"] })),
    (child) => Effect.sync(() => void (child.pid !== undefined && child.kill()))
  ).pipe(Effect.map(report))

const report = (child: ChildProcess): Effect.Effect<FollowerReport> =>
  Effect.callback((resume) => {
    if (child.stdout !== null) {
      createInterface(child.stdout).once("line", (line) => resume(Effect.succeed(JSON.parse(line) as FollowerReport)))
    }
    child.stdin?.end()
  })

/** Records into a database in `folder`. Rejects when a change was not told, or not once. */
export const record = (settings: HoseSettings & { readonly framesPerSecond: number }, folder: string) =>
  Effect.gen(function* () {
    const address = yield* ExchangeProcess.start(settings)
    const recordsWanted = settings.changes + address.outcomes.length
    const server = yield* FeedServer
    const measured = yield* startFollower(server.port)
    // Before the first change.
    yield* Effect.suspend(() => (server.followers() > 0 ? Effect.void : Effect.fail("not yet"))).pipe(
      Effect.retry(Schedule.spaced("20 millis"))
    )
    const usage = yield* measure(address, ({ recordsCommitted }) => recordsCommitted >= recordsWanted).pipe(
      Effect.provide(collectorOf(address))
    )
    const followed = yield* measured
    if (followed.changes !== settings.changes) {
      return yield* Effect.die(`${followed.changes} of ${settings.changes} changes were told`)
    }
    return { ...usage, ...followed } satisfies FeedRound
  }).pipe(
    Effect.provide(
      Layer.mergeAll(
        Audits.layerNoDeps,
        ChannelGaps.layerNoDeps,
        Epochs.layerNoDeps,
        HotTier.layerNoDeps,
        MarketCatalog.layerNoDeps,
        TapePlace.layer(join(folder, "tape"))
      )
    ),
    Effect.provide(Database.layerEmbedded({ folder, durability: "keep" })),
    Effect.provide(
      Layer.provideMerge(FeedServer.layerOf({ host: "127.0.0.1", port: 0, secret: Option.none() }), FeedHub.layer)
    ),
    Effect.scoped,
    Effect.timeout(Duration.millis((settings.changes / settings.framesPerSecond) * 1000 + restMillisMax)),
    Effect.provideService(References.MinimumLogLevel, "Error"),
    Effect.runPromise
  )
