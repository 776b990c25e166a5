import { assert, describe, it } from "@effect/vitest"
import * as RestTrade from "@kalshibook/core/kalshi/RestTrade"
import { Option } from "effect"

const trade = {
  trade_id: "3c1f",
  ticker: "KXA-1-T1",
  count_fp: "12.50",
  yes_price_dollars: "0.3400",
  no_price_dollars: "0.6600",
  taker_side: "yes",
  taker_outcome_side: "no",
  created_time: "2026-05-14T22:08:33.694567Z",
  is_block_trade: true
} as const

describe("a trade by REST", () => {
  it("is the record that the channel would have given, without numbers of a connection", () => {
    assert.deepStrictEqual(
      RestTrade.toRecord(trade, 7),
      Option.some({
        tradeId: "3c1f",
        marketTicker: "KXA-1-T1",
        epoch: 0,
        sid: 0,
        seq: 0,
        tsExchangeMicros: 1_778_796_513_694_567,
        tsReceivedMicros: 7,
        yesPriceE4: 3_400,
        sizeE2: 1_250,
        takerSide: "no",
        isBlockTrade: true
      })
    )
  })

  it("that lacks or garbles what a trade must have is none", () => {
    for (const wrong of [
      { yes_price_dollars: "0" },
      { yes_price_dollars: "1.0000" },
      { count_fp: "0.00" },
      { count_fp: "many" },
      { created_time: "today" },
      { taker_side: undefined, taker_outcome_side: undefined }
    ]) {
      assert.deepStrictEqual(RestTrade.toRecord({ ...trade, ...wrong } as typeof trade, 7), Option.none())
    }
  })
})
