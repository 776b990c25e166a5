/** What may happen to a market on command, as clients see it on the channel and by REST. */
import { assert, describe } from "vitest"
import { following } from "../Following.ts"
import type { TestClient } from "../TestClient.ts"
import { inflict, type TestExchange } from "../TestExchange.ts"
import { activeTickers, both } from "../WithExchange.ts"

/** Slow enough that nothing happens but what is asked for. */
const calm = { deltasPerSecond: 20, marketsOpen: 12 }

const hearing = async (running: TestExchange): Promise<TestClient> => {
  const client = await running.connect()
  client.send({ id: 1, cmd: "subscribe", params: { channels: ["market_lifecycle_v2"] } })
  await client.frame((frame) => frame.id === 1)
  return client
}

/** A market that trades, alone in its event. */
const aloneOf = (running: TestExchange): string =>
  activeTickers(running).find((ticker) => running.exchange.markets.get(ticker)?.event.markets.length === 1) ?? ""

const marketOf = async (running: TestExchange, ticker: string) => (await running.get(`/markets/${ticker}`)).body.market

describe("a market", () => {
  both("moves to a finer grid, and its orders stay", calm, async (running) => {
    const client = await hearing(running)
    const market = [...running.exchange.markets.values()].find(({ structure }) => structure.label === "linear_cent")
    const ticker = market?.ticker ?? ""
    const before = (await running.get(`/markets/${ticker}/orderbook`)).body
    inflict(running, { fault: "life", act: "refine_grid", marketTicker: ticker })
    const told = await client.frame((frame) => frame.msg.event_type === "price_level_structure_updated")
    assert.deepStrictEqual(told.msg, {
      market_ticker: ticker,
      price_level_structure: "deci_cent",
      price_ranges: [{ start: "0.0000", end: "1.0000", step: "0.0010" }],
      event_type: "price_level_structure_updated"
    })
    assert.deepInclude(await marketOf(running, ticker), { price_level_structure: "deci_cent" })
    assert.deepStrictEqual((await running.get(`/markets/${ticker}/orderbook`)).body, before)
  })

  both("gets other words and another strike", calm, async (running) => {
    const client = await hearing(running)
    const market = [...running.exchange.markets.values()].find(({ strike }) => strike._tag === "greater")
    const ticker = market?.ticker ?? ""
    const before = await marketOf(running, ticker)
    inflict(running, { fault: "life", act: "change_metadata", marketTicker: ticker })
    const told = await client.frame((frame) => frame.msg.event_type === "metadata_updated")
    const after = await marketOf(running, ticker)
    assert.strictEqual(after.yes_sub_title, `${before.yes_sub_title} (rev. 1)`)
    assert.isAbove(after.floor_strike, before.floor_strike)
    assert.isAtLeast(Date.parse(after.updated_time), Date.parse(before.updated_time))
    assert.deepStrictEqual(told.msg, {
      market_ticker: ticker,
      strike_type: "greater",
      floor_strike: after.floor_strike,
      yes_sub_title: after.yes_sub_title,
      event_type: "metadata_updated"
    })
  })

  both("has fees that its event overrides, and clears again", calm, async (running) => {
    const client = await hearing(running)
    const [ticker = ""] = activeTickers(running)
    const eventTicker = running.exchange.markets.get(ticker)?.event.ticker
    const eventOf = async () => (await running.get(`/events/${eventTicker}`)).body.event
    inflict(running, { fault: "life", act: "change_fees", marketTicker: ticker })
    assert.deepInclude(await eventOf(), { fee_type_override: "flat", fee_multiplier_override: 0.5 })
    inflict(running, { fault: "life", act: "change_fees", marketTicker: ticker })
    assert.notProperty(await eventOf(), "fee_type_override")
    await client.until(() => client.of(1).filter(({ type }) => type === "event_fee_update").length === 2)
    assert.deepStrictEqual(
      client.of(1).map(({ msg }) => msg),
      [
        { event_ticker: eventTicker, fee_type_override: "flat", fee_multiplier_override: 0.5 },
        { event_ticker: eventTicker, fee_type_override: null, fee_multiplier_override: null }
      ]
    )
  })

  both("closes later or earlier than was said, at the time that was told last", calm, async (running) => {
    const client = await hearing(running)
    const ticker = aloneOf(running)
    const market = running.exchange.markets.get(ticker)
    for (const millis of [86_000_000, 2_000]) inflict(running, { fault: "change_close", marketTicker: ticker, millis })
    running.advance(1_900)
    assert.strictEqual(market?.status, "active")
    running.advance(200)
    assert.strictEqual(market?.status, "closed")
    await client.until(() => client.of(1).length >= 2)
    const [later, earlier] = client.of(1).map(({ msg }) => msg)
    assert.deepStrictEqual([later.event_type, earlier.event_type], ["close_date_updated", "close_date_updated"])
    assert.closeTo(later.close_ts - earlier.close_ts, 85_998, 1)
  })

  both("opens again after its close with an empty book, and trades", calm, async (running) => {
    const ticker = aloneOf(running)
    const books = await following(running, [ticker])
    const client = await hearing(running)
    inflict(running, { fault: "change_close", marketTicker: ticker, millis: 1_000 })
    running.advance(1_500)
    inflict(running, { fault: "change_close", marketTicker: ticker, millis: 3_600_000 })
    await client.frame((frame) => frame.msg.event_type === "activated")
    running.advance(5_000)
    const seq = () => running.feed.sessions.get(1)?.subscriptionsBySid.get(1)?.seq
    await books.until(() => books.of(1).length === seq())
    const levels = new Map<string, number>()
    let wasEmpty = false
    for (const { msg, type } of books.of(1)) {
      for (const side of type === "orderbook_snapshot" ? ["yes", "no"] : []) {
        for (const [price, size] of msg[`${side}_dollars_fp`] ?? []) levels.set(`${side}${price}`, Number(size))
      }
      if (type !== "orderbook_delta") continue
      const key = `${msg.side}${msg.price_dollars}`
      levels.set(key, Math.round(((levels.get(key) ?? 0) + Number(msg.delta_fp)) * 100) / 100)
      if (levels.get(key) === 0) levels.delete(key)
      wasEmpty ||= levels.size === 0
    }
    assert.isTrue(wasEmpty)
    assert.isAbove(levels.size, 0)
  })

  both("is determined, disputed, amended and settled; the channel is told of two of them", calm, async (running) => {
    const client = await hearing(running)
    const ticker = aloneOf(running)
    inflict(running, { fault: "change_close", marketTicker: ticker, millis: 10 })
    running.advance(50)
    const results: Array<unknown> = []
    for (const act of ["determine", "dispute", "amend", "settle"] as const) {
      inflict(running, { fault: "life", act, marketTicker: ticker })
      const { result, status } = await marketOf(running, ticker)
      results.push([status, result])
    }
    const [[, result]] = results as [[string, string]]
    const other = result === "yes" ? "no" : "yes"
    assert.deepStrictEqual(results, [
      ["determined", result],
      ["disputed", result],
      ["amended", other],
      ["finalized", other]
    ])
    running.advance(1_200_000)
    await client.until(() => client.of(1).some(({ msg }) => msg.event_type === "settled"))
    assert.deepStrictEqual(
      client.of(1).flatMap(({ msg }) => (msg.market_ticker === ticker ? [msg.event_type] : [])),
      ["close_date_updated", "determined", "settled"]
    )
    const early = running.faults.inflict({ fault: "life", act: "settle", marketTicker: ticker })
    assert.strictEqual(early._tag, "Failure")
  })
})
