// adapter: starts servers and timers of node, which live by callbacks
/**
 * An exchange in a box: Kalshi's websocket and REST on one port of this machine, with markets that nobody has to pay for.
 *
 * `startSimulatedExchange` gives a running one that stops with its scope. It can be driven by hand, made to fail in every way a
 * client must survive, and asked for the truth that the client should have seen.
 */
import { readFileSync } from "node:fs"
import { restPathPrefix, websocketPath } from "@kalshibook/core/kalshi/Signing"
import { Context, Effect, Layer, Result, Schema, type Scope } from "effect"
import * as Course from "./Course.ts"
import type { Exchange } from "./exchange/Exchange.ts"
import { defaultSettings, type ExchangeSettings, problemOf } from "./exchange/ExchangeSettings.ts"
import * as Faults from "./fault/Faults.ts"
import * as FrameFaults from "./fault/FrameFaults.ts"
import type { Pace, Playback } from "./recording/Playback.ts"
import * as Recording from "./recording/Recording.ts"
import * as AccessKeys from "./server/AccessKeys.ts"
import * as AdminApi from "./server/AdminApi.ts"
import * as ExchangeServer from "./server/ExchangeServer.ts"
import { defaultServerSettings, problemOfServer, type ServerSettings } from "./server/ServerSettings.ts"
import * as Feed from "./session/Feed.ts"
import * as TruthReader from "./session/TruthReader.ts"

/** Absent fields take the defaults; `startMicros` is now. */
export interface SimulatedExchangeOptions extends Partial<ExchangeSettings>, Partial<ServerSettings> {
  /** Keys of clients, besides the one that is made for the owner. */
  readonly trustedKeys?: ReadonlyArray<AccessKeys.AccessKey> | undefined
  /** The owner's key; made anew (some hundred milliseconds) when absent. */
  readonly ownKey?: AccessKeys.OwnKey | undefined
  /** Serves the frames of this file (one a line) in place of invented markets, when all its markets are subscribed. */
  readonly recording?: { readonly path: string; readonly pace: Pace } | undefined
}

/** The exchange could not be started. */
export class SimulatorStartError extends Schema.TaggedError<SimulatorStartError>()("SimulatorStartError", {
  /** What it failed of: an option that is not allowed is `settings`. */
  reason: Schema.Literals(["port_in_use", "settings", "recording", "network"]),
  problem: Schema.String
}) {
  override get message(): string {
    return this.problem
  }
}

export interface RunningExchange {
  readonly port: number
  /** With `/trade-api/v2`, without a slash at the end. */
  readonly restUrl: string
  readonly wsUrl: string
  readonly adminUrl: string
  /** A key that the exchange accepts, and its private half, PKCS#8 PEM. */
  readonly keyId: string
  readonly privateKeyPem: string
  readonly exchange: Exchange
  readonly truth: TruthReader.TruthReader
  readonly faults: Faults.Faults
  readonly server: ExchangeServer.ExchangeServer
  /** The recording that is served, with how far it has been played. */
  readonly playback: Playback | undefined
  /** Lets the next `count` things happen and sends what came of it. For `drive: "manual"`. */
  readonly step: (count: number) => void
  /** Lets time pass. For `drive: "manual"`. */
  readonly advance: (millis: number) => void
}

