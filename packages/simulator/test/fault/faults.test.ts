/** What can be made to go wrong, seen from a client, through the API and the admin endpoint. */
import { assert, describe, it } from "vitest"
import type { RunningExchange } from "../../src/SimulatedExchange.ts"
import { connect, type Frame, type TestClient } from "../TestClient.ts"
import { activeTickers, withExchange } from "../WithExchange.ts"

const following = async (running: RunningExchange): Promise<TestClient> => {
  const tickers = activeTickers(running)
  const client = await connect(running)
  client.send({ id: 1, cmd: "subscribe", params: { channels: ["orderbook_delta"], market_tickers: tickers } })
  await client.until(() => client.of(1).length === tickers.length)
  return client
}

/** An answer of the admin endpoint, or of a whole address. */
const admin = async (running: RunningExchange, path: string, init: RequestInit = {}) => {
  const response = await fetch(path.startsWith("/") ? `${running.adminUrl}${path}` : path, init)
  // biome-ignore lint/suspicious/noExplicitAny: answers are looked into as a foreign client would
  return { status: response.status, body: (await response.json()) as any }
}

const inflict = (running: RunningExchange, fault: unknown) =>
  admin(running, "/faults", { method: "POST", body: JSON.stringify(fault) })

/** Steps until every frame that was numbered has been sent or lost. */
const settle = async (
  running: RunningExchange,
  client: TestClient,
  steps: number,
  lost: number
): Promise<ReadonlyArray<Frame>> => {
  const before = client.frames.length
  const seq = () => running.server.feed.sessions.get(1)?.subscriptionsBySid.get(1)?.seq ?? 0
  const seqBefore = seq()
  running.step(steps)
  await client.until(() => client.frames.length === before + seq() - seqBefore - lost)
  return client.frames.slice(before)
}

