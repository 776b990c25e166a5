/** The endpoints about buying and having bought: what calls cost, and what was used. */
import { HttpApiEndpoint, HttpApiGroup, OpenApi } from "effect/http-api"
import * as Schema from "effect/Schema"
import { Account, ChangeAccountBody } from "./AccountAnswer.ts"
import * as Parameter from "./Parameters.ts"
import { Pricing } from "./PricingAnswer.ts"
import { problemsOfAll } from "./Problems.ts"
import { BadCursor, NotAcceptable } from "./ProblemsOfQuestions.ts"
import { Usage } from "./UsageAnswer.ts"
import { UsageRequests } from "./UsageRequestsAnswer.ts"

export const AccountGroup = HttpApiGroup.make("account")
  .add(
    HttpApiEndpoint.get("pricing", "/v1/pricing", { success: Pricing, error: [...problemsOfAll] }).annotateMerge(
      OpenApi.annotations({
        identifier: "getPricing",
        summary: "What there is to buy",
        description: "Tiers with their limits, packages, and what each call costs. Needs no key."
      })
    ),
    HttpApiEndpoint.get("usage", "/v1/usage", {
      query: { from: Schema.optionalKey(Parameter.UsageFrom), to: Schema.optionalKey(Parameter.UsageTo) },
      success: Usage,
      error: [...problemsOfAll]
    }).annotateMerge(
      OpenApi.annotations({
        identifier: "getUsage",
        summary: "What was used",
        description:
          "What the account of the key used, by UTC day, operation and key, as soon as it was answered; and what is left of its credits. Costs nothing."
      })
    ),
    HttpApiEndpoint.get("requests", "/v1/usage/requests", {
      query: {
        from: Schema.optionalKey(Parameter.RequestsFrom),
        to: Schema.optionalKey(Parameter.RequestsTo),
        outcome: Schema.optionalKey(Parameter.Outcome),
        operation: Schema.optionalKey(Parameter.OperationName),
        caller: Schema.optionalKey(Parameter.CallerName),
        request_id: Schema.optionalKey(Parameter.RequestId),
        limit: Schema.optionalKey(Parameter.Limit),
        cursor: Schema.optionalKey(Parameter.CursorText),
        fields: Schema.optionalKey(Parameter.Fields),
        format: Schema.optionalKey(Parameter.ListForm)
      },
      success: UsageRequests,
      error: [...problemsOfAll, BadCursor, NotAcceptable]
    }).annotateMerge(
      OpenApi.annotations({
        identifier: "listUsageRequests",
        summary: "Single requests",
        description:
          "The requests of the account, newest first: what each cost, and what was refused or failed, with the id that its answer had. Credits are all those of requests that began in the range; they add up to those of `/v1/usage`, which has what a long stream pays under the day on which it was paid. What failed is there within seconds; the first 60 errors of a key in a minute (600 of the account), and 2,000 in a UTC day (10,000 of the account), one by one by each of our servers, the rest counted by minute, key, status and code (`count`). Not listed is what cost nothing and did not fail: free calls, dry runs, calls whose client went away; nor what carried no valid key, nor the calls that steer a replay in Kalshi's protocol (`/replay/…`). A stream is one request, whose credits grow; calls of agents' tools have ids of their own. Kept for 40 days. Costs nothing."
      })
    ),
    HttpApiEndpoint.get("get", "/v1/account", { success: Account, error: [...problemsOfAll] }).annotateMerge(
      OpenApi.annotations({
        identifier: "getAccount",
        summary: "The account",
        description: "Its tier and limits, its monthly cap, and what is left of its credits. Costs nothing."
      })
    ),
    HttpApiEndpoint.patch("change", "/v1/account", {
      payload: ChangeAccountBody,
      success: Account,
      error: [...problemsOfAll]
    }).annotateMerge(
      OpenApi.annotations({
        identifier: "changeAccount",
        summary: "Set the monthly cap",
        description:
          "A hard cap on the credits of a month, for all keys together: what would go beyond it is refused with 402. Counts on every node within ten seconds. Needs scope `admin`."
      })
    )
  )
  .annotateMerge(OpenApi.annotations({ title: "Account", description: "Prices, the account, and what was used." }))
