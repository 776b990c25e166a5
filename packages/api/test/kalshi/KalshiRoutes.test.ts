/** Kalshi's paths over a recorded exchange, at moments of its past. */
import { assert, layer } from "@effect/vitest"
import * as KalshiRoutes from "@kalshibook/api/kalshi/KalshiRoutes"
import { LiveMarkets } from "@kalshibook/api/live/LiveMarkets"
import { isoFromMicros } from "@kalshibook/core/Units"
import { Feed } from "@kalshibook/store/feed/Feed"
import { FeedHub } from "@kalshibook/store/feed/FeedHub"
import { HotTier } from "@kalshibook/store/HotTier"
import { ReplaySource } from "@kalshibook/store/replay/ReplaySource"
import { Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import * as ApiTest from "../ApiTest.ts"
import * as Customer from "../Customer.ts"
import { type Asked, ask, type Json } from "../Http.ts"
import * as Seed from "../Seed.ts"
import { conversation, subscribe } from "./Conversation.ts"

const live = LiveMarkets.layerNoDeps.pipe(Layer.provide(Feed.layerSameProcess), Layer.provide(FeedHub.layer))
const api = ApiTest.layerWith(KalshiRoutes.layer.pipe(Layer.provide([live, ReplaySource.layerMemory])))

/** The path of a replay that begins so many milliseconds after the first record, as fast as read: its clock stands still until somebody listens. */
const past = (millis: number, settings = ""): string =>
  `/replay/${isoFromMicros(Seed.after(millis))},speed=max${settings}`

let names = 0
const get = (base: string, path: string, asked: Asked = {}) =>
  Effect.map(ask(`${base},name=t${names++}/trade-api/v2${path}`, asked), ({ status, text }) => ({
    status,
    body: JSON.parse(text) as Json
  }))

const shape = ({ msg, seq, sid, type }: Json) => [type, sid, seq, msg?.code ?? msg?.delta_fp ?? msg?.cause]

layer(api)("Kalshi's paths in the past", (it) => {
  it.effect("give a book, a market and an event as they were at the moment of the replay", () =>
    Effect.gen(function* () {
      const book = yield* get(past(1_000), `/markets/${Seed.recorded}/orderbook`)
      assert.deepStrictEqual(book, {
        status: 200,
        body: { orderbook_fp: { yes_dollars: [["0.3390", "310.00"]], no_dollars: [["0.6490", "95.50"]] } }
      })
      const deep = yield* get(past(0), `/markets/${Seed.recorded}/orderbook?depth=1`)
      assert.deepStrictEqual(deep.body.orderbook_fp.yes_dollars, [["0.3400", "78.00"]])
      const many = yield* get(past(1_000), `/markets/orderbooks?tickers=${Seed.recorded},KXNONE`)
      assert.deepStrictEqual(
        many.body.orderbooks.map(({ ticker }: Json) => ticker),
        [Seed.recorded]
      )
      const market = yield* get(past(1_000), `/markets/${Seed.recorded}`)
      assert.strictEqual(market.body.market.ticker, Seed.recorded)
      assert.strictEqual(market.body.market.yes_bid_dollars, "0.3390")
      assert.strictEqual(market.body.market.yes_ask_dollars, "0.3510")
      const { event_ticker } = market.body.market
      const event = yield* get(past(1_000), `/events/${event_ticker}`)
      assert.strictEqual(event.body.event.event_ticker, event_ticker)
      assert.include(
        event.body.markets.map(({ ticker }: Json) => ticker),
        Seed.recorded
      )
    })
  )

  it.effect("give no book where it is not known, and say since when", () =>
    Effect.gen(function* () {
      const { body, status } = yield* get(past(5_000), `/markets/${Seed.recorded}/orderbook`)
      assert.strictEqual(status, 503)
      assert.strictEqual(body.code, "service_unavailable")
      assert.include(body.details, "2026-11-21T14:00:02.000001Z (silence)")
      const many = yield* get(past(5_000), `/markets/orderbooks?tickers=${Seed.recorded}`)
      assert.deepStrictEqual(many.body.orderbooks, [])
    })
  )

  it.effect("list markets and trades page by page, each once, none of the future", () =>
    Effect.gen(function* () {
      const all: Array<string> = []
      let cursor = ""
      do {
        const { body } = yield* get(past(16_000), `/markets?limit=2&cursor=${encodeURIComponent(cursor)}`)
        all.push(...body.markets.map(({ ticker }: Json) => ticker))
        cursor = body.cursor
      } while (cursor !== "")
      assert.deepStrictEqual(all, [...new Set(all)].sort())
      assert.include(all, Seed.recorded)

      const moment = Seed.trades[17]?.tsReceivedMicros ?? 0
      const known = Seed.trades.filter(({ tsReceivedMicros }) => tsReceivedMicros <= moment)
      const told: Array<string> = []
      const base = `/replay/${isoFromMicros(moment)},speed=max`
      do {
        const { body } = yield* get(base, `/markets/trades?limit=7&cursor=${encodeURIComponent(cursor)}`)
        told.push(...body.trades.map(({ trade_id }: Json) => trade_id))
        cursor = body.cursor
      } while (cursor !== "")
      assert.sameMembers(
        told,
        known.map(({ tradeId }) => tradeId)
      )
      assert.strictEqual(told.length, known.length)
    })
  )

  it.effect("refuse in the exchange's shapes", () =>
    Effect.gen(function* () {
      const base = past(0)
      assert.strictEqual((yield* get(base, "/markets/KXNONE")).body.code, "not_found")
      assert.strictEqual((yield* get(base, "/nothing")).status, 404)
      assert.strictEqual((yield* get(base, "/markets?status=active")).body.code, "bad_request")
      assert.strictEqual((yield* get(base, "/markets?limit=0")).status, 400)
      assert.strictEqual((yield* get(base, "/markets?cursor=zzz")).status, 400)
      assert.strictEqual((yield* get(base, "/portfolio/orders", { method: "POST", body: {} })).status, 405)
      const keyless = yield* get(base, "/markets", { key: null })
      assert.deepStrictEqual([keyless.status, keyless.body.code], [401, "authentication_error"])
      const kalshi = yield* get(base, "/series", { key: null, headers: { "KALSHI-ACCESS-KEY": Customer.key() } })
      assert.strictEqual(kalshi.status, 200)
      for (const address of ["yesterday", "2026-11-21T14:00:00Z,speed=0", "2026-11-21T14:00:00Z,color=red"]) {
        const { body, status } = yield* get(`/replay/${address}`, "/markets")
        assert.deepStrictEqual([status, body.code], [400, "bad_request"], address)
      }
      assert.strictEqual((yield* get("/replay/2199-01-01T00:00:00Z", "/markets")).status, 400)
    })
  )

  it.effect(
    "have what they refuse in the list of the account's requests, by the exchange's codes or, where we refuse, ours",
    () =>
      Effect.gen(function* () {
        const { key } = yield* Customer.customer({ tier: "enterprise", terms: { creditsMonthly: 0 } })
        const refused = [
          yield* ask(`${past(0)},name=refused/trade-api/v2/markets/KXNONE`, { key }),
          yield* ask(`${past(0)},name=refused/trade-api/v2/markets/${Seed.recorded}`, { key })
        ]
        assert.deepStrictEqual(
          refused.map(({ status }) => status),
          [404, 402]
        )
        yield* TestClock.adjust("2 seconds")
        const { requests } = JSON.parse((yield* ask("/v1/usage/requests", { key })).text) as Json
        assert.deepStrictEqual(
          requests.map((one: Json) => [one.request_id, one.code, one.operation, one.docs]).toSorted(),
          [
            [refused[0]?.headers["x-request-id"], "not_found", "getMarket", null],
            [refused[1]?.headers["x-request-id"], "credits_exhausted", "getMarket", "/docs/errors.md#credits_exhausted"]
          ].toSorted()
        )
      })
  )

  it.effect("tell a hole by error 25, after which the client subscribes again and gets the book when it is known", () =>
    Effect.gen(function* () {
      const { code, frames, reason } = yield* conversation(
        `${past(0, `,to=${isoFromMicros(Seed.after(20_000))}`)}/trade-api/ws/v2`,
        [subscribe(1, ["orderbook_delta"])],
        (frame) => (frame.type === "error" ? subscribe(2, ["orderbook_delta"]) : undefined)
      )
      assert.deepStrictEqual(frames.map(shape), [
        ["subscribed", undefined, undefined, undefined],
        ["orderbook_snapshot", 1, 1, undefined],
        ["orderbook_delta", 1, 2, "-78.00"],
        ["orderbook_delta", 1, 3, "1.00"],
        ["error", 1, 4, 25],
        ["subscribed", undefined, undefined, undefined],
        ["orderbook_snapshot", 2, 1, undefined],
        ["orderbook_delta", 2, 2, "0.50"]
      ])
      assert.deepStrictEqual([code, reason], [1000, "the replay is over"])
    })
  )

  it.effect(
    "tell a hole in a frame of ours to who asks for it, with trades and lifecycle messages in one time order",
    () =>
      Effect.gen(function* () {
        const path = past(-1_000, `,gaps=frames,to=${isoFromMicros(Seed.watermark.tsReceivedMicros)}`)
        const { frames } = yield* conversation(`${path}/trade-api/ws/v2`, [
          subscribe(1, ["orderbook_delta"]),
          { id: 2, cmd: "subscribe", params: { channels: ["trade", "market_lifecycle_v2"] } }
        ])
        const books = frames.filter(({ msg }) => msg.market_ticker === Seed.recorded && msg.trade_id === undefined)
        assert.deepStrictEqual(
          books.filter(({ type }) => type.startsWith("orderbook") || type === "kalshibook_gap").map(({ type }) => type),
          [
            "orderbook_snapshot",
            "orderbook_delta",
            "orderbook_delta",
            "kalshibook_gap",
            "orderbook_snapshot",
            "orderbook_delta"
          ]
        )
        const told = frames.flatMap(({ msg }) => (msg.trade_id === undefined ? [] : [msg.trade_id]))
        assert.sameMembers(
          told,
          Seed.trades.map(({ tradeId }) => tradeId)
        )
        for (const sid of [1, 2, 3]) {
          const numbers = frames.filter((frame) => frame.sid === sid && frame.seq !== undefined).map(({ seq }) => seq)
          assert.deepStrictEqual(
            numbers,
            numbers.map((_, index) => index + 1)
          )
        }
      })
  )

  it.effect(
    "count each message with data as a record of a stream, answers to commands not, and let nobody in who has no credits",
    () =>
      Effect.gen(function* () {
        const path = `${past(0, `,to=${isoFromMicros(Seed.after(20_000))},name=paid`)}/trade-api/ws/v2`
        const rich = yield* Customer.customer({
          tier: "project",
          terms: { creditsMonthly: 10 },
          key: { scopes: ["read", "stream"] }
        })
        const { frames } = yield* conversation(path, [subscribe(1, ["orderbook_delta"])], undefined, rich.key)
        const isCharged = ({ type }: Json) => type === "orderbook_snapshot" || type === "orderbook_delta"
        const charged = frames.filter(isCharged).length
        assert.isAbove(charged, 2)
        assert.isBelow(charged, frames.length)
        const usage = JSON.parse((yield* ask("/v1/usage", { key: rich.key })).text)
        const [stream] = usage.days.filter((day: Json) => day.operation === "openStream")
        assert.deepInclude(stream, { rows: charged, credits: 1 })
        const poor = yield* Customer.customer({
          tier: "project",
          terms: { creditsMonthly: 0 },
          key: { scopes: ["stream"] }
        })
        const refused = yield* ask(path.replace("paid", "unpaid"), {
          key: poor.key,
          headers: {
            Connection: "Upgrade",
            Upgrade: "websocket",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="
          }
        })
        assert.strictEqual(refused.status, 402)
        assert.include(refused.text, "credits_exhausted")
      })
  )

  it.effect("let a replay be looked at, stopped, sought and ended", () =>
    Effect.gen(function* () {
      const base = `/replay/${isoFromMicros(Seed.after(1_000))},name=control`
      const control = (path: string, method = "POST") =>
        Effect.map(ask(`${base}${path}`, { method }), ({ status, text }) => ({
          status,
          body: JSON.parse(text) as Json
        }))
      const paused = yield* control("/pause")
      assert.deepInclude(paused.body, { now: "2026-11-21T14:00:01.000000Z", speed: 1, paused: true })
      yield* control(`/seek?at=${isoFromMicros(Seed.after(16_000))}`)
      const book = yield* ask(`${base}/trade-api/v2/markets/${Seed.recorded}/orderbook`)
      assert.deepStrictEqual(JSON.parse(book.text).orderbook_fp.yes_dollars, [
        ["0.4000", "1.00"],
        ["0.4010", "0.50"]
      ])
      assert.strictEqual((yield* control("/speed?value=max")).body.speed, "max")
      assert.strictEqual((yield* control("/speed?value=5000")).status, 400)
      assert.strictEqual((yield* control("/dance")).status, 404)
      yield* control("/end")
      assert.deepInclude((yield* control("", "GET")).body, { now: "2026-11-21T14:00:01.000000Z", paused: false })
    })
  )

  it.effect(
    "say that the exchange rests while its maintenance has made a hole in the trades, and at no other time",
    () =>
      Effect.gen(function* () {
        const [fromMicros, toMicros] = [Seed.after(9_000), Seed.after(11_000)]
        const trades = { channel: "trade", epoch: 3, sid: 2, seqFrom: 90, seqTo: 91 } as const
        const moments = { tsFromMicros: fromMicros, tsDetectedMicros: fromMicros, tsToMicros: toMicros }
        const { watermark } = Seed
        const none = { records: [], keyframes: [], trades: [], lifecycle: [], connections: [] }
        yield* (yield* HotTier).append({
          ...none,
          channelGaps: [{ ...trades, ...moments, cause: "maintenance" }],
          watermark
        })
        for (const [millis, isTrading] of [
          // A hole of another cause.
          [1_850, true],
          [9_000, false],
          [11_000, true]
        ] as const) {
          const base = `${past(millis)},name=r${names++}`
          const body = JSON.parse((yield* ask(`${base}/trade-api/v2/exchange/status`)).text) as Json
          // A node has room for so many replays, and others of these tests are still there.
          yield* ask(`${base}/end`, { method: "POST" })
          assert.strictEqual(body.trading_active, isTrading, `${millis} ms`)
          assert.strictEqual(body.exchange_index_statuses[0].trading_active, isTrading)
        }
      })
  )
})
