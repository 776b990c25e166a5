import { assert, describe, it } from "@effect/vitest"
import type { BookRecord } from "@kalshibook/core/BookRecord"
import * as Wire from "@kalshibook/core/kalshi/Wire"
import * as StoreBatch from "../../../store/test/Batch.ts"
import * as KalshiCommands from "../../src/kalshi/KalshiCommands.ts"
import * as KalshiSession from "../../src/kalshi/KalshiSession.ts"
import * as KalshiTelling from "../../src/kalshi/KalshiTelling.ts"
import * as MarketUuid from "../../src/kalshi/MarketUuid.ts"

const levels = { yes: [{ priceE4: 3_400, sizeE2: 10_000 }], no: [{ priceE4: 6_000, sizeE2: 250 }] }

/** A session in which every book that is asked for is known, but for `STALE`. */
const conversation = (gaps: KalshiSession.GapsMode = "error") => {
  const session = KalshiSession.make(gaps)
  const settle = () => {
    for (const ask of KalshiSession.takeAsks(session)) {
      const gap = StoreBatch.gap({ marketTicker: ask.marketTicker, offset: 3 })
      const state = { STALE: { _tag: "stale", gap } as const, NONE: { _tag: "none" } as const }[ask.marketTicker]
      KalshiSession.answer(session, ask, state ?? { _tag: "known", levels })
    }
    return KalshiSession.takeFrames(session).frames.map((text) => JSON.parse(text))
  }
  return {
    session,
    say: (command: object) => {
      KalshiCommands.execute(session, JSON.stringify(command))
      return settle()
    },
    tell: (record: BookRecord) => {
      KalshiTelling.record(session, record)
      return settle()
    },
    settle
  }
}

const subscribe = (id: number, tickers: ReadonlyArray<string>, more: object = {}) => ({
  id,
  cmd: "subscribe",
  params: { channels: ["orderbook_delta"], market_tickers: tickers, ...more }
})

