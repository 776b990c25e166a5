/** API nodes in other processes, over a network that does its worst. */
import { connect } from "node:net"
import { assert, it } from "@effect/vitest"
import { type FeedMessage, nothingRecorded } from "@kalshibook/core/FeedMessage"
import * as LiveFold from "@kalshibook/core/LiveFold"
import * as Replay from "@kalshibook/core/Replay"
import { Feed } from "@kalshibook/store/feed/Feed"
import * as FeedClient from "@kalshibook/store/feed/FeedClient"
import * as FeedFrames from "@kalshibook/store/feed/FeedFrames"
import * as FeedGreeting from "@kalshibook/store/feed/FeedGreeting"
import { FeedHub, make as makeHub } from "@kalshibook/store/feed/FeedHub"
import { FeedServer } from "@kalshibook/store/feed/FeedServer"
import * as FeedText from "@kalshibook/store/feed/FeedText"
import { Context, Effect, Layer, Logger, Option, Redacted } from "effect"
import { LiveMarkets } from "../../src/live/LiveMarkets.ts"
import * as BadNetwork from "./BadNetwork.ts"
import * as ModelRecorder from "./ModelRecorder.ts"
import * as ModelSubscriber from "./ModelSubscriber.ts"

const secret = Option.some(Redacted.make("not a word that is guessed"))
const quiet = Logger.layer([])

const serve = (hub: FeedHub["Service"]) =>
  Effect.map(
    Layer.build(
      FeedServer.layerOf({ host: "127.0.0.1", port: 0, secret }).pipe(Layer.provide(Layer.succeed(FeedHub, hub)))
    ),
    (built) => Context.get(built, FeedServer)
  )

const node = (port: number, options: Partial<FeedClient.FeedClientOptions> = {}) =>
  Effect.map(
    Layer.build(
      LiveMarkets.layerNoDeps.pipe(
        Layer.provide(
          Feed.layerNetwork({
            ...FeedClient.defaults,
            host: "127.0.0.1",
            port,
            secret,
            retryMillisMin: 2,
            retryMillisMax: 20,
            ...options
          })
        ),
        Layer.provide(quiet)
      )
    ),
    (built) => Context.get(built, LiveMarkets)
  )

const until = (what: string, isSo: () => boolean): Effect.Effect<void> =>
  Effect.suspend(() => (isSo() ? Effect.void : Effect.delay(Effect.fail("not yet"), 2))).pipe(
    Effect.eventually,
    Effect.timeoutOrElse({ duration: 10_000, orElse: () => Effect.die(`never came: ${what}`) })
  )

const tickers = ["KXA-1", "KXB-1", "KXC-1", "KXD-1"] as const

it.live(
  "cut, held up and garbled, with a recorder that dies: every record once and in order, or said to be untold",
  () =>
    Effect.gen(function* () {
      const hub = makeHub({ batchesKeptMax: 60, entriesKeptMax: 600 })
      const recorder = ModelRecorder.make(hub)
      const server = yield* serve(hub)
      const network = yield* BadNetwork.make(server.port, 1126)
      const markets = yield* node(network.port)
      const subscriber = ModelSubscriber.make(recorder, markets.offsetOf)
      let problem: unknown
      yield* markets.listen((update) => {
        try {
          subscriber.hear(update)
        } catch (thrown) {
          problem ??= thrown
        }
      })
      for (let turn = 0; turn < 700; turn++) {
        const ticker = tickers[turn % tickers.length] ?? tickers[0]
        if (turn % 50 < tickers.length) recorder.snapshot(ticker, 500 + turn)
        for (let change = 0; change < 4; change++) recorder.delta(ticker, 95 + (change % 5), 100 + turn)
        if (turn % 97 === 0) recorder.end(ticker)
        recorder.publish()
        if (turn % 233 === 232) recorder.die(30)
        yield* Effect.sleep(2)
      }
      network.beGood()
      recorder.publish()
      const logs = recorder.logs()
      const isLevel = () => [...logs].every(([ticker, records]) => markets.offsetOf(ticker) === records.length)
      yield* until("all of the logs", isLevel)
      if (problem !== undefined) throw problem
      for (const [ticker, records] of logs) {
        const replay = Replay.make()
        for (const record of records) Replay.apply(replay, record)
        const expected = LiveFold.toLog(replay)
        const known = Option.getOrThrow(markets.logOf(ticker))
        assert.deepStrictEqual(known.last, expected?.last)
        assert.deepStrictEqual(known.trust, expected?.trust)
        if (known.trust._tag === "trusted") assert.deepStrictEqual(known.levels, expected?.levels)
      }
      // None of it is a thing that did not happen.
      assert.isAbove(network.counts.cut, 5)
      assert.isAbove(network.counts.garbled, 5)
      assert.isAbove(subscriber.counts.rewritten, 0)
      assert.isAbove(subscriber.counts.ahead, 0)
      assert.isAbove(subscriber.counts.records, 500)
    }).pipe(Effect.scoped),
  30_000
)

