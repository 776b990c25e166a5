/** One test per quirk of the protocol notes, in their order, against the running server over a real socket. */
import * as Book from "@kalshibook/core/Book"
import { assert, describe, it } from "vitest"
import * as Exchange from "../../src/exchange/Exchange.ts"
import { assertTruth, following, isContiguous, stepUntil, subscribe, update } from "../Following.ts"
import { connect, type Frame } from "../TestClient.ts"
import { activeTickers, both, withExchange } from "../WithExchange.ts"

/** Whether two frames tell the same. */
const isSame = (one: Frame, other: Frame): boolean => JSON.stringify(one.msg) === JSON.stringify(other.msg)

describe("the websocket", () => {
  both("1: counts one seq over all markets of a sid, and acks consume it", {}, async (running) => {
    const [a = "", b = "", c = ""] = activeTickers(running)
    const client = await following(running, [a, b])
    await stepUntil(running, client, 1, 10)
    client.send(subscribe(2, [c]))
    const ok = await client.frame((frame) => frame.type === "ok")
    await stepUntil(running, client, 1, 60)
    assert.isTrue(isContiguous(client.of(1)))
    assert.strictEqual(client.of(1).indexOf(ok) + 1, ok.seq)
    assert.sameMembers([...new Set(client.of(1).map((frame) => frame.msg.market_ticker ?? "ack"))], [a, b, c, "ack"])
  })

  both(
    "2: answers a second subscribe to a channel with ok on the first sid, and no snapshot for known markets",
    {},
    async (running) => {
      const [a = "", b = "", c = ""] = activeTickers(running)
      const client = await following(running, [b])
      client.send(subscribe(2, [c, b, a]))
      await client.until(() => client.of(1).length === 4)
      const [, ok, ...snapshots] = client.of(1)
      assert.strictEqual(
        client.texts[2],
        `{"type":"ok","id":2,"sid":1,"seq":2,"msg":{"market_tickers":["${a}","${b}","${c}"]}}\n`
      )
      assert.strictEqual(ok?.id, 2)
      assert.deepStrictEqual(
        snapshots.map((frame) => [frame.type, frame.seq, frame.msg.market_ticker]),
        [
          ["orderbook_snapshot", 3, a],
          ["orderbook_snapshot", 4, c]
        ]
      )
      client.send(subscribe(3, [a]))
      await client.until(() => client.of(1).length === 5)
      client.send({ id: 4, cmd: "list_subscriptions" })
      await client.frame((frame) => frame.id === 4)
      assert.deepStrictEqual(
        client.frames.slice(-2).map((frame) => frame.type),
        ["ok", "ok"]
      )
    }
  )

  both("3: answers commands out of order, each with its own id", { commandDelayMillisMax: 40 }, async (running) => {
    const client = await running.connect()
    activeTickers(running)
      .slice(0, 12)
      .forEach((ticker, index) => {
        client.send(subscribe(index + 1, [ticker]))
      })
    await client.until(() => client.frames.filter((frame) => frame.id !== undefined).length === 12)
    const acks = client.frames.filter((frame) => frame.id !== undefined)
    assert.sameMembers(
      acks.map((frame) => frame.id),
      Array.from({ length: 12 }, (_, index) => index + 1)
    )
    assert.notDeepEqual(
      acks.map((frame) => frame.id),
      acks.map((frame) => frame.id).sort((one, other) => (one ?? 0) - (other ?? 0))
    )
    assert.lengthOf(
      acks.filter((frame) => frame.type === "subscribed"),
      1
    )
    await client.until(() => client.of(1).length === 23)
    assert.isTrue(isContiguous(client.of(1)))
  })

  both("4: opens the good channels of a subscribe and refuses the bad ones, all under one id", {}, async (running) => {
    const [a = "", b = ""] = activeTickers(running)
    const client = await running.connect()
    const channels = ["orderbook_delta", "trade", "multivariate", "nonsense"]
    client.send({ id: 5, cmd: "subscribe", params: { channels, market_tickers: [b, a] } })
    await client.until(() => client.frames.length === 6)
    assert.deepStrictEqual(
      client.frames.map((frame) => [frame.type, frame.id, frame.msg.sid ?? frame.msg.code ?? frame.msg.market_ticker]),
      [
        ["subscribed", 5, 1],
        ["orderbook_snapshot", undefined, a],
        ["orderbook_snapshot", undefined, b],
        ["subscribed", 5, 2],
        ["error", 5, 8],
        ["error", 5, 8]
      ]
    )
    assert.strictEqual(client.texts[5], '{"type":"error","id":5,"msg":{"code":8,"msg":"Unknown channel name"}}\n')
  })

  both("5: leaves out the levels of an empty side, and of both for an empty book", {}, async (running) => {
    const [a = "", b = ""] = activeTickers(running)
    for (const [ticker, sides] of [
      [a, ["no"]],
      [b, ["yes", "no"]]
    ] as const) {
      const market = running.exchange.markets.get(ticker)
      if (market === undefined) throw new Error(ticker)
      Exchange.beginEvent(running.exchange)
      for (const side of sides) {
        for (const level of Book.levels(market.book)[side]) {
          Exchange.changeLevel(running.exchange, market, side, level.priceE4, -level.sizeE2)
        }
      }
    }
    const unknown = "KXNOSUCHMARKET-26NOV22-X"
    const client = await following(running, [a, b, unknown])
    const keys = (ticker: string) =>
      Object.keys(client.frames.find((frame) => frame.msg.market_ticker === ticker)?.msg ?? {})
    assert.deepStrictEqual(keys(a), ["market_ticker", "market_id", "yes_dollars_fp"])
    assert.deepStrictEqual(keys(b), ["market_ticker", "market_id"])
    assert.include(
      client.texts,
      `{"type":"orderbook_snapshot","sid":1,"seq":3,"msg":{"market_ticker":"${unknown}","market_id":""}}\n`
    )
  })

  both(
    "6: writes ts with trailing zeros cut on deltas, and in whole seconds on tickers and trades",
    {},
    async (running) => {
      const client = await running.connect()
      const params = { channels: ["orderbook_delta", "trade", "ticker"], market_tickers: activeTickers(running) }
      client.send({ id: 1, cmd: "subscribe", params })
      await client.until(() => client.frames.filter((frame) => frame.type === "subscribed").length === 3)
      await stepUntil(running, client, 1, 600)
      await client.frame((frame) => frame.type === "trade")
      await client.frame((frame) => frame.type === "ticker")
      const deltas = client.frames.filter((frame) => frame.type === "orderbook_delta")
      for (const { msg } of deltas) {
        assert.match(msg.ts, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{0,5}[1-9])?Z$/)
        assert.strictEqual(Date.parse(msg.ts.replace(/(\.\d{3})\d*/, "$1")), msg.ts_ms)
      }
      assert.isAbove(new Set(deltas.map((frame) => frame.msg.ts.length)).size, 1)
      for (const { msg } of client.frames.filter((frame) => frame.type === "trade" || frame.type === "ticker")) {
        assert.strictEqual(msg.ts, Math.floor(msg.ts_ms / 1000))
      }
    }
  )

  both("7: ends every frame with a newline, in compact JSON with the recorded order of keys", {}, async (running) => {
    const client = await following(running, activeTickers(running))
    await stepUntil(running, client, 1, 100)
    assert.isTrue(client.texts.every((text) => text.endsWith("}\n") && text.indexOf("\n") === text.length - 1))
    assert.isTrue(client.texts.every((text) => `${JSON.stringify(JSON.parse(text))}\n` === text))
    const delta = client.frames.find((frame) => frame.type === "orderbook_delta")
    assert.deepStrictEqual(Object.keys(delta ?? {}), ["type", "sid", "seq", "msg"])
    assert.deepStrictEqual(Object.keys(delta?.msg), [
      "market_ticker",
      "market_id",
      "price_dollars",
      "delta_fp",
      "side",
      "ts",
      "ts_ms"
    ])
  })

  it(
    "8: pings with the body heartbeat, and answers pings with their own body",
    withExchange({ pingMillis: 20 }, async (running) => {
      const client = await connect(running)
      await client.until(() => client.pings.length >= 3)
      assert.deepStrictEqual([...new Set(client.pings)], ["heartbeat"])
      const pong = new Promise<string>((resolve) => client.socket.once("pong", (body) => resolve(body.toString())))
      client.socket.ping("hello")
      assert.strictEqual(await pong, "hello")
    })
  )

  both("9: tells an amend as two deltas with equal ts, between which a level may vanish", {}, async (running) => {
    const client = await following(running, activeTickers(running))
    await stepUntil(running, client, 1, 1_500)
    const deltas = client.frames.filter((frame) => frame.type === "orderbook_delta")
    const pairs = deltas.filter(
      ({ msg }, index) =>
        msg.ts === deltas[index + 1]?.msg.ts &&
        msg.market_ticker === deltas[index + 1]?.msg.market_ticker &&
        msg.delta_fp.startsWith("-") !== deltas[index + 1]?.msg.delta_fp.startsWith("-")
    )
    assert.isAbove(pairs.length, 50)
  })

  both(
    "10: kills a subscription that is not read with error 25; others live on, and a new subscribe starts anew",
    { outboundBytesMax: 300_000, marketsOpen: 60 },
    async (running) => {
      const client = await following(running, activeTickers(running))
      client.send({ id: 2, cmd: "subscribe", params: { channels: ["market_lifecycle_v2"] } })
      await client.frame((frame) => frame.id === 2)
      // Everything of one turn of the event loop is unread until it ends.
      running.exchange.tradingActive = true
      running.faults.inflict({ fault: "freeze", mode: "data" })
      running.step(3_000)
      running.faults.inflict({ fault: "thaw" })
      const error = await client.frame((frame) => frame.type === "error")
      assert.deepStrictEqual([error.sid, error.msg], [1, { code: 25, msg: "Subscription buffer overflow" }])
      assert.strictEqual(client.of(1).at(-1), error)
      assert.isAbove(error.seq ?? 0, (client.of(1).at(-2)?.seq ?? 0) + 1)
      client.send({ id: 3, cmd: "list_subscriptions" })
      const list = await client.frame((frame) => frame.id === 3)
      assert.deepStrictEqual(list.msg, [{ channel: "market_lifecycle_v2", sid: 2 }])
      client.send(subscribe(4, activeTickers(running).slice(0, 1)))
      await client.until(() => client.of(3).length === 1)
      assert.strictEqual(client.of(3)[0]?.seq, 1)
    }
  )

  both(
    "11: can stall in silence while pings go on, and can leave a subscribe unanswered",
    { pingMillis: 20 },
    async (running) => {
      const client = await following(running, activeTickers(running))
      running.faults.inflict({ fault: "freeze", mode: "data" })
      const before = client.frames.length
      running.step(200)
      const pings = client.pings.length
      await client.until(() => client.pings.length >= pings + 3)
      assert.strictEqual(client.frames.length, before)
      running.faults.inflict({ fault: "thaw" })
      await client.until(() => client.frames.length > before)
      running.faults.inflict({ fault: "ignore_commands", count: 1 })
      client.send({ id: 77, cmd: "list_subscriptions" })
      client.send({ id: 78, cmd: "list_subscriptions" })
      await client.frame((frame) => frame.id === 78)
      assert.isFalse(client.frames.some((frame) => frame.id === 77))
    }
  )

  both("12: lists all markets of the sid in every ok, unless skip_ticker_ack was asked for", {}, async (running) => {
    const tickers = activeTickers(running)
    const client = await following(running, tickers.slice(0, 1))
    for (let count = 2; count <= 6; count++) {
      client.send(subscribe(count, tickers.slice(0, count)))
      const ok = await client.frame((frame) => frame.id === count)
      assert.deepStrictEqual(ok.msg.market_tickers, tickers.slice(0, count))
    }
    const brief = await following(running, tickers.slice(0, 1), { skip_ticker_ack: true })
    brief.send(subscribe(2, tickers))
    const ok = await brief.frame((frame) => frame.id === 2)
    assert.deepStrictEqual(ok, { type: "ok", id: 2, sid: 1, seq: 2, msg: {} })
  })

  both("13: pauses trading for maintenance, shows it in the status, and may drop sessions", {}, async (running) => {
    const client = await following(running, activeTickers(running))
    const status = async () => (await running.get("/exchange/status")).body
    running.faults.inflict({ fault: "pause_trading" })
    const before = running.exchange.changeNumber
    running.advance(2_000)
    assert.strictEqual(running.exchange.changeNumber, before)
    assert.deepInclude(await status(), { exchange_active: true, trading_active: false })
    running.faults.inflict({ fault: "cut", code: 1001 })
    await client.until(() => client.closeCode === 1001)
    running.faults.inflict({ fault: "resume_trading" })
    running.advance(2_000)
    assert.isAbove(running.exchange.changeNumber, before)
    assert.deepInclude(await status(), { trading_active: true })
  })

  both(
    "14: says nothing when a market opens or closes, and activated only after a pause",
    { quickLifeSeconds: 5, marketsOpen: 5, lifecycleSpeed: 100 },
    async (running) => {
      const client = await running.connect()
      client.send({ id: 1, cmd: "subscribe", params: { channels: ["market_lifecycle_v2"] } })
      await client.frame((frame) => frame.id === 1)
      running.advance(30_000)
      await client.until(() => client.frames.filter((frame) => frame.msg.event_type === "settled").length >= 3)
      const told = client.of(1)
      assert.isTrue(isContiguous(told))
      const created = told.filter((frame) => frame.msg.event_type === "created").map((frame) => frame.msg.market_ticker)
      for (const ticker of created) {
        const kinds = told.filter((frame) => frame.msg.market_ticker === ticker).map((frame) => frame.msg.event_type)
        const known = [
          "created",
          "deactivated",
          "activated",
          "close_date_updated",
          "price_level_structure_updated",
          "metadata_updated",
          "determined",
          "settled"
        ]
        assert.includeMembers(known, kinds)
        const before = kinds.slice(0, Math.max(0, kinds.indexOf("activated")))
        const hasReason = before.includes("deactivated") || before.includes("close_date_updated")
        assert.isTrue(hasReason || !kinds.includes("activated"))
      }
      const repeated = told.filter((frame, index) => told.slice(0, index).some((one) => isSame(one, frame)))
      assert.deepStrictEqual(repeated, [])
      const event = told.find((frame) => frame.type === "event_lifecycle")
      assert.isString(event?.msg.event_ticker)
    }
  )

  both(
    "16: answers get_snapshot in mid-stream with the next seq and its id, also for markets that are not followed",
    {},
    async (running) => {
      const [a = "", b = "", c = ""] = activeTickers(running)
      const client = await following(running, [a, b])
      await stepUntil(running, client, 1, 10)
      client.send(update(9, 1, "get_snapshot", [c, a]))
      await client.until(() => client.frames.filter((frame) => frame.id === 9).length === 2)
      const snapshots = client.frames.filter((frame) => frame.id === 9)
      assert.deepStrictEqual(
        snapshots.map((frame) => [frame.type, frame.msg.market_ticker]),
        [
          ["orderbook_snapshot", a],
          ["orderbook_snapshot", c]
        ]
      )
      assert.isFalse(snapshots.some((frame) => "ts" in frame.msg || "ts_ms" in frame.msg))
      await stepUntil(running, client, 1, 60)
      assert.isTrue(isContiguous(client.of(1)))
      assert.isFalse(client.frames.some((frame) => frame.type === "orderbook_delta" && frame.msg.market_ticker === c))
    }
  )

  both(
    "17: repeats snapshots for a market that is asked for again or added again, and they fit the deltas",
    {},
    async (running) => {
      const tickers = activeTickers(running)
      const [a = ""] = tickers
      const client = await following(running, tickers)
      await stepUntil(running, client, 1, 200)
      client.send(update(2, 1, "delete_markets", [a]))
      const deleted = await client.frame((frame) => frame.id === 2)
      assert.deepStrictEqual(deleted.msg.market_tickers, tickers.slice(1))
      await stepUntil(running, client, 1, 300)
      client.send(update(3, 1, "add_markets", [a]))
      await client.frame((frame) => frame.id === 3)
      await stepUntil(running, client, 1, 400)
      client.send(update(4, 1, "get_snapshot", tickers))
      await client.until(() => client.frames.filter((frame) => frame.id === 4).length === tickers.length)
      await stepUntil(running, client, 1, 600)
      assertTruth(running, client, tickers)
    }
  )

  both("19: refuses a top-level action with code 15, on the subscription it names", {}, async (running) => {
    const [a = ""] = activeTickers(running)
    const client = await following(running, [a])
    client.send({
      id: 6,
      cmd: "update_subscription",
      action: "get_snapshot",
      params: { sids: [1], market_tickers: [a] }
    })
    const error = await client.frame((frame) => frame.type === "error")
    assert.deepStrictEqual(error, { type: "error", id: 6, sid: 1, seq: 2, msg: { code: 15, msg: "Action required" } })
  })
})