describe("frame faults", () => {
  it(
    "drop the n-th next frame of a sid, whose seq is missing",
    withExchange({}, async (running) => {
      const client = await following(running)
      await inflict(running, { fault: "frame", action: { _tag: "drop" }, sid: 1, after: 4 })
      const frames = await settle(running, client, 20, 1)
      const first = frames[0]?.seq ?? 0
      assert.deepStrictEqual(
        frames.slice(0, 6).map((frame) => (frame.seq ?? 0) - first),
        [0, 1, 2, 3, 5, 6]
      )
      assert.strictEqual(running.faults.frameHits(), 1)
    })
  )

  it(
    "send a frame twice, late, or after the next one",
    withExchange({}, async (running) => {
      const client = await following(running)
      await inflict(running, { fault: "frame", action: { _tag: "duplicate" } })
      const doubled = await settle(running, client, 5, -1)
      assert.strictEqual(doubled[0]?.seq, doubled[1]?.seq)
      await inflict(running, { fault: "frame", action: { _tag: "reorder" } })
      const swapped = await settle(running, client, 5, 0)
      assert.strictEqual((swapped[1]?.seq ?? 0) + 1, swapped[0]?.seq)
      await inflict(running, { fault: "frame", action: { _tag: "delay", millis: 30 } })
      const late = await settle(running, client, 5, 0)
      assert.isBelow(late.at(-1)?.seq ?? 0, late[0]?.seq ?? 0)
    })
  )

  it(
    "garble a frame whose sid and seq stay readable",
    withExchange({}, async (running) => {
      const client = await following(running)
      await inflict(running, { fault: "frame", action: { _tag: "corrupt", how: "truncate" } })
      await inflict(running, { fault: "frame", action: { _tag: "corrupt", how: "field" } })
      const frames = await settle(running, client, 5, 0)
      const [cut = "", field = ""] = client.texts.slice(-frames.length)
      assert.strictEqual(frames[0]?.type, "broken")
      assert.match(cut, /^\{"type":"orderbook_delta","sid":1,"seq":\d+,"msg":\{/)
      assert.deepStrictEqual(frames[1]?.msg.market_ticker, { "?": 0 })
      assert.match(field, /^\{"type":"orderbook_delta","sid":1,"seq":\d+,"msg":\{/)
    })
  )

  it(
    "hit by probability the frames of one market alone, and stop when cleared",
    withExchange({ marketsOpen: 5 }, async (running) => {
      const client = await following(running)
      const [a = ""] = activeTickers(running)
      const fault = { fault: "frame", action: { _tag: "drop" }, marketTicker: a, probability: 0.5, count: 1_000_000 }
      await inflict(running, fault)
      running.step(2_000)
      const hits = running.faults.frameHits()
      assert.isAbove(hits, 20)
      await admin(running, "/faults", { method: "DELETE" })
      running.step(500)
      assert.strictEqual(running.faults.frameHits(), hits)
      const seq = running.server.feed.sessions.get(1)?.subscriptionsBySid.get(1)?.seq ?? 0
      await client.until(() => client.of(1).length === seq - hits)
      assert.isTrue(client.of(1).some((frame) => frame.msg.market_ticker === a))
    })
  )
})

describe("connection faults", () => {
  it(
    "cut a connection with a code or abruptly, and the truth of its frames stays known",
    withExchange({}, async (running) => {
      const client = await following(running)
      const [a = ""] = activeTickers(running)
      await inflict(running, { fault: "cut", connection: 1, code: 4001 })
      await client.until(() => client.closeCode === 4001)
      const other = await connect(running)
      await inflict(running, { fault: "cut", connection: 2 })
      await other.until(() => other.closeCode === 1006)
      assert.strictEqual(running.truth.bookAt(a, { connection: 1, sid: 1, seq: 1 })._tag, "book")
      assert.strictEqual(running.truth.bookAt(a, { connection: 3, sid: 1, seq: 1 })._tag, "unknown_frame")
      assert.strictEqual((await inflict(running, { fault: "cut", connection: 9 })).status, 400)
    })
  )

  it(
    "freeze everything, pings and answers to pings too, until the thaw",
    withExchange({ pingMillis: 10 }, async (running) => {
      const client = await following(running)
      await client.until(() => client.pings.length > 0)
      await inflict(running, { fault: "freeze", mode: "all", millis: 80 })
      const { length: pings } = client.pings
      const { length: frames } = client.frames
      const frozen = running.server.connections.values().next().value
      running.step(10)
      assert.strictEqual(frozen?.freeze, "all")
      await client.until(() => client.frames.length > frames)
      assert.strictEqual(frozen?.freeze, "none")
      assert.isAtMost(client.pings.length, pings + 2)
    })
  )

  it(
    "kill a subscription with error 10, and answer commands with any code",
    withExchange({}, async (running) => {
      const client = await following(running)
      await inflict(running, { fault: "subscription_error", code: 10, sid: 1 })
      const error = await client.frame((frame) => frame.type === "error")
      assert.deepStrictEqual([error.sid, error.msg], [1, { code: 10, msg: "Channel error" }])
      await inflict(running, { fault: "refuse_commands", code: 18, count: 1 })
      client.send({ id: 8, cmd: "list_subscriptions" })
      assert.deepStrictEqual((await client.frame((frame) => frame.id === 8)).msg, { code: 18, msg: "Command timeout" })
    })
  )
})

describe("exchange faults", () => {
  it(
    "let a market trade that nobody announced, and send frames of a market that nobody follows",
    withExchange({}, async (running) => {
      const client = await following(running)
      client.send({ id: 2, cmd: "subscribe", params: { channels: ["market_lifecycle_v2"] } })
      await client.frame((frame) => frame.id === 2)
      const { body } = await inflict(running, { fault: "unannounced_market" })
      const ticker = body.market_ticker
      const market = await admin(running, `${running.restUrl}/markets/${ticker}`)
      assert.strictEqual(market.body.market.status, "active")
      const before = client.of(1).length
      await inflict(running, { fault: "stray_frame", marketTicker: ticker })
      await client.until(() => client.of(1).length === before + 1)
      assert.strictEqual(client.of(1).at(-1)?.msg.market_ticker, ticker)
      assert.isTrue(client.of(1).every((frame, index) => frame.seq === index + 1))
      assert.lengthOf(client.of(2), 0)
    })
  )

  it(
    "make the next REST calls fail with 429 or 5xx, and no more than that",
    withExchange({}, async (running) => {
      const statuses = async () => {
        const one = []
        for (let count = 0; count < 3; count++) one.push((await fetch(`${running.restUrl}/markets?limit=1`)).status)
        return one
      }
      await inflict(running, { fault: "rest", status: 429, count: 2 })
      assert.deepStrictEqual(await statuses(), [429, 429, 200])
      await inflict(running, { fault: "rest", status: 503, count: 2, pathPrefix: "/trade-api/v2/events" })
      assert.deepStrictEqual(await statuses(), [200, 200, 200])
      assert.strictEqual((await fetch(`${running.restUrl}/events`)).status, 503)
    })
  )

  it(
    "close an event early, and open it again, with what the lifecycle channel says of it",
    withExchange({ deltasPerSecond: 20 }, async (running) => {
      const client = await following(running)
      client.send({ id: 2, cmd: "subscribe", params: { channels: ["market_lifecycle_v2"] } })
      await client.frame((frame) => frame.id === 2)
      const market = [...running.exchange.markets.values()].find((one) => one.event.markets.length === 1)
      const ticker = market?.ticker ?? ""
      await inflict(running, { fault: "change_close", marketTicker: ticker, millis: 500 })
      running.advance(600)
      assert.strictEqual(market?.status, "closed")
      await inflict(running, { fault: "change_close", marketTicker: ticker, millis: 60_000 })
      assert.strictEqual(market?.status, "active")
      running.advance(59_000)
      assert.strictEqual(market?.status, "active")
      running.advance(30_000)
      assert.strictEqual(market?.status, "determined")
      await client.until(() => client.of(2).some((frame) => frame.msg.event_type === "determined"))
      const told = client.of(2).filter((frame) => frame.msg.market_ticker === ticker)
      assert.deepStrictEqual(
        told.map((frame) => frame.msg.event_type),
        ["close_date_updated", "close_date_updated", "activated", "determined"]
      )
    })
  )

  it(
    "put the clock of the exchange off, which shows in its time stamps",
    withExchange({}, async (running) => {
      const client = await following(running)
      await inflict(running, { fault: "clock_offset", millis: 3_600_000 })
      const [frame] = await settle(running, client, 5, 0)
      assert.closeTo(frame?.msg.ts_ms, running.exchange.nowMicros / 1000 + 3_600_000, 1_000)
    })
  )

  it(
    "are refused when they are not known or not possible, with the reason",
    withExchange({}, async (running) => {
      assert.strictEqual((await inflict(running, { fault: "earthquake" })).status, 400)
      assert.strictEqual((await inflict(running, { fault: "cut", code: 7 })).status, 400)
      const { body, status } = await inflict(running, {
        fault: "resume_market",
        marketTicker: activeTickers(running)[0]
      })
      assert.deepStrictEqual([status, body.details], [400, `${activeTickers(running)[0]} is not inactive`])
      assert.strictEqual((await admin(running, "/faults", { method: "POST", body: "{" })).status, 400)
    })
  )
})

describe("the admin endpoint", () => {
  it(
    "tells the truth by time, by change and by frame, and status and connections",
    withExchange({}, async (running) => {
      const client = await following(running)
      await settle(running, client, 200, 0)
      const [ticker = ""] = activeTickers(running)
      const { changeNumber, tsMicros } = running.truth.last()
      const seq = client.of(1).at(-1)?.seq
      const answers = await Promise.all(
        ["", `&ts=${tsMicros}`, `&change=${changeNumber}`, `&connection=1&sid=1&seq=${seq}`].map((moment) =>
          admin(running, `/truth/book?ticker=${ticker}${moment}`)
        )
      )
      const rest = await admin(running, `${running.restUrl}/markets/${ticker}/orderbook`)
      for (const { body } of answers) assert.deepStrictEqual(body.orderbook_fp, rest.body.orderbook_fp)
      assert.strictEqual((await admin(running, "/truth/book?ticker=NONE")).status, 404)
      assert.strictEqual((await admin(running, "/truth/book")).status, 400)
      assert.strictEqual((await admin(running, `/truth/book?ticker=${ticker}&ts=soon`)).status, 400)
      assert.include((await admin(running, "/truth/tickers")).body.tickers, ticker)
      assert.deepInclude((await admin(running, "/status")).body, { change_number: changeNumber, connections: 1 })
      const { connections } = (await admin(running, "/connections")).body
      assert.deepStrictEqual(connections[0].subscriptions[0].seq, seq)
    })
  )

  it(
    "moves time when the exchange is driven by hand",
    withExchange({}, async (running) => {
      const before = running.exchange.nowMicros
      const { body } = await admin(running, "/advance?millis=1500", { method: "POST" })
      assert.strictEqual(running.exchange.nowMicros, before + 1_500_000)
      assert.isAbove(body.change_number, 100)
      assert.strictEqual((await admin(running, "/step?count=many", { method: "POST" })).status, 400)
    })
  )
})
