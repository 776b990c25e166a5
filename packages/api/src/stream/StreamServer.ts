/**
 * All readers of the live stream in this process: one fan-out over the live markets, and the commands of each reader.
 *
 * Knows nothing of HTTP; who may connect was decided before.
 */
import type { MarketTicker } from "@kalshibook/core/BookRecord"
import type { Command, Id, ReplaySpeed } from "@kalshibook/core/contract/stream/StreamCommands"
import {
  bufferBytesMax,
  commandBytesMax,
  commandsBucket,
  conflateBytesMin,
  frameMillisMin,
  heartbeatSeconds,
  mistakesMax,
  namesMax,
  protocolVersion,
  subscriptionsMax
} from "@kalshibook/core/contract/stream/StreamLimits"
import type { Format, GoodbyeReason, SlowPolicy, Welcome } from "@kalshibook/core/contract/stream/StreamMessages"
import * as TokenBucket from "@kalshibook/core/TokenBucket"
import { isoFromMicros } from "@kalshibook/core/Units"
import { Feed } from "@kalshibook/store/feed/Feed"
import { FeedHub } from "@kalshibook/store/feed/FeedHub"
import { History, type InTheFuture } from "@kalshibook/store/History"
import type { HotTierError } from "@kalshibook/store/HotTierError"
import { MarketCatalog } from "@kalshibook/store/MarketCatalog"
import { ReplaySource } from "@kalshibook/store/replay/ReplaySource"
import type { LogError } from "@kalshibook/store/TieredLog"
import { Clock, Context, Duration, Effect, FiberSet, Layer, Option, Result, type Scope, Semaphore } from "effect"
import * as LiveFolding from "../live/LiveFolding.ts"
import { LiveMarkets } from "../live/LiveMarkets.ts"
import type { StreamMeter, StreamUnpaid } from "../StreamMeter.ts"
import type * as CatchUp from "./CatchUp.ts"
import * as Commands from "./Commands.ts"
import * as Families from "./Families.ts"
import * as Fanout from "./Fanout.ts"
import * as HistoryReads from "./HistoryReads.ts"
import type { PreparedReplay, Reader } from "./Reader.ts"
import { messageOf, Refusal } from "./Refusal.ts"
import * as Replaying from "./Replaying.ts"
import * as Selecting from "./Selecting.ts"
import * as Session from "./Session.ts"
import * as SideReads from "./SideReads.ts"
import * as StreamClock from "./StreamClock.ts"
import * as StreamMetrics from "./StreamMetrics.ts"
import * as StreamTick from "./StreamTick.ts"
import * as Subscribing from "./Subscribing.ts"

/** Reads of the history at once, over all readers: a thousand that come back together must not take the database from the others. */
const historyReadsMax = 8

/** How long a read that failed waits before it is tried again. */
const retryMillis = 1_000

/** What the plan of an account says of its streams. */
export interface AccountLimits {
  /** Open streams of the account at most. */
  readonly connectionsMax: number
  readonly replaySpeedMax: number
}

export interface ConnectOptions {
  readonly link: Session.Link
  readonly format: Format
  readonly slow: SlowPolicy
  readonly limits: AccountLimits
  /** Pays for what is sent; absent where nothing is charged. */
  readonly meter?: StreamMeter | undefined
}

export interface StreamSession {
  readonly name: string
  /** Takes a frame of the client. Its commands are done one after another. */
  readonly receive: (frame: string | Uint8Array) => Effect.Effect<void>
  /** The account's limits are these from now on: the client is told of a change, and a replay that is too fast by now becomes slower. */
  readonly limit: (limits: AccountLimits) => Effect.Effect<void>
  /** Ends the session: what it needs to go on elsewhere is its last message. */
  readonly end: (reason: GoodbyeReason, detail?: string) => Effect.Effect<void>
}

/** Needs `LiveMarkets`, too, for what is live; without it the past can be replayed. */
export class StreamServer extends Context.Service<
  StreamServer,
  {
    /** Takes a reader in until the scope is closed. */
    readonly connect: (options: ConnectOptions) => Effect.Effect<StreamSession, never, Scope.Scope>
    /** Ends all sessions; no new ones are served. */
    readonly stop: Effect.Effect<void>
    /** Bytes that wait for each reader, in this process and in its socket. */
    readonly waitingBytes: () => ReadonlyArray<number>
  }
