/** The endpoints about how much is known: of a market, and of the whole exchange. */

import { HttpApiEndpoint, HttpApiGroup, OpenApi } from "effect/http-api"
import * as Schema from "effect/Schema"
import { ExchangeCoverage, MarketCoverage } from "./CoverageAnswer.ts"
import { coverageDaysMax } from "./Limits.ts"
import * as Parameter from "./Parameters.ts"
import { problemsOfAll } from "./Problems.ts"
import { UnknownMarket } from "./ProblemsOfQuestions.ts"

const query = {
  from: Schema.optionalKey(Parameter.CoverageFrom),
  to: Schema.optionalKey(Parameter.CoverageTo)
}

export const CoverageGroup = HttpApiGroup.make("coverage")
  .add(
    HttpApiEndpoint.get("market", "/v1/markets/:ticker/coverage", {
      params: { ticker: Parameter.MarketTickerPath },
      query,
      success: MarketCoverage,
      error: [...problemsOfAll, UnknownMarket]
    }).annotateMerge(
      OpenApi.annotations({
        identifier: "getMarketCoverage",
        summary: "How much of a market is known",
        description: [
          `By UTC hour, at most ${coverageDaysMax} days: how long the market was open, how much of that its book is known, the records received, and every gap with its cause and both ends.`,
          "",
          "Computed from stored records and stored metadata alone, by the receive clock; `/orderbook?at=` of a moment says `trusted` exactly where this counts it as trusted."
        ].join("\n")
      })
    ),
    HttpApiEndpoint.get("exchange", "/v1/coverage", {
      query,
      success: ExchangeCoverage,
      error: [...problemsOfAll]
    }).annotateMerge(
      OpenApi.annotations({
        identifier: "getCoverage",
        summary: "How much of the exchange is known",
        description: [
          `By UTC hour, at most ${coverageDaysMax} days: the seconds in which markets were open, summed over all of them, how many of these are known, and why not the others.`,
          "",
          "Markets that were open and not recorded count, as `not_recorded`; but only markets that the catalogue has can be known to be open."
        ].join("\n")
      })
    )
  )
  .annotateMerge(OpenApi.annotations({ title: "Coverage", description: "How much is known, and why not the rest." }))