/** Starts an exchange; it ends with the scope. */
export const startSimulatedExchange = (
  options: SimulatedExchangeOptions = {}
): Effect.Effect<RunningExchange, SimulatorStartError, Scope.Scope> =>
  Effect.gen(function* () {
    const { ownKey: givenKey, recording, trustedKeys = [], ...given } = options
    const settings = { ...defaultSettings, ...defaultServerSettings, startMicros: Date.now() * 1000, ...given }
    const problem = problemOf(settings) ?? problemOfServer(settings)
    if (problem !== undefined) return yield* startError("settings", problem)
    const ownKey = givenKey ?? AccessKeys.generate()
    const keys = AccessKeys.make([ownKey, ...trustedKeys])
    if (Result.isFailure(keys)) return yield* startError("settings", keys.failure)

    const course = yield* courseOf(settings, recording)
    const { exchange } = course
    const reservedSids = new Map(
      course.playback === undefined ? [] : [["orderbook_delta", course.playback.recording.sid]]
    )
    const limits = { ...settings, sendsSendingTime: settings.sendsSendingTime && course.playback === undefined }
    const feed = Feed.make({ exchange, limits, faults: FrameFaults.make(settings.seed), reservedSids })
    const services = yield* Effect.context<never>()
    const onDefect = (defect: unknown): void => {
      Effect.runForkWith(services)(Effect.logError("the simulated exchange failed to answer", defect))
    }
    const server = ExchangeServer.make({ settings, exchange, feed, keys: keys.success, seed: settings.seed, onDefect })
    const truth = TruthReader.make(exchange, feed)
    const faults = Faults.make(server, course.simulation)
    const isManual = settings.drive === "manual"
    const step = (count: number): void => {
      course.step(count)
      ExchangeServer.tick(server)
    }
    const advance = (millis: number): void => {
      course.advance(feed, millis)
      ExchangeServer.tick(server)
    }
    const admin = { server, course, truth, faults, drive: isManual ? { step, advance } : undefined }
    server.admin = (method, url, body) => AdminApi.answer(admin, method, url, body)

    const port = yield* Effect.acquireRelease(listen(server), () => stop(server))
    yield* Effect.acquireRelease(
      Effect.sync(() =>
        setInterval(() => {
          if (!isManual) course.follow(feed, Date.now(), settings)
          ExchangeServer.tick(server)
        }, settings.tickMillis)
      ),
      (timer) => Effect.sync(() => clearInterval(timer))
    )
    return {
      port,
      restUrl: `http://${settings.host}:${port}${restPathPrefix}`,
      wsUrl: `ws://${settings.host}:${port}${websocketPath}`,
      adminUrl: `http://${settings.host}:${port}/admin`,
      keyId: ownKey.keyId,
      privateKeyPem: ownKey.privateKeyPem,
      exchange,
      truth,
      faults,
      server,
      playback: course.playback,
      step,
      advance
    }
  })

/** Invented traders, or the recording that is asked for. */
const courseOf = (
  settings: ExchangeSettings,
  recording: SimulatedExchangeOptions["recording"]
): Effect.Effect<Course.Course, SimulatorStartError> => {
  if (recording === undefined) return Effect.succeed(Course.invented(settings))
  const text = Result.try(() => readFileSync(recording.path, "utf8"))
  if (Result.isFailure(text)) return startError("recording", `${recording.path} cannot be read`)
  return Result.match(Recording.parse(text.success), {
    onFailure: (problem) => startError("recording", `${recording.path}: ${problem}`),
    onSuccess: (frames) => Effect.succeed(Course.recorded(settings, frames, recording.pace))
  })
}

const startError = (
  reason: SimulatorStartError["reason"],
  problem: string
): Effect.Effect<never, SimulatorStartError> => Effect.fail(new SimulatorStartError({ reason, problem }))

/** Opens the port; succeeds with the one it got. */
const listen = (server: ExchangeServer.ExchangeServer): Effect.Effect<number, SimulatorStartError> =>
  Effect.callback<number, SimulatorStartError>((resume) => {
    const { host, port } = server.settings
    const onError = (error: NodeJS.ErrnoException): void => {
      const inUse = error.code === "EADDRINUSE"
      const problem = inUse ? `port ${port} of ${host} is in use` : `cannot listen on ${host}:${port}: ${error.message}`
      resume(startError(inUse ? "port_in_use" : "network", problem))
    }
    server.http.once("error", onError)
    server.http.listen(port, host, () => {
      server.http.removeListener("error", onError)
      server.http.on("error", server.onDefect)
      const address = server.http.address()
      resume(Effect.succeed(typeof address === "object" && address !== null ? address.port : port))
    })
  })

const stop = (server: ExchangeServer.ExchangeServer): Effect.Effect<void> =>
  Effect.callback<void>((resume) => ExchangeServer.close(server, () => resume(Effect.void)))

/** The running exchange as a service. */
export class SimulatedExchange extends Context.Service<SimulatedExchange, RunningExchange>()(
  "@kalshibook/simulator/SimulatedExchange"
) {
  static readonly layer = (
    options: SimulatedExchangeOptions = {}
  ): Layer.Layer<SimulatedExchange, SimulatorStartError> =>
    Layer.effect(SimulatedExchange, startSimulatedExchange(options))
}
