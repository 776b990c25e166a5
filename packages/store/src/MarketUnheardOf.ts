/** What a question about a market fails with that nobody knows. */
import { Schema } from "effect"

/** Neither the catalogue nor the logs know the market. */
export class MarketUnheardOf extends Schema.TaggedError<MarketUnheardOf>()("MarketUnheardOf", {
  marketTicker: Schema.String
}) {}
