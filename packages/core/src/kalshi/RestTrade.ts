/** A trade as REST tells it, to the record that the channel would have given. Pure. */
import { Option } from "effect"
import type { TradeRecord } from "../TradeRecord.ts"
import { microsFromIso, priceE4FromDollars, priceE4Max, priceE4Min, sizeE2FromContracts } from "../Units.ts"
import type { Trade } from "./Rest.ts"

/** `None` when it lacks or garbles what a trade must have. */
export const toRecord = (trade: Trade, tsReceivedMicros: number): Option.Option<TradeRecord> =>
  Option.gen(function* () {
    const yesPriceE4 = yield* priceE4FromDollars(trade.yes_price_dollars)
    const sizeE2 = yield* sizeE2FromContracts(trade.count_fp)
    const tsExchangeMicros = yield* microsFromIso(trade.created_time)
    const takerSide = yield* Option.fromUndefinedOr(trade.taker_outcome_side ?? trade.taker_side)
    if (yesPriceE4 < priceE4Min || yesPriceE4 > priceE4Max || sizeE2 <= 0) return yield* Option.none()
    return {
      tradeId: trade.trade_id,
      marketTicker: trade.ticker,
      epoch: 0,
      sid: 0,
      seq: 0,
      tsExchangeMicros,
      tsReceivedMicros,
      yesPriceE4,
      sizeE2,
      takerSide,
      isBlockTrade: trade.is_block_trade ?? false
    }
  })
