/** Commands that are answered late, never, or with an error: by kind and by market. */
import { assert, describe } from "vitest"
import { following, isContiguous, subscribe, update } from "../Following.ts"
import { inflict } from "../TestExchange.ts"
import { activeTickers, both } from "../WithExchange.ts"

describe("a command", () => {
  both("get_snapshot is never answered for chosen markets, and is for the others", {}, async (running) => {
    const [a = "", b = "", c = ""] = activeTickers(running)
    const client = await following(running, [a, b, c])
    inflict(running, { fault: "ignore_commands", command: "get_snapshot", marketTickers: [b], count: 2 })
    client.send(update(2, 1, "get_snapshot", [a, b, c]))
    client.send(update(3, 1, "get_snapshot", [b]))
    client.send(update(4, 1, "get_snapshot", [b]))
    await client.until(() => client.frames.some((frame) => frame.id === 4))
    const answered = client.frames.flatMap(({ id, msg }) =>
      id !== undefined && id > 1 ? [`${id} ${msg.market_ticker}`] : []
    )
    assert.sameMembers(answered, [`2 ${a}`, `2 ${c}`, `4 ${b}`])
    assert.isTrue(isContiguous(client.of(1)))
  })

  both("get_snapshot is answered late for chosen markets, with the book of then", {}, async (running) => {
    const [a = "", b = ""] = activeTickers(running)
    const client = await following(running, [a, b])
    inflict(running, { fault: "delay_commands", command: "get_snapshot", marketTickers: [b], count: 1, millis: 60 })
    client.send(update(2, 1, "get_snapshot", [a, b]))
    await client.frame((frame) => frame.id === 2)
    const before = client.frames.length
    await client.until(() => client.frames.filter((frame) => frame.id === 2).length === 2)
    assert.isAtLeast(client.frames.length, before + 1)
    assert.deepStrictEqual(
      client.frames.flatMap(({ id, msg }) => (id === 2 ? [msg.market_ticker] : [])),
      [a, b]
    )
  })

  both(
    "add_markets is answered after changes that were lost, and its answer shows the hole",
    { deltasPerSecond: 5_000 },
    async (running) => {
      const [a = "", ...others] = activeTickers(running)
      const client = await following(running, others)
      const hits = running.faults.frameHits()
      inflict(running, { fault: "lose_until_reply", command: "add_markets", count: 1, millis: 400 })
      client.send(update(2, 1, "add_markets", [a]))
      client.send({ id: 3, cmd: "list_subscriptions" })
      await client.frame((frame) => frame.id === 3)
      running.step(20)
      const acknowledged = await client.frame((frame) => frame.id === 2)
      const lost = running.faults.frameHits() - hits
      assert.isAtLeast(lost, 5)
      assert.strictEqual(acknowledged.type, "ok")
      assert.strictEqual(acknowledged.seq, others.length + lost + 1)
      running.step(20)
      await client.until(() => client.of(1).length > others.length + 10)
      assert.strictEqual(running.faults.frameHits(), hits + lost)
    }
  )

  both("subscribe is answered late, and other commands meanwhile", {}, async (running) => {
    const [a = ""] = activeTickers(running)
    const client = await running.connect()
    inflict(running, { fault: "delay_commands", command: "subscribe", count: 1, millis: 40 })
    client.send(subscribe(1, [a]))
    client.send({ id: 2, cmd: "list_subscriptions" })
    await client.until(() => client.of(1).length === 1)
    assert.deepStrictEqual(
      client.frames.map(({ id, type }) => [type, id]),
      [
        ["ok", 2],
        ["subscribed", 1],
        ["orderbook_snapshot", undefined]
      ]
    )
  })

  both("is refused by kind and connection, as often as was asked", {}, async (running) => {
    const [a = "", b = ""] = activeTickers(running)
    const [one, other] = [await following(running, [a]), await running.connect()]
    inflict(running, { fault: "refuse_commands", command: "add_markets", connection: 1, code: 26, count: 1 })
    other.send(subscribe(1, [a]))
    await other.until(() => other.of(1).length === 1)
    other.send(update(2, 1, "add_markets", [b]))
    one.send(update(2, 1, "get_snapshot", [a]))
    one.send(update(3, 1, "add_markets", [b]))
    await one.frame((frame) => frame.id === 2)
    const refused = await one.frame((frame) => frame.id === 3)
    assert.deepStrictEqual(refused.msg, { code: 26, msg: "Subscription market limit exceeded" })
    one.send(update(4, 1, "add_markets", [b]))
    assert.strictEqual((await one.frame((frame) => frame.id === 4)).type, "ok")
    assert.strictEqual((await other.frame((frame) => frame.id === 2)).type, "ok")
  })
})
