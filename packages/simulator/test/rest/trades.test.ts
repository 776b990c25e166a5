/** Trades by REST: what a client fills the holes of its trade channel with. */
import { assert, describe } from "vitest"
import { inflict, type TestExchange } from "../TestExchange.ts"
import { activeTickers, both } from "../WithExchange.ts"

interface Trade {
  readonly trade_id: string
  readonly ticker: string
  readonly created_time: string
  readonly is_block_trade: boolean
}

/** All trades page by page; `between` is called after each page. */
const walk = async (running: TestExchange, query: string, between = () => {}): Promise<ReadonlyArray<Trade>> => {
  const found: Array<Trade> = []
  let cursor = ""
  do {
    const { body } = await running.get(`/markets/trades?${query}&cursor=${encodeURIComponent(cursor)}`)
    found.push(...body.trades)
    cursor = body.cursor
    between()
  } while (cursor !== "")
  return found
}

const ids = (trades: ReadonlyArray<Trade>): ReadonlyArray<string> => trades.map((trade) => trade.trade_id)

describe("trades by REST", () => {
  both("page newest first and stay in place while new trades happen", {}, async (running) => {
    running.step(3_000)
    const before = running.exchange.trades.map((trade) => trade.tradeId).reverse()
    assert.isAbove(before.length, 100)
    const found = await walk(running, "limit=17", () => running.step(50))
    assert.deepStrictEqual(ids(found), before)
    assert.isAbove(running.exchange.trades.length, before.length)
  })

  both("are found by the seconds in which a channel had a hole, both ends included", {}, async (running) => {
    running.advance(20_000)
    const { trades } = running.exchange
    const middle = Math.floor((trades[Math.floor(trades.length / 2)]?.tsMicros ?? 0) / 1_000_000)
    const found = await walk(running, `limit=7&min_ts=${middle - 3}&max_ts=${middle + 1}`)
    const expected = trades.filter(
      ({ tsMicros }) => tsMicros >= (middle - 3) * 1_000_000 && tsMicros <= (middle + 1) * 1_000_000
    )
    assert.isAbove(expected.length, 20)
    assert.deepStrictEqual(ids(found), expected.map((trade) => trade.tradeId).reverse())
    const [{ ticker = "" } = {}] = found
    const ofMarket = await walk(running, `limit=2&ticker=${ticker}&min_ts=${middle - 3}&max_ts=${middle + 1}`)
    assert.deepStrictEqual(ids(ofMarket), ids(found.filter((trade) => trade.ticker === ticker)))
  })

  both("are block trades where the channel said so, and can be told apart", {}, async (running) => {
    const [a = ""] = activeTickers(running)
    const client = await running.connect()
    client.send({ id: 1, cmd: "subscribe", params: { channels: ["trade"] } })
    await client.frame((frame) => frame.id === 1)
    running.step(200)
    inflict(running, { fault: "life", act: "block_trade", marketTicker: a })
    running.step(200)
    const told = await client.frame((frame) => frame.type === "trade" && frame.msg.is_block_trade)
    const blocks = await walk(running, "is_block_trade=true")
    assert.deepStrictEqual(ids(blocks), [told.msg.trade_id])
    assert.strictEqual(blocks[0]?.ticker, a)
    const others = await walk(running, "is_block_trade=false&limit=1000")
    assert.strictEqual(others.length + 1, running.exchange.trades.length)
  })
})
