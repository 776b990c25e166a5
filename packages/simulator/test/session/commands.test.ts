/** Commands and their refusals over a real socket; the rules of numbering are in the quirks. */
import * as Wire from "@kalshibook/core/kalshi/Wire"
import { assert, describe, it } from "vitest"
import { connect } from "../TestClient.ts"
import { activeTickers, both, withExchange } from "../WithExchange.ts"

const books = (id: number, tickers: ReadonlyArray<string>, more: object = {}) => ({
  id,
  cmd: "subscribe",
  params: { channels: ["orderbook_delta"], market_tickers: tickers, ...more }
})

describe("commands", () => {
  both("are refused with the exchange's codes", {}, async (running) => {
    const [a = ""] = activeTickers(running)
    const client = await running.connect()
    client.send(books(1, [a]))
    client.send({ id: 2, cmd: "subscribe", params: { channels: ["trade"] } })
    await client.until(() => client.frames.length === 3)
    const onBooks = (params: object) => ({ cmd: "update_subscription", params: { sids: [1], ...params } })
    const cases: ReadonlyArray<readonly [unknown, number]> = [
      ["not json", 1],
      [{ cmd: "subscribe" }, 2],
      [{ cmd: "subscribe", params: {} }, 3],
      [{ cmd: "unsubscribe", params: {} }, 4],
      [{ cmd: "dance", params: {} }, 5],
      [{ cmd: "unsubscribe", params: { sids: [99] } }, 7],
      [{ cmd: "update_subscription", params: { sid: 99, action: "add_markets", market_tickers: [a] } }, 7],
      [{ cmd: "subscribe", params: { channels: ["orderbook"] } }, 8],
      [books(0, [a], { market_ticker: a }), 11],
      [onBooks({ sids: [1, 2], action: "add_markets", market_tickers: [a] }), 12],
      [onBooks({ action: "turn_around", market_tickers: [a] }), 13],
      [{ cmd: "update_subscription", params: { sid: 2, action: "get_snapshot", market_tickers: [a] } }, 13],
      [{ cmd: "subscribe", params: { channels: ["orderbook_delta"] } }, 14],
      [onBooks({ action: "add_markets" }), 14],
      [onBooks({ market_tickers: [a] }), 15],
      [{ cmd: "subscribe", params: { channels: ["communications"], shard_factor: 0 } }, 19],
      [{ cmd: "subscribe", params: { channels: ["communications"], shard_key: 1 } }, 20],
      [{ cmd: "subscribe", params: { channels: ["communications"], shard_factor: 2, shard_key: 2 } }, 21],
      [{ cmd: "subscribe", params: { channels: ["communications"], shard_factor: 101 } }, 22],
      [{ cmd: "subscribe", params: { channels: ["cfbenchmarks_value"] } }, 24],
      [{ cmd: "subscribe", params: { channels: ["pyth_value"] } }, 28]
    ]
    for (const [command, code] of cases) {
      const before = client.frames.length
      client.send(command)
      await client.until(() => client.frames.length === before + 1)
      assert.strictEqual(client.frames[before]?.msg.code, code, JSON.stringify(command))
      assert.isString(client.frames[before]?.msg.msg)
    }
  })

  both(
    "beyond the limits get 26 for markets and 27 for commands",
    { marketsPerSessionMax: 5, commandsPerSecondMax: 3 },
    async (running) => {
      const tickers = activeTickers(running)
      const client = await running.connect()
      client.send(books(1, tickers.slice(0, 5)))
      client.send(books(2, tickers.slice(0, 6)))
      client.send({ id: 3, cmd: "list_subscriptions" })
      client.send({ id: 4, cmd: "list_subscriptions" })
      await client.until(() => client.frames.filter((frame) => frame.id !== undefined).length === 4)
      const codes = client.frames.filter((frame) => frame.type === "error").map((frame) => [frame.id, frame.msg.code])
      assert.sameDeepMembers(codes, [
        [2, 26],
        [4, 27]
      ])
    }
  )

  both("with id 0 are answered without an id", {}, async (running) => {
    const client = await running.connect()
    client.send({ id: 0, cmd: "list_subscriptions" })
    await client.until(() => client.frames.length === 1)
    assert.strictEqual(client.texts[0], '{"type":"ok","msg":[]}\n')
  })

  both(
    "of unsubscribing end the stream with a last seq, and the channel can be opened again under a new sid",
    {},
    async (running) => {
      const tickers = activeTickers(running)
      const client = await running.connect()
      client.send(books(1, tickers))
      await client.until(() => client.of(1).length === tickers.length)
      client.send({ id: 2, cmd: "unsubscribe", params: { sids: [1] } })
      await client.frame((frame) => frame.type === "unsubscribed")
      assert.strictEqual(client.texts.at(-1), `{"type":"unsubscribed","id":2,"sid":1,"seq":${tickers.length + 1}}\n`)
      running.step(50)
      client.send(books(3, tickers.slice(0, 1)))
      await client.until(() => client.of(2).length === 1)
      assert.lengthOf(client.of(1), tickers.length + 1)
    }
  )

  both("with use_yes_price get the no side on the yes scale, ascending", {}, async (running) => {
    const tickers = activeTickers(running)
    const [own, yes] = [await running.connect(), await running.connect()]
    own.send(books(1, tickers))
    yes.send(books(1, tickers, { use_yes_price: true }))
    await own.until(() => own.of(1).length === tickers.length)
    await yes.until(() => yes.of(1).length === tickers.length)
    running.step(300)
    await own.until(() => own.of(1).length > 300)
    await yes.until(() => yes.of(1).length === own.of(1).length)
    const flipped = (price: string): string => (1 - Number(price)).toFixed(4)
    own.of(1).forEach((frame, index) => {
      const other = yes.of(1)[index]
      if (frame.type === "orderbook_delta") {
        const expected = frame.msg.side === "no" ? flipped(frame.msg.price_dollars) : frame.msg.price_dollars
        assert.deepStrictEqual(other?.msg, { ...frame.msg, price_dollars: expected })
      } else {
        const levels: ReadonlyArray<[string, string]> = frame.msg.no_dollars_fp ?? []
        const expected = levels.map(([price, size]) => [flipped(price), size]).reverse()
        assert.deepStrictEqual(other?.msg.no_dollars_fp ?? [], expected)
        assert.deepStrictEqual(other?.msg.yes_dollars_fp, frame.msg.yes_dollars_fp)
      }
    })
  })

  both(
    "on the ticker channel take everything, tickers or ids, and a first message when asked for",
    {},
    async (running) => {
      const tickers = activeTickers(running)
      const [a = "", b = ""] = tickers
      const marketId = running.exchange.markets.get(b)?.marketId
      const [all, one, byId] = [await running.connect(), await running.connect(), await running.connect()]
      all.send({ id: 1, cmd: "subscribe", params: { channels: ["ticker"] } })
      one.send({
        id: 1,
        cmd: "subscribe",
        params: { channels: ["ticker"], market_ticker: a, send_initial_snapshot: true }
      })
      byId.send({ id: 1, cmd: "subscribe", params: { channels: ["ticker"], market_ids: [marketId] } })
      await one.frame((frame) => frame.type === "ticker")
      await byId.frame((frame) => frame.type === "subscribed")
      await all.frame((frame) => frame.type === "subscribed")
      running.step(3_000)
      await all.until(() => all.frames.length > 10)
      await byId.frame((frame) => frame.type === "ticker")
      assert.isTrue(all.of(1).every((frame) => frame.type === "ticker" && frame.seq === undefined))
      assert.deepStrictEqual([...new Set(one.of(1).map((frame) => frame.msg.market_ticker))], [a])
      assert.deepStrictEqual([...new Set(byId.of(1).map((frame) => frame.msg.market_ticker))], [b])
      byId.send({
        id: 2,
        cmd: "update_subscription",
        params: { sid: 1, action: "add_markets", market_ids: [marketId] }
      })
      const ok = await byId.frame((frame) => frame.id === 2)
      assert.deepStrictEqual(ok, { type: "ok", id: 2, sid: 1, msg: { market_ids: [marketId] } })
    }
  )

  both("open the private channels, which stay silent", {}, async (running) => {
    const client = await running.connect()
    const channels = ["fill", "user_orders", "market_positions", "communications"]
    client.send({ id: 1, cmd: "subscribe", params: { channels } })
    await client.until(() => client.frames.length === 4)
    assert.deepStrictEqual(
      client.frames.map((frame) => frame.msg),
      channels.map((channel, index) => ({ channel, sid: index + 1 }))
    )
  })

  both(
    "are answered with frames that say when they were sent, where that is asked for",
    { sendsSendingTime: true },
    async (running) => {
      const tickers = activeTickers(running)
      const client = await running.connect()
      client.send(books(1, tickers))
      await client.until(() => client.of(1).length === tickers.length)
      running.step(50)
      await client.until(() => client.of(1).length > tickers.length + 40)
      const messages = client.texts.map((text) => Wire.decode(Buffer.from(text)))
      for (const message of messages) {
        assert.deepStrictEqual(message.unknownFields, [])
        assert.isAtLeast(message.tsSentMicros ?? 0, Math.floor(running.exchange.settings.startMicros / 1000) * 1000)
      }
    }
  )

  it(
    "work over a compressed connection too",
    withExchange({ perMessageDeflate: true }, async (running) => {
      const tickers = activeTickers(running)
      const client = await connect(running, { perMessageDeflate: true })
      assert.include(client.socket.extensions, "permessage-deflate")
      client.send(books(1, tickers))
      await client.until(() => client.of(1).length === tickers.length)
      running.step(100)
      await client.until(() => client.of(1).length > tickers.length + 50)
      assert.isTrue(client.of(1).every((frame, index) => frame.seq === index + 1))
    })
  )
})