describe("a conversation in Kalshi's protocol", () => {
  it("acknowledges, then sends a snapshot of each market, ascending, numbered from 1", () => {
    const { say } = conversation()
    const frames = say(subscribe(1, ["B", "A"]))
    assert.deepStrictEqual(
      frames.map(({ type, sid, seq, msg }) => [type, sid, seq, msg.market_ticker]),
      [
        ["subscribed", undefined, undefined, undefined],
        ["orderbook_snapshot", 1, 1, "A"],
        ["orderbook_snapshot", 1, 2, "B"]
      ]
    )
    assert.deepStrictEqual(frames[0].msg, { channel: "orderbook_delta", sid: 1 })
    assert.deepStrictEqual(frames[1].msg.no_dollars_fp, [["0.6000", "2.50"]])
  })

  it("merges a second subscribe into the first: an ok with the whole list takes a number, and only the new market is shown", () => {
    const { say } = conversation()
    say(subscribe(1, ["B"]))
    const frames = say(subscribe(2, ["A", "B"]))
    assert.deepStrictEqual(frames[0], { type: "ok", id: 2, sid: 1, seq: 2, msg: { market_tickers: ["A", "B"] } })
    assert.deepStrictEqual(
      frames.slice(1).map(({ type, seq, msg }) => [type, seq, msg.market_ticker]),
      [["orderbook_snapshot", 3, "A"]]
    )
  })

  it("tells changes of what is followed as the exchange writes them, on the scale that was asked for", () => {
    const { say, tell } = conversation()
    say(subscribe(1, ["A"], { use_yes_price: true }))
    const change = { marketTicker: "A", offset: 9, side: "no", priceE4: 3_500, deltaE2: -250 } as const
    const told = tell(StoreBatch.delta({ ...change, tsExchangeMicros: 1_795_345_200_694_560 }))
    assert.deepStrictEqual(told, [
      {
        type: "orderbook_delta",
        sid: 1,
        seq: 2,
        msg: {
          market_ticker: "A",
          market_id: MarketUuid.of("A"),
          price_dollars: "0.6500",
          delta_fp: "-2.50",
          side: "no",
          ts: "2026-11-22T11:00:00.69456Z",
          ts_ms: 1_795_345_200_694
        }
      }
    ])
    assert.deepStrictEqual(tell(StoreBatch.delta({ marketTicker: "B", offset: 9 })), [])
  })

  it("writes what its own decoder reads", () => {
    const { session, tell } = conversation()
    KalshiCommands.execute(session, JSON.stringify(subscribe(1, ["A"])))
    for (const ask of KalshiSession.takeAsks(session)) KalshiSession.answer(session, ask, { _tag: "known", levels })
    KalshiTelling.record(session, StoreBatch.delta({ marketTicker: "A", offset: 9 }))
    const tags = KalshiSession.takeFrames(session).frames.map((text) => Wire.decode(text)._tag)
    assert.deepStrictEqual(tags, ["subscribed", "orderbook_snapshot", "orderbook_delta"])
    tell(StoreBatch.delta({ marketTicker: "A", offset: 10 }))
  })

  it("ends the subscription with error 25 where the book is not known any more, and begins anew with the next subscribe", () => {
    const { say, tell } = conversation()
    say(subscribe(1, ["A"]))
    const [error, ...more] = tell(StoreBatch.gap({ marketTicker: "A", offset: 9 }))
    assert.deepStrictEqual(more, [])
    assert.deepInclude(error, { type: "error", sid: 1, seq: 2 })
    assert.deepInclude(error.msg, { code: 25, market_ticker: "A" })
    assert.include(error.msg.msg, "connection_lost")
    assert.deepStrictEqual(tell(StoreBatch.snapshot({ marketTicker: "A", offset: 10 })), [])
    assert.deepStrictEqual(
      say(subscribe(2, ["A", "STALE"])).map(({ type, sid, seq }) => [type, sid, seq]),
      [
        ["subscribed", undefined, undefined],
        ["orderbook_snapshot", 2, 1]
      ]
    )
    const [shown] = tell(StoreBatch.snapshot({ marketTicker: "STALE", offset: 11 }))
    assert.deepInclude(shown, { type: "orderbook_snapshot", sid: 2, seq: 2 })
  })

  it("tells of the hole in a frame of its own where that is asked for, and goes on with the next snapshot", () => {
    const { say, tell } = conversation("frames")
    say(subscribe(1, ["A"]))
    const [gap] = tell(StoreBatch.gap({ marketTicker: "A", offset: 9 }))
    assert.deepInclude(gap, { type: "kalshibook_gap", sid: 1 })
    assert.deepInclude(gap.msg, { market_ticker: "A", cause: "connection_lost" })
    assert.deepStrictEqual(tell(StoreBatch.delta({ marketTicker: "A", offset: 10 })), [])
    const [shown] = tell(StoreBatch.snapshot({ marketTicker: "A", offset: 11 }))
    assert.deepInclude(shown, { type: "orderbook_snapshot", sid: 1, seq: 2 })
  })

  it("says nothing of a market that has closed, as the exchange", () => {
    const { say, tell } = conversation()
    say(subscribe(1, ["A"]))
    assert.deepStrictEqual(tell(StoreBatch.gap({ marketTicker: "A", offset: 9, cause: "market_closed" })), [])
    assert.deepStrictEqual(say({ id: 3, cmd: "list_subscriptions" })[0].msg, [{ channel: "orderbook_delta", sid: 1 }])
  })

  it("answers get_snapshot with a numbered snapshot that has its id, and an error where the book is not known", () => {
    const { say } = conversation()
    say(subscribe(1, ["A"]))
    const ask = (id: number, market_tickers: ReadonlyArray<string>) =>
      say({ id, cmd: "update_subscription", params: { sids: [1], action: "get_snapshot", market_tickers } })
    assert.deepInclude(ask(5, ["B"])[0], { type: "orderbook_snapshot", id: 5, sid: 1, seq: 2 })
    for (const [index, ticker] of ["STALE", "NONE"].entries()) {
      const [error] = ask(6 + index, [ticker])
      assert.deepInclude(error, { type: "error", id: 6 + index, sid: 1, seq: 3 + index })
      assert.deepInclude(error.msg, { code: 11, market_ticker: ticker })
    }
  })

  it("refuses channels that it cannot serve, with the reason, and serves the others of the same command", () => {
    const { say } = conversation()
    const channels = ["ticker", "trade", "fill", "nonsense"]
    const frames = say({ id: 7, cmd: "subscribe", params: { channels } })
    assert.deepStrictEqual(
      frames.map(({ type, id, msg }) => [type, id, msg.code ?? msg.channel]),
      [
        ["error", 7, 8],
        ["subscribed", 7, "trade"],
        ["error", 7, 8],
        ["error", 7, 8]
      ]
    )
    assert.include(frames[0].msg.msg, "open interest")
    assert.strictEqual(frames[3].msg.msg, "Unknown channel name")
  })

  it("refuses what the exchange refuses, with its codes", () => {
    const { say } = conversation()
    say(subscribe(1, ["A"]))
    const codes = [
      { id: 2, cmd: "subscribe", params: { channels: ["orderbook_delta"] } },
      { id: 2, cmd: "subscribe", params: {} },
      { id: 2, cmd: "dance", params: {} },
      { id: 2, cmd: "unsubscribe", params: { sids: [9] } },
      { id: 2, cmd: "unsubscribe", params: {} },
      { id: 2, cmd: "update_subscription", params: { sids: [1] } },
      { id: 2, cmd: "update_subscription", params: { sids: [1], action: "shout", market_tickers: ["A"] } },
      { id: 2, cmd: "update_subscription", params: { sids: [1, 2], action: "add_markets", market_tickers: ["A"] } }
    ].map((command) => say(command)[0].msg.code)
    assert.deepStrictEqual(codes, [14, 3, 5, 7, 4, 15, 13, 12])
  })

  it("gives each market an id of its own, always the same", () => {
    const ids = Array.from({ length: 20_000 }, (_, index) => MarketUuid.of(`KXTEST-26NOV22-T${index}.99`))
    assert.strictEqual(new Set(ids).size, ids.length)
    assert.isTrue(ids.every((id) => /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/.test(id)))
    assert.strictEqual(MarketUuid.of("KXTEST-26NOV22-T7.99"), ids[7])
  })

  it("counts each frame of a subscription once, whatever is asked and told", () => {
    const { say, tell } = conversation()
    const told = [
      ...say(subscribe(1, ["A", "B"])),
      ...tell(StoreBatch.delta({ marketTicker: "A", offset: 2 })),
      ...say({
        id: 2,
        cmd: "update_subscription",
        params: { sid: 1, action: "delete_markets", market_tickers: ["A"] }
      }),
      ...tell(StoreBatch.delta({ marketTicker: "A", offset: 3 })),
      ...say({
        id: 3,
        cmd: "update_subscription",
        params: { sid: 1, action: "add_markets", market_tickers: ["A", "C"] }
      }),
      ...say({ id: 4, cmd: "update_subscription", params: { sid: 1, action: "nonsense" } }),
      ...tell(StoreBatch.delta({ marketTicker: "C", offset: 3 })),
      ...say({ id: 5, cmd: "unsubscribe", params: { sids: [1] } })
    ]
    const numbers = told.filter(({ sid }) => sid === 1).map(({ seq }) => seq)
    assert.deepStrictEqual(
      numbers,
      numbers.map((_, index) => index + 1)
    )
    assert.strictEqual(numbers.length, 10)
  })
})