>()("@kalshibook/api/stream/StreamServer") {
  static readonly layerNoDeps: Layer.Layer<StreamServer, never, History | MarketCatalog | ReplaySource> = Layer.effect(
    StreamServer,
    Effect.suspend(() => make)
  )

  /** Over stores in memory, and whatever is published in the hub of this process (`FeedHub.layer`). */
  static readonly layerMemory: Layer.Layer<StreamServer> = StreamServer.layerNoDeps.pipe(
    Layer.provide([
      LiveMarkets.layerNoDeps.pipe(Layer.provide(Feed.layerSameProcess), Layer.provide(FeedHub.layer)),
      History.layerMemory,
      MarketCatalog.layerMemory,
      ReplaySource.layerMemory
    ])
  )
}

const make = Effect.gen(function* () {
  const live = Option.getOrElse(yield* Effect.serviceOption(LiveMarkets), () => nobody)
  const history = yield* History
  const catalog = yield* MarketCatalog
  const source = yield* ReplaySource
  const clock = yield* Clock.Clock
  const runHere = yield* FiberSet.makeRuntime<never, void, never>()
  const reads = yield* Semaphore.make(historyReadsMax)
  const readers = new Map<Session.Session, Reader>()
  const strangers = new Set<MarketTicker>()

  const fanout = Fanout.make({
    live,
    onWork: () => ticker.wake(),
    onStranger: (marketTicker) => {
      if (strangers.size === 0) runHere(acquaint)
      strangers.add(marketTicker)
    },
    onUnpaid: (session) => {
      const reader = readers.get(session)
      const paid = Effect.sync(() => {
        session.isUnpaid = false
        fanout.catchingUp.add(session)
        ticker.wake()
      })
      if (reader !== undefined) reader.run(Effect.andThen(reader.more, paid))
    }
  })
  const ticker = StreamClock.make(
    frameMillisMin,
    () => StreamTick.tick(fanout, { readHistory }),
    (defect) => runHere(Effect.logError("a tick of the stream failed", defect))
  )
  yield* Effect.addFinalizer(() => Effect.sync(ticker.stop))
  yield* live.listen((update) => Fanout.take(fanout, update))
  yield* Effect.forkScoped(StreamMetrics.run(fanout.sessions))

  /** Looks up the families of markets that were seen first. The catalogue may hear of a market a little later than the feed. */
  const acquaint: Effect.Effect<void> = Effect.suspend(() => {
    const asked = [...strangers]
    return Families.of(catalog, asked).pipe(
      Effect.tap((found) =>
        Effect.sync(() => {
          for (const [marketTicker, family] of found) {
            strangers.delete(marketTicker)
            Fanout.acquaint(fanout, marketTicker, family)
          }
        })
      ),
      Effect.catch((error) => Effect.logWarning(`the families of new markets could not be read: ${error.message}`)),
      Effect.andThen(Effect.sleep(retryMillis)),
      Effect.andThen(Effect.suspend(() => (strangers.size > 0 ? acquaint : Effect.void)))
    )
  })

  const readHistory: StreamTick.PumpContext["readHistory"] = (session, marketTicker, entry) => {
    const reader = readers.get(session)
    if (reader === undefined) return
    const nowMicros = Number(clock.currentTimeMillisUnsafe()) * 1_000
    const done = (read: CatchUp.Reading<never>) => {
      entry.read = read
      session.isReading = false
      ticker.wake()
    }
    const read = Effect.suspend(
      (): Effect.Effect<void, LogError> =>
        entry._tag === "moment"
          ? Effect.map(HistoryReads.atMoment(history, marketTicker, entry.atMicros), (found) => {
              entry.read = { _tag: "done", found }
            })
          : Effect.map(HistoryReads.behindPlace(history, marketTicker, entry, nowMicros), (found) => {
              entry.read = { _tag: "done", found }
            })
    )
    reader.run(
      reads
        .withPermits(1)(read)
        .pipe(
          Effect.matchEffect({
            onFailure: (error) =>
              Effect.logWarning(`history could not be read for a stream: ${error.message}`).pipe(
                Effect.andThen(Effect.sleep(retryMillis)),
                Effect.andThen(Effect.sync(() => done({ _tag: "none" })))
              ),
            onSuccess: () =>
              Effect.sync(() => {
                session.isReading = false
                ticker.wake()
              })
          })
        )
    )
  }

  const joining: Subscribing.Joining = {
    fanout,
    catalog,
    recordedAt: (atMicros) => Effect.catch(history.recordedAt(atMicros), historyRefused),
    readSides: (session, subscription, selected, fromMicros) => {
      const reader = readers.get(session)
      if (reader === undefined) return
      const wish = {
        channels: subscription.channels,
        selected,
        fromMicros: fromMicros + 1,
        toMicros: fanout.toldMicros + 1
      }
      reader.run(SideReads.send({ fanout, source, reader }, wish))
    }
  }

  const replayStates = (reader: Reader, id: Id | null, state: "playing" | "paused" | "stopped") =>
    Effect.sync(() => {
      const { replay, session } = reader
      if (replay === undefined) return
      const at = isoFromMicros(replay.atMicros())
      Fanout.say(fanout, session, [{ type: "replay", id, state, at, speed: replay.speed(), markets: replay.markets }])
    })

  const speedOf = (reader: Reader, speed: ReplaySpeed): Effect.Effect<ReplaySpeed, Refusal> => {
    const { replaySpeedMax } = reader
    if (isSpeedAllowed(speed, replaySpeedMax)) return Effect.succeed(speed)
    const allowed = `up to ${replaySpeedMax}`
    const detail = `The tier of your account replays ${allowed} times as fast as it happened.`
    return Effect.fail(
      new Refusal({ code: "bad_parameter", parameter: "speed", allowed, detail, suggestion: "/v1/pricing" })
    )
  }

  const stopReplay = (reader: Reader) =>
    Effect.suspend(() => {
      const { replay } = reader
      reader.replay = undefined
      return replay === undefined ? Effect.void : replay.stop
    })

  const running = (reader: Reader): Effect.Effect<NonNullable<Reader["replay"]>, Refusal> => {
    if (reader.replay !== undefined) return Effect.succeed(reader.replay)
    const detail = "There is no replay on this connection, or it has ended. `replay` begins one."
    return Effect.fail(new Refusal({ code: "bad_parameter", parameter: "op", detail }))
  }

  const run = (reader: Reader, command: Command): Effect.Effect<void, Refusal | LogError | HotTierError> => {
    const { session } = reader
    switch (command.op) {
      case "subscribe":
        return stopReplay(reader).pipe(Effect.andThen(Subscribing.subscribe(joining, session, command)))
      case "unsubscribe":
        return Subscribing.unsubscribe(joining, session, command)
      case "update":
        return Subscribing.update(joining, session, command)
      case "offsets":
        return Effect.sync(() => {
          const { left, offsets } = Fanout.placesOf(fanout, session)
          const { feed, ts_received } = Fanout.status(fanout)
          Fanout.say(fanout, session, [
            { type: "offsets", id: command.id, offsets, offsets_left_out: left, feed, ts_received }
          ])
        })
      case "replay":
        return Effect.gen(function* () {
          if (Selecting.isEmpty(command)) {
            const allowed = "`markets`, `events` or `series` with a ticker each at least, or `all`"
            return yield* new Refusal({
              code: "bad_parameter",
              parameter: "markets",
              allowed,
              detail: `There has to be ${allowed}.`
            })
          }
          const nowMicros = (yield* Clock.currentTimeMillis) * 1_000 + 999
          const speed = yield* speedOf(reader, command.speed ?? 1)
          const fromMicros = yield* Selecting.timeOf("from", command.from, nowMicros)
          const toMicros = command.to === undefined ? nowMicros : yield* Selecting.timeOf("to", command.to, nowMicros)
          const selected = yield* Selecting.select(catalog, command, (one) => live.offsetOf(one) > 0)
          yield* stopReplay(reader)
          for (const subscription of session.subscriptions.values()) Fanout.unfollow(fanout, session, subscription)
          session.subscriptions.clear()
          session.catchUps.clear()
          const wish = { channels: command.channels ?? (["book"] as const), selected, fromMicros, toMicros, speed }
          const place = { fanout, source, reader }
          yield* begin(reader, command.id, Replaying.start(place, wish))
        })
      case "seek":
        return Effect.gen(function* () {
          const before = yield* running(reader)
          const nowMicros = (yield* Clock.currentTimeMillis) * 1_000 + 999
          const fromMicros = yield* Selecting.timeOf("from", command.from, nowMicros)
          const speed = yield* speedOf(reader, command.speed ?? before.speed())
          yield* stopReplay(reader)
          yield* begin(reader, command.id, before.again(fromMicros, speed))
        })
      case "pause":
      case "resume":
        return Effect.flatMap(running(reader), (replay) => {
          replay.setPaused(command.op === "pause")
          return replayStates(reader, command.id, command.op === "pause" ? "paused" : "playing")
        })
      case "stop":
        return Effect.flatMap(running(reader), () =>
          Effect.andThen(replayStates(reader, command.id, "stopped"), stopReplay(reader))
        )
    }
  }

  const begin = Effect.fnUntraced(function* (
    reader: Reader,
    id: Id,
    start: Effect.Effect<PreparedReplay, InTheFuture | LogError>
  ) {
    const prepared = yield* Effect.catchTag(start, "InTheFuture", () =>
      Effect.fail(new Refusal({ code: "time_in_future", parameter: "from", detail: "`from` has not come yet." }))
    )
    reader.replay = prepared.replay
    yield* replayStates(reader, id, prepared.replay.isPaused() ? "paused" : "playing")
    prepared.go()
  })

  /** One command, whatever becomes of it. */
  const handle = (reader: Reader, { command, id }: Commands.Received) =>
    Effect.gen(function* () {
      const nowMicros = (yield* Clock.currentTimeMillis) * 1_000
      const bucket = TokenBucket.filled(reader.commands, commandsBucket, nowMicros)
      const waitMicros = TokenBucket.waitMicros(bucket, commandsBucket, 1)
      if (waitMicros > 0) {
        const seconds = Math.ceil(waitMicros / 1_000_000)
        const detail = `${commandsBucket.perSecond} commands a second; one may name many markets.`
        return yield* new Refusal({ code: "rate_limited", detail, retry_after_seconds: seconds })
      }
      reader.commands = TokenBucket.taken(bucket, 1)
      if (Result.isFailure(command)) return yield* command.failure
      yield* run(reader, command.success)
      reader.mistakes = 0
    }).pipe(
      Effect.catch((error) =>
        Effect.gen(function* () {
          const refusal = error instanceof Refusal ? error : yield* Effect.flip(historyRefused(error))
          reader.mistakes++
          Fanout.say(fanout, reader.session, [messageOf(id, refusal)])
          if (reader.mistakes >= mistakesMax) Fanout.end(fanout, reader.session, "too_many_mistakes")
        })
      ),
      Effect.catchDefect((defect) =>
        Effect.andThen(
          Effect.logError("a command of the stream failed", defect),
          Effect.sync(() => Fanout.end(fanout, reader.session, "failed"))
        )
      )
    )

  const heartbeat = Effect.gen(function* () {
    const ts = isoFromMicros((yield* Clock.currentTimeMillis) * 1_000)
    const { feed, ts_received } = Fanout.status(fanout)
    for (const session of fanout.sessions) {
      session.linkBytes = session.link.waitingBytes()
      const bytes = Session.waitingBytes(session)
      const buffer = { bytes, bytes_max: bufferBytesMax, fill: Math.round((bytes / bufferBytesMax) * 1_000) / 1_000 }
      const counts = { subscriptions: session.subscriptions.size, catching_up: session.catchUps.size }
      const used = session.payer?.creditsUsed() ?? 0
      if (used !== session.creditsTold && Session.say(session, [{ type: "credits", used }])) session.creditsTold = used
      // Whoever has no room even for this is not told that he lives.
      if (Session.say(session, [{ type: "heartbeat", ts, feed, ts_received, ...counts, buffer }])) {
        Fanout.wait(fanout, session)
      }
    }
  })
  yield* Effect.forkScoped(Effect.forever(Effect.andThen(Effect.sleep(Duration.seconds(heartbeatSeconds)), heartbeat)))

  const connect = Effect.fnUntraced(function* (options: ConnectOptions) {
    const { format, link, meter, slow } = options
    let { limits } = options
    const name = `str_${globalThis.crypto.randomUUID().replaceAll("-", "").slice(0, 16)}`
    const session = Session.make({ name, format, slow, link, payer: meter })
    const run = yield* FiberSet.makeRuntime<never, void, never>()
    const more: Effect.Effect<void> =
      meter === undefined
        ? Effect.void
        : meter.more.pipe(
            Effect.catchTags({
              StreamUnpaid: (unpaid) =>
                Effect.andThen(
                  Effect.sync(() => Fanout.end(fanout, session, "credits_exhausted", unpaidText(unpaid))),
                  Effect.interrupt
                ),
              HotTierError: (error) =>
                Effect.logWarning(`a stream could not be charged: ${error.message}`).pipe(
                  Effect.andThen(Effect.sleep(retryMillis))
                )
            })
          )
    const { replaySpeedMax } = limits
    const reader: Reader = { session, replaySpeedMax, run, more, commands: undefined, mistakes: 0, replay: undefined }
    yield* Effect.acquireRelease(
      Effect.sync(() => {
        readers.set(session, reader)
        Fanout.add(fanout, session)
      }),
      () =>
        Effect.sync(() => {
          Fanout.remove(fanout, session)
          readers.delete(session)
          meter?.giveBack(session.paid)
        })
    )
    Fanout.say(fanout, session, [
      {
        type: "welcome",
        protocol: protocolVersion,
        session: name,
        format,
        slow,
        feed: live.state().state,
        limits: limitsView(limits)
      }
    ])
    const limit = Effect.fnUntraced(function* (changed: AccountLimits) {
      const { connectionsMax, replaySpeedMax } = changed
      if (connectionsMax === limits.connectionsMax && replaySpeedMax === limits.replaySpeedMax) return
      limits = changed
      reader.replaySpeedMax = replaySpeedMax
      Fanout.say(fanout, session, [{ type: "limits", limits: limitsView(changed) }])
      const { replay } = reader
      if (replay === undefined || isSpeedAllowed(replay.speed(), replaySpeedMax)) return
      replay.setSpeed(replaySpeedMax)
      yield* replayStates(reader, null, replay.isPaused() ? "paused" : "playing")
    })
    return {
      name,
      limit,
      receive: (frame: string | Uint8Array) =>
        Effect.forEach(
          Commands.read(frame),
          (received) => (session.isEnding ? Effect.void : handle(reader, received)),
          {
            discard: true
          }
        ),
      end: (reason: GoodbyeReason, detail?: string) => Effect.sync(() => Fanout.end(fanout, session, reason, detail))
    }
  })

  const stop = Effect.sync(() => {
    for (const session of [...fanout.sessions]) Fanout.end(fanout, session, "server_stopping")
  })
  const waitingBytes = () => [...fanout.sessions].map(({ link, node }) => node.bytes + link.waitingBytes())
  return StreamServer.of({ connect, stop, waitingBytes })
})

