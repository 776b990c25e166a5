/** What is paid of a conversation in Kalshi's protocol that ends in the middle. */
import { assert, layer } from "@effect/vitest"
import type { Caller } from "@kalshibook/api/Caller"
import type { KalshiLink } from "@kalshibook/api/kalshi/KalshiLink"
import * as KalshiRoutes from "@kalshibook/api/kalshi/KalshiRoutes"
import * as KalshiSession from "@kalshibook/api/kalshi/KalshiSession"
import * as LivePlay from "@kalshibook/api/kalshi/LivePlay"
import * as MessagePayments from "@kalshibook/api/kalshi/MessagePayments"
import { LiveMarkets } from "@kalshibook/api/live/LiveMarkets"
import { StreamMeters } from "@kalshibook/api/StreamMeter"
import { tierOf } from "@kalshibook/core/contract/Pricing"
import { isoFromMicros } from "@kalshibook/core/Units"
import { Feed } from "@kalshibook/store/feed/Feed"
import { FeedHub } from "@kalshibook/store/feed/FeedHub"
import { Ledger } from "@kalshibook/store/Ledger"
import { ReplaySource } from "@kalshibook/store/replay/ReplaySource"
import { Context, Deferred, Effect, Exit, Fiber, Layer, Queue, Scope } from "effect"
import { TestClock } from "effect/testing"
import * as ApiTest from "../ApiTest.ts"
import * as Customer from "../Customer.ts"
import type { Json } from "../Http.ts"
import * as ModelRecorder from "../live/ModelRecorder.ts"
import * as Seed from "../Seed.ts"
import { conversation, subscribe } from "./Conversation.ts"

let made = 0

const callerWith = (creditsMonthly: number): Caller => {
  const accountId = globalThis.crypto.randomUUID()
  return {
    account: { accountId, name: accountId, tier: "free", terms: { creditsMonthly }, capCredits: null },
    tier: tierOf("free", { creditsMonthly }),
    scopes: ["stream"],
    name: "0123456789",
    title: "the key",
    bounds: { requestsPerSecond: null, connections: null, capCredits: null, expiresMicros: null },
    authentication: { _tag: "member", person: { userId: "ada", email: "ada@example.com" }, role: "owner" }
  }
}

const usageOf = Effect.fnUntraced(function* (ledger: Ledger["Service"], accountId: string) {
  const used = yield* ledger.usage(accountId, { fromMicros: 0, toMicros: Number.MAX_SAFE_INTEGER })
  return used
    .filter(({ endpoint }) => endpoint === "openStream")
    .map(({ calls, credits, rows }) => [calls, credits, rows])
})

const isCharged = ({ type }: Json) => type === "orderbook_snapshot" || type === "orderbook_delta"

/** The end of a line that notes what was written to it, and can be hung up. */
const newLine = () => {
  const texts: Array<string> = []
  let isOpen = true
  const link: KalshiLink = {
    send: (frames) => {
      if (isOpen) texts.push(...frames)
      return isOpen
    },
    ping: () => undefined,
    backlogBytes: () => 0,
    room: Effect.void,
    cut: () => undefined
  }
  return {
    link,
    hangUp: () => (isOpen = false),
    written: () => texts.filter((text) => isCharged(JSON.parse(text))).length
  }
}

/** A live conversation about one market, in its own scope. */
const liveTalk = Effect.fnUntraced(function* (creditsMonthly: number) {
  const ledger = yield* Ledger
  const hub = yield* FeedHub
  const recorder = ModelRecorder.make(hub)
  const market = `KXPAID${++made}-E-M`
  recorder.snapshot(market, 100)
  recorder.publish()
  const caller = callerWith(creditsMonthly)
  const scope = yield* Scope.make()
  const opening = { caller: () => caller, requestId: `req_${made}` }
  const meter = yield* Scope.provide((yield* StreamMeters).open(opening), scope)
  const line = newLine()
  const inbox = yield* Queue.bounded<string>(10)
  const options = {
    ...MessagePayments.of(meter),
    session: KalshiSession.make("error"),
    link: line.link,
    inbox,
    isTooFast: () => Effect.succeed(false)
  }
  const playing = yield* Effect.forkChild(Scope.provide(LivePlay.run(options), scope), { startImmediately: true })
  yield* Queue.offer(inbox, JSON.stringify(subscribe(1, ["orderbook_delta"], [market])))
  yield* TestClock.adjust("10 millis")
  return {
    line,
    playing,
    tell: Effect.fnUntraced(function* (records: number) {
      for (let count = 0; count < records; count++) recorder.delta(market, 200, 1)
      recorder.publish()
      yield* TestClock.adjust("10 millis")
    }),
    /** The client is gone: what is running for it is interrupted, and what was used is settled. */
    leave: Effect.andThen(Fiber.interrupt(playing), Scope.close(scope, Exit.void)),
    usage: usageOf(ledger, caller.account.accountId)
  }
})

