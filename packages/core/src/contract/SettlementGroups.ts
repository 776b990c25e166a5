/** The endpoint about how markets ended. */
import { HttpApiEndpoint, HttpApiGroup, OpenApi } from "effect/http-api"
import * as Schema from "effect/Schema"
import * as Parameter from "./Parameters.ts"
import { problemsOfAll } from "./Problems.ts"
import { BadCursor } from "./ProblemsOfQuestions.ts"
import { Settlements } from "./SettlementsAnswer.ts"

export const SettlementsGroup = HttpApiGroup.make("settlements")
  .add(
    HttpApiEndpoint.get("list", "/v1/settlements", {
      query: {
        from: Schema.optionalKey(Parameter.SettledFrom),
        to: Schema.optionalKey(Parameter.SettledTo),
        series_ticker: Schema.optionalKey(Parameter.SeriesTicker),
        event_ticker: Schema.optionalKey(Parameter.EventTicker),
        tickers: Schema.optionalKey(Parameter.Tickers),
        limit: Schema.optionalKey(Parameter.Limit),
        cursor: Schema.optionalKey(Parameter.CursorText),
        fields: Schema.optionalKey(Parameter.Fields),
        ...Parameter.charged
      },
      success: Settlements,
      error: [...problemsOfAll, BadCursor]
    }).annotateMerge(
      OpenApi.annotations({
        identifier: "listSettlements",
        summary: "How markets ended",
        description:
          "Markets that are settled, with their result and what a yes was worth, in [from, to) by the exchange's time of settlement, where it gave none by when we saw it. Filters are joined by *and*. A market whose result is known and not paid yet is in `/v1/markets?status=determined`."
      })
    )
  )
  .annotateMerge(OpenApi.annotations({ title: "Settlements", description: "How markets ended." }))
