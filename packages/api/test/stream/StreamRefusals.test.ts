/** Who is not let in, and what nobody gets away with once he is. */
import { assert, layer } from "@effect/vitest"
import { streamPrices } from "@kalshibook/core/contract/Pricing"
import { commandBytesMax, commandsBucket, mistakesMax } from "@kalshibook/core/contract/stream/StreamLimits"
import { Accounts } from "@kalshibook/store/Accounts"
import { Keys } from "@kalshibook/store/Keys"
import { Effect, Redacted, Schedule } from "effect"
import * as Customer from "../Customer.ts"
import { type Json, json } from "../Http.ts"
import * as StreamWorld from "./StreamWorld.ts"

const bearer = (key: string) => ({ headers: { authorization: `Bearer ${key}` } })

/** An account of the free tier: one open stream. */
const freeAccount = Effect.gen(function* () {
  const accounts = yield* Accounts
  const keys = yield* Keys
  const { accountId } = yield* accounts.create({ name: `free ${globalThis.crypto.randomUUID()}`, tier: "free" })
  const key = yield* keys.create({ accountId, name: "stream", scopes: ["stream"] })
  return { accountId, key: Redacted.value(key.key), prefix: key.record.prefix }
})

layer(StreamWorld.layer, { excludeTestServices: true })("the stream", (it) => {
  it.effect("answers an upgrade that it refuses with a problem like any other", () =>
    Effect.gen(function* () {
      const world = yield* StreamWorld.make
      const { key, prefix, accountId } = yield* freeAccount
      const codeOf = (query: string, options = {}) =>
        Effect.map(Effect.flip(world.connect(query, options)), ({ body, status }) => [
          status,
          (body as { readonly code: string }).code
        ])
      assert.deepStrictEqual(yield* codeOf("", { headers: {} }), [401, "key_required"])
      assert.deepStrictEqual(yield* codeOf("", bearer("kb_live_0123456789_0123456789")), [401, "key_invalid"])
      assert.deepStrictEqual(yield* codeOf(`key=${Customer.key()}`), [400, "key_in_query"])
      assert.deepStrictEqual(yield* codeOf("format=xml"), [400, "bad_parameter"])
      assert.deepStrictEqual(yield* codeOf("markets=A"), [400, "bad_parameter"])
      assert.deepStrictEqual(yield* codeOf("ticket=kb_ticket_0", { headers: {} }), [401, "key_invalid"])
      const reading = yield* (yield* Keys).create({ accountId, name: "reads", scopes: ["read"] })
      assert.deepStrictEqual(yield* codeOf("", bearer(Redacted.value(reading.key))), [403, "scope_missing"])
      const first = yield* world.connect("", bearer(key))
      assert.deepInclude((yield* first.next("welcome")).limits, { connections: 1, replay_speed: 10 })
      assert.deepStrictEqual(yield* codeOf("", bearer(key)), [429, "too_many_connections"])
      const listed = json("/v1/usage/requests?operation=openStream&outcome=failed", {
        key: Redacted.value(reading.key)
      }).pipe(
        Effect.map(({ body }) => body.requests.map((one: Json) => one.code)),
        Effect.repeat({ until: (codes) => codes.length === 2, schedule: Schedule.spaced("100 millis") })
      )
      assert.deepStrictEqual(yield* listed, ["too_many_connections", "scope_missing"])
      const plain = yield* json("/v1/stream")
      assert.deepStrictEqual([plain.status, plain.body.code], [426, "upgrade_required"])
      // What the tier does not have is refused, and the connection goes on.
      const from = "1970-01-01T00:00:00Z"
      world.recorder.snapshot("KXHOST-E-M", 1)
      world.recorder.publish()
      const tooFast = yield* first.ask({ op: "replay", markets: ["KXHOST-E-M"], from, speed: 100 })
      assert.deepInclude(tooFast, { type: "error", code: "bad_parameter", parameter: "speed" })
      // A key that ends takes its streams with it.
      yield* (yield* Keys).revoke(accountId, prefix)
      const goodbye = yield* first.next("goodbye")
      assert.strictEqual(goodbye.reason, "key_revoked")
      assert.strictEqual(yield* first.closed, 1008)
    })
  )

  it.effect("takes a ticket in place of a key, once", () =>
    Effect.gen(function* () {
      const world = yield* StreamWorld.make
      const { accountId, prefix } = yield* freeAccount
      const ticket = Redacted.value(yield* (yield* Keys).issueTicket(accountId, { _tag: "key", prefix }))
      const client = yield* world.connect(`ticket=${ticket}`, { headers: {} })
      yield* client.next("welcome")
      yield* Effect.flip(world.connect(`ticket=${ticket}`, { headers: {} }))
    })
  )

  it.effect("charges for records, says so, and ends when there are no credits left", () =>
    Effect.gen(function* () {
      const world = yield* StreamWorld.make
      const accounts = yield* Accounts
      const terms = { creditsMonthly: 2 }
      const { accountId } = yield* accounts.create({ name: "two credits", tier: "free", terms })
      const made = yield* (yield* Keys).create({ accountId, name: "stream", scopes: ["stream"] })
      const market = "KXPAY-E-M"
      world.recorder.snapshot(market, 1)
      const rows = streamPrices.openStream.rowsPerCredit
      for (let count = 0; count < 3 * rows; count++) world.recorder.delta(market, 99, 1)
      world.recorder.publish()
      yield* world.commit
      const client = yield* world.connect("", { ...bearer(Redacted.value(made.key)), isStrict: false })
      client.send(JSON.stringify({ op: "subscribe", id: 1, markets: [market], from_offset: { [market]: 0 } }))
      assert.strictEqual(yield* client.closed, 1008)
      assert.deepStrictEqual(client.follower.faults, [])
      const read = client.follower.markets.get(market)?.offset ?? 0
      assert.isAbove(read, rows)
      assert.isAtMost(read, 2 * rows)
      const paying = yield* world.connect()
      yield* paying.ask({ op: "subscribe", markets: [market] })
      assert.isAbove((yield* paying.next("credits")).used, 0)
    })
  )

  it.effect("says what is wrong with a command, and goes on", () =>
    Effect.gen(function* () {
      const world = yield* StreamWorld.make
      yield* world.list(["KXHOST-E-N"])
      const client = yield* world.connect()
      const wrong: ReadonlyArray<readonly [unknown, string, string]> = [
        [{ op: "shout" }, "bad_parameter", "op"],
        [{ op: "subscribe" }, "bad_parameter", "markets"],
        [{ op: "subscribe", markets: "KXHOST-E-N" }, "bad_parameter", "markets"],
        [{ op: "subscribe", markets: ["KXHOST-E-N"], depth: 5 }, "bad_parameter", "depth"],
        [{ op: "subscribe", markets: ["NOBODY"] }, "unknown_market", "markets"],
        [{ op: "subscribe", events: ["NOBODY"] }, "unknown_event", "events"],
        [{ op: "subscribe", series: ["NOBODY"] }, "unknown_series", "series"],
        [{ op: "subscribe", markets: ["KXHOST-E-N"], channels: ["books"] }, "bad_parameter", "channels"],
        [{ op: "subscribe", markets: ["KXHOST-E-N"], from: "yesterday" }, "bad_parameter", "from"],
        [{ op: "subscribe", markets: ["KXHOST-E-N"], from: "2200-01-01T00:00:00Z" }, "time_in_future", "from"],
        [{ op: "subscribe", markets: ["KXHOST-E-N"], from_offset: { OTHER: 1 } }, "bad_parameter", "from_offset"],
        [
          { op: "subscribe", markets: ["KXHOST-E-N"], from_offset: { "KXHOST-E-N": -1 } },
          "bad_parameter",
          "from_offset"
        ],
        [{ op: "unsubscribe", subscription: 7 }, "bad_parameter", "subscription"],
        [{ op: "replay", markets: ["KXHOST-E-N"], from: "1970-01-01", speed: 1e9 }, "bad_parameter", "speed"]
      ]
      for (const [command, code, parameter] of wrong) {
        const answer = yield* client.ask(command as Record<string, unknown>)
        assert.deepInclude(answer, { type: "error", code, parameter }, JSON.stringify(command))
      }
      for (const frame of ["{", "[1]", "null", '"subscribe"', new Uint8Array([0xc1, 0xff])]) {
        const before = client.follower.of("error").length
        client.send(frame)
        yield* client.until(() => client.follower.of("error").length > before)
        assert.deepInclude(client.follower.of("error").at(-1), { id: null, code: "malformed_request" })
      }
      const known = yield* client.ask({ op: "subscribe", markets: ["KXHOST-E-N"] })
      assert.deepInclude(known, { type: "subscribed", matched: 0, not_recorded: ["KXHOST-E-N"] })
      world.recorder.snapshot("KXHOST-E-N", 1)
      world.recorder.publish()
      yield* client.until(() => client.follower.markets.has("KXHOST-E-N"))
    })
  )

  it.effect("ends those who flood it, and frames without bound", () =>
    Effect.gen(function* () {
      const world = yield* StreamWorld.make
      const client = yield* world.connect()
      for (let count = 0; count < commandsBucket.burst + mistakesMax + 50; count++) {
        client.send('{"op":"subscribe","id":1,"channels":["status"]}')
      }
      yield* client.next("error", ({ code }) => code === "rate_limited")
      const goodbye = yield* client.next("goodbye")
      assert.strictEqual(goodbye.reason, "too_many_mistakes")
      yield* client.closed
      const large = yield* world.connect()
      large.send(`"${"x".repeat(commandBytesMax)}"`)
      assert.strictEqual(yield* large.closed, 1009)
      const living = yield* world.connect()
      assert.deepInclude(yield* living.ask({ op: "offsets" }), { type: "offsets", feed: "live" })
      yield* living.next("heartbeat")
    })
  )
})