it.live("a node that was away goes on where it was told last, without another state", () =>
  Effect.gen(function* () {
    const hub = makeHub()
    const recorder = ModelRecorder.make(hub)
    const server = yield* serve(hub)
    const network = yield* BadNetwork.make(server.port, 7)
    const markets = yield* node(network.port)
    let resynced = 0
    let records = 0
    yield* markets.listen((update) => {
      resynced += update.resynced.size
      for (const run of update.recordsByMarket.values()) records += run.length
      assert.isNull(update.untold)
    })
    yield* until("the recorder", () => markets.state().state === "live")
    for (let turn = 0; turn < 200; turn++) {
      recorder.delta("KXA-1", 50, 1)
      recorder.publish()
      yield* Effect.sleep(2)
    }
    yield* until("all of the log", () => markets.offsetOf("KXA-1") === 200)
    assert.isAbove(network.counts.cut, 0)
    assert.deepStrictEqual([resynced, records], [0, 200])
  }).pipe(Effect.scoped)
)

it.live("who does not know the secret, or talks nonsense, is cut off alone; and says why it hears nothing", () =>
  Effect.gen(function* () {
    const hub = makeHub()
    const recorder = ModelRecorder.make(hub)
    const server = yield* serve(hub)
    const markets = yield* node(server.port)
    const stranger = yield* node(server.port, { secret: Option.some(Redacted.make("a word that was guessed")) })
    const said = ["", "GET / HTTP/1.1\r\n\r\n", "\u0000\u0000\u0000\u0002 and more", "x".repeat(100_000)]
    const ends = yield* Effect.forEach(
      said,
      (text) =>
        Effect.callback<string>((resume) => {
          const socket = connect(server.port, "127.0.0.1")
          socket.on("data", () => {})
          socket.on("error", () => {})
          socket.on("close", () => resume(Effect.succeed("closed")))
          if (text === "") socket.end()
          else socket.write(text)
        }),
      { concurrency: 4 }
    )
    assert.deepStrictEqual(ends, ["closed", "closed", "closed", "closed"])
    recorder.delta("KXA-1", 50, 1)
    recorder.publish()
    yield* until("the record", () => markets.offsetOf("KXA-1") === 1)
    assert.strictEqual(stranger.state().state, "waiting")
    yield* until("the reason", () => stranger.state().problem?.includes("secret") === true)
    assert.strictEqual(server.followers(), 1)
  }).pipe(Effect.scoped)
)

it.live("a follower that does not read is sent no more than its bound, and a state when it reads again", () =>
  Effect.gen(function* () {
    const hub = makeHub({ batchesKeptMax: 20 })
    hub.begin({ feedId: "one", state: () => ({ tsReceivedMicros: 1, logs: [], ended: [] }) })
    const server = yield* serve(hub)
    const socket = connect(server.port, "127.0.0.1")
    yield* Effect.addFinalizer(() => Effect.sync(() => socket.destroy()))
    const heard: Array<FeedMessage> = []
    let bytes = 0
    const reader = FeedFrames.makeReader(1 << 20)
    socket.on("data", (chunk: Buffer) => {
      bytes += chunk.length
      for (const text of FeedFrames.read(reader, chunk)) {
        const challenge = Option.getOrUndefined(FeedGreeting.readChallenge(text))
        if (challenge === undefined) heard.push(Option.getOrThrow(FeedText.decode(text)))
        else {
          const proof = FeedGreeting.prove("not a word that is guessed", challenge.nonce)
          socket.write(FeedFrames.encode(JSON.stringify({ proof, place: null })))
        }
      }
    })
    yield* until("a state", () => heard.length === 1)
    socket.pause()
    // 60 MB, which no socket holds.
    const body = { text: "x".repeat(20_000) }
    const message = { ticker: "KXA", eventType: "created", epoch: 1, sid: 1, seq: 1, tsReceivedMicros: 1, body }
    for (let batch = 0; batch < 3_000; batch++) {
      hub.publish(batch, { ...nothingRecorded, lifecycle: [message] })
      if (batch % 10 === 0) yield* Effect.sleep(0)
    }
    socket.resume()
    yield* until("everything", () => heard.some((each) => each._tag === "state" && each.number === 3_000))
    assert.isBelow(bytes, 30_000_000)
    let number = 0
    for (const each of heard) {
      if (each._tag === "batch") assert.strictEqual(each.number, ++number)
      if (each._tag === "state") number = each.number
    }
    assert.strictEqual(heard.filter(({ _tag }) => _tag === "lost").length, 1)
  }).pipe(Effect.scoped)
)