const live = LiveMarkets.layerNoDeps.pipe(Layer.provide(Feed.layerSameProcess), Layer.provideMerge(FeedHub.layer))

layer(Layer.merge(live, Layer.provideMerge(StreamMeters.layer, Ledger.layerMemory)))("a live conversation", (it) => {
  it.effect(
    "pays once for every message that was written, also for those since it paid last, when the client goes",
    () =>
      Effect.gen(function* () {
        const talk = yield* liveTalk(100)
        yield* talk.tell(5)
        yield* TestClock.adjust("3 seconds")
        yield* talk.tell(7)
        assert.strictEqual(talk.line.written(), 13)
        yield* talk.leave
        assert.deepStrictEqual(yield* talk.usage, [[1, 1, 13]])
      })
  )

  it.effect("pays nothing for what came after the line was dead", () =>
    Effect.gen(function* () {
      const talk = yield* liveTalk(100)
      yield* talk.tell(5)
      talk.line.hangUp()
      yield* talk.tell(3_000)
      yield* talk.leave
      assert.deepStrictEqual(yield* talk.usage, [[1, 1, talk.line.written()]])
    })
  )

  it.effect(
    "pays as far as there is something held, also for what it waited to pay, and ends when there is no more",
    () =>
      Effect.gen(function* () {
        const rich = yield* liveTalk(100)
        // More than the first hold has.
        yield* rich.tell(10_999)
        yield* TestClock.adjust("1 second")
        yield* rich.tell(1_000)
        yield* TestClock.adjust("1 second")
        yield* rich.leave
        assert.deepStrictEqual(yield* rich.usage, [[1, 5, 12_000]])
        const poor = yield* liveTalk(1)
        yield* poor.tell(3_000)
        yield* TestClock.adjust("3 seconds")
        const ended = yield* Effect.flip(Fiber.join(poor.playing))
        assert.deepInclude(ended, { _tag: "StreamUnpaid", verdict: "exhausted" })
        yield* poor.leave
        assert.deepStrictEqual(yield* poor.usage, [[1, 1, 2_500]])
      })
  )

  it.effect("has paid for nothing of a batch whose payment it did not live to see", () =>
    Effect.gen(function* () {
      const caller = callerWith(100)
      const scope = yield* Scope.make()
      const opening = { caller: () => caller, requestId: `req_${++made}` }
      const meter = yield* Scope.provide((yield* StreamMeters).open(opening), scope)
      const { pay } = MessagePayments.of(meter)
      yield* pay(10)
      const waiting = yield* Effect.forkChild(pay(12_000), { startImmediately: true })
      yield* Fiber.interrupt(waiting)
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(yield* usageOf(yield* Ledger, caller.account.accountId), [[1, 1, 10]])
    })
  )
})

const routes = KalshiRoutes.layer.pipe(Layer.provide([live, ReplaySource.layerMemory]))

layer(Layer.empty)("a conversation with a server", (it) => {
  it.effect("is paid for what was written when the server stops in its middle", () =>
    Effect.gen(function* () {
      const server = yield* Scope.make()
      const built = yield* Layer.buildWithScope(ApiTest.layerWith(routes), server)
      const isTold = yield* Deferred.make<void>()
      let charged = 0
      const talking = yield* conversation(
        `/replay/${isoFromMicros(Seed.after(0))},speed=1/trade-api/ws/v2`,
        [subscribe(1, ["orderbook_delta"])],
        (frame) => {
          if (isCharged(frame) && ++charged === 3) Deferred.doneUnsafe(isTold, Exit.void)
          return undefined
        }
      ).pipe(Effect.provideContext(built), Effect.forkChild({ startImmediately: true }))
      yield* Deferred.await(isTold)
      yield* Scope.close(server, Exit.void)
      yield* Fiber.join(talking)
      assert.deepStrictEqual(yield* usageOf(Context.get(built, Ledger), Customer.accountId()), [[1, 1, 3]])
    })
  )
})