/** Where no recorder is followed: what is live never comes, and the past can be replayed. */
const nobody: LiveMarkets["Service"] = { ...LiveFolding.make(), listen: () => Effect.void }

const limitsView = ({ connectionsMax, replaySpeedMax }: AccountLimits): Welcome["limits"] => ({
  buffer_bytes: bufferBytesMax,
  conflate_bytes: conflateBytesMin,
  command_bytes: commandBytesMax,
  commands_per_second: commandsBucket.perSecond,
  subscriptions: subscriptionsMax,
  names: namesMax,
  connections: connectionsMax,
  replay_speed: replaySpeedMax,
  heartbeat_seconds: heartbeatSeconds
})

const unpaidText = ({ creditsUsed, verdict }: StreamUnpaid): string => {
  const what = `The next records cannot be paid; this connection has cost ${creditsUsed} credits.`
  if (verdict === "capped")
    return `${what} The monthly cap of the account is reached: raise it, or wait for the next month.`
  if (verdict === "key_capped")
    return `${what} The monthly cap of the key is reached: raise it, or wait for the next month.`
  return `${what} No credits are left: see /v1/pricing for more, or wait for the next month.`
}

/** As fast as it is read is for those tiers that may replay as fast as there is a number for. */
const speedOfMaxMin = 1_000

const isSpeedAllowed = (speed: ReplaySpeed, replaySpeedMax: number): boolean =>
  speed === "max" ? replaySpeedMax >= speedOfMaxMin : speed <= replaySpeedMax

const historyRefused = (error: { readonly message: string }): Effect.Effect<never, Refusal> =>
  Effect.andThen(
    Effect.logWarning(`a command of the stream could not be answered: ${error.message}`),
    Effect.fail(
      new Refusal({
        code: "database_away",
        detail: "The database cannot be read at this moment. What is live goes on; try again in a few seconds.",
        retry_after_seconds: 5
      })
    )
  )
