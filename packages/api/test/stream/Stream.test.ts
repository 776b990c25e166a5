import { spawn } from "node:child_process"
import fs from "node:fs"
import path from "node:path"
import { assert, layer } from "@effect/vitest"
import * as RecordView from "@kalshibook/core/contract/RecordView"
import * as StreamDocument from "@kalshibook/core/contract/stream/StreamDocument"
import { messages, ServerMessage } from "@kalshibook/core/contract/stream/StreamMessages"
import { isoFromMicros } from "@kalshibook/core/Units"
import { Accounts } from "@kalshibook/store/Accounts"
import { Effect, Schema } from "effect"
import * as Fanout from "../../src/stream/Fanout.ts"
import * as Customer from "../Customer.ts"
import * as FanoutWorld from "./FanoutWorld.ts"
import { nameOf, typesSeen } from "./StreamClient.ts"
import * as StreamWorld from "./StreamWorld.ts"

/** Ids of tests must not meet: all of them share one exchange. */
let made = 0
const nothingTold = {
  tsReceivedMicros: 2_000,
  recordsByMarket: new Map(),
  trades: [],
  lifecycle: [],
  channelGaps: [],
  resynced: new Map()
}

const ticker = () => `KXT${++made}-E-M`

layer(StreamWorld.layer, { excludeTestServices: true })("the live stream", (it) => {
  it.effect("greets with the limits, and sends the book and then every record, with the fields of REST", () =>
    Effect.gen(function* () {
      const world = yield* StreamWorld.make
      const { recorder } = world
      const market = ticker()
      recorder.snapshot(market, 100)
      recorder.delta(market, 200, 50)
      recorder.publish()
      const client = yield* world.connect()
      const welcome = yield* client.next("welcome")
      assert.deepInclude(welcome, { protocol: 1, format: "json", slow: "disconnect" })
      const answer = yield* client.ask({ op: "subscribe", markets: [market] })
      assert.deepInclude(answer, {
        type: "subscribed",
        subscription: 1,
        matched: 1,
        markets: [market],
        not_recorded: []
      })
      const book = yield* client.next("snapshot")
      assert.deepInclude(book, { market_ticker: market, offset: 2 })
      assert.deepStrictEqual(book.orderbook_fp.yes_dollars, [
        ["0.0100", "1.00"],
        ["0.0200", "0.50"]
      ])
      recorder.delta(market, 300, 25)
      recorder.reconnect()
      recorder.snapshot(market, 400)
      recorder.publish()
      const recovered = yield* client.next("recovered")
      const log = recorder.logs().get(market) ?? []
      assert.deepStrictEqual(
        client.follower.of("record") as never,
        log.slice(2).map((record) => ({
          type: "record",
          previous_offset: record.offset - 1,
          ...RecordView.view(record, undefined)
        })) as never
      )
      assert.deepInclude(recovered, { market_ticker: market, offset: 5 })
      assert.deepInclude(recovered.gap, { offset: 4, cause: "connection_lost" })
      const offsets = yield* client.ask({ op: "offsets" })
      assert.deepInclude(offsets, { offsets: { [market]: { offset: 5, epoch: log.at(-1)?.epoch ?? 0 } } })
      assert.deepStrictEqual(client.follower.faults, [])
      assert.deepInclude(yield* client.ask({ op: "unsubscribe", subscription: 1 }), { type: "unsubscribed" })
      recorder.delta(market, 300, 25)
      recorder.publish()
      yield* client.ask({ op: "offsets" })
      assert.strictEqual(client.follower.markets.get(market)?.offset, 5)
    })
  )

  it.effect("follows an event, a series or all, with the markets that come to be later, each once", () =>
    Effect.gen(function* () {
      const world = yield* StreamWorld.make
      const { recorder } = world
      yield* world.list(["KXFAM-E1-A", "KXFAM-E1-B", "KXFAM-E2-A"])
      recorder.snapshot("KXFAM-E1-A", 100)
      recorder.publish()
      const byEvent = yield* world.connect()
      const bySeries = yield* world.connect("format=msgpack")
      const byAll = yield* world.connect()
      const channels = ["book", "trades", "lifecycle", "status"]
      assert.deepInclude(yield* byEvent.ask({ op: "subscribe", events: ["KXFAM-E1"], channels }), { matched: 1 })
      yield* byEvent.ask({ op: "subscribe", markets: ["KXFAM-E1-A"], channels })
      yield* bySeries.ask({ op: "subscribe", series: ["KXFAM"], channels })
      yield* byAll.ask({ op: "subscribe", all: true, channels })
      for (const client of [byEvent, bySeries, byAll]) yield* client.next("snapshot")
      recorder.snapshot("KXFAM-E1-B", 200)
      recorder.snapshot("KXFAM-E2-A", 300)
      recorder.publish()
      recorder.delta("KXFAM-E1-A", 200, 5)
      recorder.publish()
      world.trade("KXFAM-E1-B")
      world.say("KXFAM-E1", "event_lifecycle")
      world.loseTrades()
      for (const client of [byEvent, bySeries, byAll]) {
        yield* client.until(() => client.follower.markets.has("KXFAM-E1-B"))
        yield* client.until(() => client.follower.markets.get("KXFAM-E1-A")?.offset === 2)
        yield* client.next("trade")
        yield* client.next("channel_gap")
        yield* client.next("status", ({ feed }) => feed === "live")
        assert.deepStrictEqual(client.follower.faults, [])
        assert.strictEqual(client.follower.of("trade").length, 1)
        assert.strictEqual(client.follower.of("channel_gap").length, 1)
      }
      yield* byEvent.next("lifecycle")
      assert.isFalse(byEvent.follower.markets.has("KXFAM-E2-A"))
      yield* bySeries.until(() => bySeries.follower.markets.has("KXFAM-E2-A"))
      yield* byAll.until(() => byAll.follower.markets.has("KXFAM-E2-A"))
      const changed = yield* byEvent.ask({ op: "update", subscription: 2, add_markets: ["KXFAM-E2-A"] })
      assert.deepInclude(changed, { type: "updated", added: ["KXFAM-E2-A"], removed: [] })
      yield* byEvent.until(() => byEvent.follower.markets.has("KXFAM-E2-A"))
    })
  )

  it.effect("goes on behind a record, or from a moment with its trades, out of the history and into what is live", () =>
    Effect.gen(function* () {
      const world = yield* StreamWorld.make
      const { recorder } = world
      const market = ticker()
      recorder.snapshot(market, 100)
      const early = world.trade(market)
      for (let count = 0; count < 20; count++) recorder.delta(market, 200, 5)
      recorder.publish()
      const fromMicros = world.lastMicros()
      for (let count = 0; count < 20; count++) recorder.delta(market, 200, 5)
      const late = world.trade(market)
      recorder.publish()
      yield* world.commit
      const place = { offset: 11, epoch: recorder.logs().get(market)?.[10]?.epoch }
      const client = yield* world.connect()
      yield* client.ask({ op: "subscribe", markets: [market], from_offset: { [market]: place } })
      yield* client.next("record", ({ offset }) => offset === 41)
      assert.deepStrictEqual(
        client.follower.of("record").map(({ offset }) => offset),
        Array.from({ length: 30 }, (_, index) => index + 12)
      )
      assert.strictEqual(client.follower.of("snapshot").length, 0)

      const back = yield* world.connect()
      const from = isoFromMicros(fromMicros)
      yield* back.ask({ op: "subscribe", markets: [market], channels: ["book", "trades"], from })
      const book = yield* back.next("snapshot")
      assert.strictEqual(book.offset, 21)
      yield* back.next("trade")
      recorder.delta(market, 200, 5)
      recorder.publish()
      yield* back.next("record", ({ offset }) => offset === 42)
      assert.strictEqual(back.follower.of("record").length, 21)
      assert.deepStrictEqual(back.follower.faults, [])
      assert.deepStrictEqual(
        back.follower.of("trade").map(({ trade_id }) => trade_id),
        [late.tradeId]
      )
      assert.notStrictEqual(early.tradeId, late.tradeId)
    })
  )

  it.effect("replays the past in one order of time, held, moved and ended as its reader says", () =>
    Effect.gen(function* () {
      const world = yield* StreamWorld.make
      const { recorder } = world
      const [one, other] = [ticker(), ticker()]
      recorder.snapshot(one, 100)
      recorder.snapshot(other, 100)
      const fromMicros = world.lastMicros() + 1
      for (let count = 0; count < 50; count++) {
        recorder.delta(count % 2 === 0 ? one : other, 200, 5)
        if (count % 10 === 0) world.trade(one)
      }
      recorder.publish()
      yield* world.commit
      yield* world.list([one, other])
      const from = isoFromMicros(fromMicros)
      const client = yield* world.connect()
      const channels = ["book", "trades", "lifecycle"]
      const answer = yield* client.ask({ op: "replay", markets: [one, other], channels, from, speed: "max" })
      assert.deepInclude(answer, { type: "replay", state: "playing", at: from, markets: 2 })
      yield* client.next("replay", ({ state }) => state === "ended")
      const told = client.follower.messages.flatMap((message) =>
        message.type === "record" || message.type === "trade" ? [message.ts_received] : []
      )
      assert.strictEqual(client.follower.of("record").length, 50)
      assert.strictEqual(client.follower.of("trade").length, 5)
      assert.strictEqual(client.follower.of("snapshot").length, 2)
      assert.deepStrictEqual(told, told.toSorted())
      assert.deepStrictEqual(client.follower.faults, [])
      assert.deepInclude(yield* client.ask({ op: "pause" }), { type: "error", code: "bad_parameter" })

      // A log of microseconds, replayed at a tenth of its speed, is over at once; a moment before it is not.
      const before = isoFromMicros(fromMicros - 900)
      const slowly = { op: "replay", markets: [one], from: before, speed: 0.1 }
      const answered = (id: string) => client.next("replay", (message) => message.id === id)
      client.send(
        JSON.stringify([
          { ...slowly, id: "slowly" },
          { op: "pause", id: "held" }
        ])
      )
      assert.deepInclude(yield* answered("held"), { state: "paused" })
      assert.deepInclude(yield* client.ask({ op: "seek", from, speed: "max" }), { state: "paused", at: from })
      assert.deepInclude(yield* client.ask({ op: "resume" }), { state: "playing" })
      yield* client.until(() => client.follower.of("replay").filter(({ state }) => state === "ended").length === 2)
      client.send(
        JSON.stringify([
          { ...slowly, id: "again" },
          { op: "stop", id: "stopped" }
        ])
      )
      assert.deepInclude(yield* answered("stopped"), { state: "stopped" })
    })
  )

  it.effect("tells each change of the limits, slows a replay to them, and ends the youngest stream beyond them", () =>
    Effect.gen(function* () {
      const world = yield* StreamWorld.make
      const market = ticker()
      world.recorder.snapshot(market, 1)
      world.recorder.publish()
      yield* world.commit
      const { account, key } = yield* Customer.customer({ tier: "project", key: { scopes: ["stream"] } })
      yield* (yield* Accounts).buy(account.accountId, 100, account.accountId)
      const bearer = { headers: { authorization: `Bearer ${key}` } }
      const older = yield* world.connect("", bearer)
      const younger = yield* world.connect("", bearer)
      assert.deepInclude((yield* older.next("welcome")).limits, { connections: 10, replay_speed: 1_000 })
      // Held while it is slow, since it would be over at once.
      const from = isoFromMicros(world.lastMicros() - 900)
      const slowly = { op: "replay", id: "slowly", markets: [market], from, speed: 0.1 }
      older.send(JSON.stringify([slowly, { op: "pause", id: "held" }]))
      yield* older.next("replay", ({ id }) => id === "held")
      assert.deepInclude(yield* older.ask({ op: "seek", from, speed: 1_000 }), { state: "paused", speed: 1_000 })
      yield* (yield* Accounts).change(account.accountId, { tier: "free" })
      for (const client of [older, younger]) {
        const { limits } = yield* client.next("limits")
        assert.deepInclude(limits, { connections: 1, replay_speed: 10, heartbeat_seconds: 5 })
      }
      assert.deepInclude(yield* older.next("replay", ({ id }) => id === null), { state: "paused", speed: 10 })
      assert.strictEqual((yield* younger.next("goodbye")).reason, "over_limit")
      assert.strictEqual(yield* younger.closed, 1008)
      const refused = yield* older.ask({ op: "seek", from, speed: 11 })
      assert.deepInclude(refused, { type: "error", parameter: "speed" })
    })
  )

  it.effect("runs the example of its documentation", () =>
    Effect.gen(function* () {
      const world = yield* StreamWorld.make
      yield* world.list(["KXBTC15M-E-A"])
      world.recorder.snapshot("KXBTC15M-E-A", 100)
      world.recorder.delta("KXBTC15M-E-A", 200, 5)
      world.recorder.publish()
      const document = fs.readFileSync(path.resolve(import.meta.dirname, "../../../../docs/stream.md"), "utf8")
      const [, program = ""] = /```ts\n([\s\S]*?)```/.exec(document) ?? []
      const env = { KALSHIBOOK_KEY: Customer.key(), KALSHIBOOK_STREAM_URL: `ws://127.0.0.1:${world.port}/v1/stream` }
      const printed = yield* Effect.callback<string>((resume) => {
        const child = spawn(process.execPath, ["--input-type=module", "--eval", program], { env })
        let text = ""
        child.stdout.on("data", (chunk: Buffer) => {
          text += chunk.toString()
          if (!text.includes("snapshot KXBTC15M-E-A 2")) return
          // It would go on for ever.
          child.kill()
          resume(Effect.succeed(text))
        })
        child.stderr.on("data", (chunk: Buffer) => (text += chunk.toString()))
        child.on("exit", () => resume(Effect.succeed(text)))
        return Effect.sync(() => child.kill())
      }).pipe(Effect.timeout("20 seconds"))
      assert.include(printed, "snapshot KXBTC15M-E-A 2")
    })
  )

  it.effect("sends each message of the contract in some test", () =>
    Effect.gen(function* () {
      const world = yield* StreamWorld.make
      const client = yield* world.connect()
      world.recorder.snapshot("KXPAID-E-M", 1)
      world.recorder.publish()
      const bought = yield* world.connect()
      yield* bought.ask({ op: "subscribe", markets: ["KXPAID-E-M"] })
      // Those that need slow readers and crashes, which have tests of their own (SlowReaders, Joins).
      const model = FanoutWorld.make()
      const readers = (["skip", "conflate", "disconnect"] as const).map((slow) =>
        model.reader({ slow, readsAtOnce: false })
      )
      model.recorder.snapshot("KXA-1", 1)
      model.recorder.publish()
      model.step()
      for (const reader of readers) model.follow(reader, ["KXA-1"])
      for (let count = 0; count < 20_000; count++) {
        model.recorder.delta("KXA-1", 99, 1)
        if (count % 500 === 0) {
          model.recorder.publish()
          model.step()
        }
      }
      const untold = { afterMicros: 1_000, toMicros: 2_000 }
      Fanout.take(model.fanout, { ...nothingTold, untold })
      for (let step = 0; step < 20; step++) {
        for (const reader of readers) reader.read()
        model.step()
      }
      model.recorder.publish()
      model.step()
      model.recorder.die(3)
      model.recorder.snapshot("KXA-1", 2)
      model.recorder.publish()
      for (let step = 0; step < 20; step++) {
        model.step()
        for (const reader of readers) reader.read()
      }
      for (const { follower } of readers) {
        assert.deepStrictEqual(follower.faults, [])
        for (const message of follower.messages) typesSeen.add(nameOf(Schema.decodeUnknownSync(ServerMessage)(message)))
      }
      yield* client.next("heartbeat")
      yield* bought.next("credits")
      assert.deepStrictEqual([...typesSeen].toSorted(), messages.map((one) => StreamDocument.nameOf(one)).toSorted())
    })
  )
})
