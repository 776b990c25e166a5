/** Faults of frames that numbers do not show, or that meet replies; the plain ones are in `faults.test.ts`. */
import * as Wire from "@kalshibook/core/kalshi/Wire"
import { assert, describe } from "vitest"
import { assertTruth, following, isContiguous, stepUntil, subscribe, update } from "../Following.ts"
import { inflict } from "../TestExchange.ts"
import { activeTickers, both } from "../WithExchange.ts"

describe("a frame", () => {
  both("that is swallowed takes no seq: no number is missing, and the book is not the truth", {}, async (running) => {
    const tickers = activeTickers(running)
    const client = await following(running, tickers)
    const before = running.exchange.changeNumber
    inflict(running, { fault: "frame", action: { _tag: "swallow" }, type: "orderbook_delta", after: 10 })
    await stepUntil(running, client, 1, tickers.length + 12)
    assert.strictEqual(running.faults.frameHits(), 1)
    assert.isTrue(isContiguous(client.of(1)))
    const deltas = client.frames.filter((frame) => frame.type === "orderbook_delta")
    assert.isAbove(running.exchange.changeNumber - before, deltas.length)
    assert.throws(() => assertTruth(running, client, tickers))
    // A snapshot makes it right again.
    client.send(update(2, 1, "get_snapshot", tickers))
    await client.until(() => client.frames.filter((frame) => frame.id === 2).length === tickers.length)
    assertTruth(running, client, tickers)
  })

  both("that answers a command can be lost, by its type, and takes its seq along", {}, async (running) => {
    const [a = "", b = "", c = ""] = activeTickers(running)
    const client = await running.connect()
    const drop = (type: string) => inflict(running, { fault: "frame", action: { _tag: "drop" }, type })
    drop("subscribed")
    drop("orderbook_snapshot")
    client.send(subscribe(1, [a, b]))
    await client.until(() => client.of(1).length === 1)
    assert.deepStrictEqual(
      client.frames.map(({ msg, seq, type }) => [type, seq, msg.market_ticker]),
      [["orderbook_snapshot", 2, b]]
    )
    drop("ok")
    client.send(subscribe(2, [c]))
    await client.until(() => client.of(1).length === 2)
    assert.deepStrictEqual([client.of(1).at(-1)?.type, client.of(1).at(-1)?.seq], ["orderbook_snapshot", 4])
    drop("error")
    client.send({ id: 3, cmd: "dance", params: {} })
    drop("unsubscribed")
    client.send({ id: 4, cmd: "unsubscribe", params: { sids: [1] } })
    client.send({ id: 5, cmd: "list_subscriptions" })
    const list = await client.frame((frame) => frame.id === 5)
    assert.deepStrictEqual(list.msg, [])
    assert.isFalse(client.frames.some((frame) => frame.id === 3 || frame.id === 4))
    assert.strictEqual(running.faults.frameHits(), 5)
  })

  both("outside of all numbering is met only by a fault that names its type", {}, async (running) => {
    const [a = ""] = activeTickers(running)
    const client = await running.connect()
    inflict(running, { fault: "frame", action: { _tag: "drop" } })
    client.send(subscribe(1, [a]))
    await client.frame((frame) => frame.type === "subscribed")
    client.send({ id: 2, cmd: "list_subscriptions" })
    await client.frame((frame) => frame.id === 2)
    assert.lengthOf(client.of(1), 0)
    assert.strictEqual(running.faults.frameHits(), 1)
  })

  both("may have an envelope that cannot be read, be noise, or carry fields too many", {}, async (running) => {
    const tickers = activeTickers(running)
    const client = await following(running, tickers)
    const before = client.texts.length
    inflict(
      running,
      { fault: "frame", action: { _tag: "corrupt", how: "envelope" } },
      { fault: "frame", action: { _tag: "corrupt", how: "noise" } },
      { fault: "frame", action: { _tag: "extra_fields" } }
    )
    running.step(10)
    await client.until(() => client.texts.length >= before + 10)
    const [envelope, noise, extra, next] = client.texts.slice(before).map((text) => Wire.decode(Buffer.from(text)))
    assert.include(envelope, { _tag: "undecodable", sid: null, seq: null })
    assert.include(noise, { _tag: "undecodable", sid: null, seq: null })
    assert.strictEqual(extra?._tag, "orderbook_delta")
    assert.sameMembers([...(extra?.unknownFields ?? [])], ["msg.zz_added", "zz_shard"])
    assert.deepInclude(extra, { sid: 1, seq: tickers.length + 3 })
    assert.deepInclude(next, { _tag: "orderbook_delta", seq: tickers.length + 4 })
  })

  both("of a type that nobody knows takes the next seq of its subscription", {}, async (running) => {
    const tickers = activeTickers(running)
    const client = await following(running, tickers)
    client.send({ id: 2, cmd: "subscribe", params: { channels: ["trade"] } })
    await client.frame((frame) => frame.id === 2)
    inflict(running, { fault: "unknown_frame", channel: "orderbook_delta" })
    running.step(20)
    await client.until(() => client.of(1).length > tickers.length + 5)
    const message = Wire.decode(
      Buffer.from(client.texts[client.frames.findIndex(({ type }) => type === "zz_unheard_of")] ?? "")
    )
    assert.deepInclude(message, { _tag: "unknown", type: "zz_unheard_of", sid: 1, seq: tickers.length + 1 })
    assert.isTrue(isContiguous(client.of(1)))
    assert.isFalse(client.of(2).some(({ type }) => type === "zz_unheard_of"))
  })
})
