/**
 * The fields of Kalshi's own objects, for the documentation: names, types and meanings as of Kalshi Trade API v2, 2026-11.
 *
 * Only described here, never checked: what the exchange sends is passed on as it is.
 */

type Field = { readonly type: string | ReadonlyArray<string>; readonly description: string } & Record<string, unknown>

const text = (description: string, example?: string): Field => ({
  type: "string",
  description,
  ...(example === undefined ? {} : { examples: [example] })
})

const moment = (description: string): Field => ({ type: "string", format: "date-time", description })

const market = {
  ticker: text("Name of the market.", "KXBTC15M-26NOV211415-15"),
  event_ticker: text("The event it belongs to.", "KXBTC15M-26NOV211415"),
  market_type: text("`binary` or `scalar`.", "binary"),
  title: text("The question, in words."),
  yes_sub_title: text("What a yes stands for."),
  no_sub_title: text("What a no stands for."),
  status: text(
    "`initialized`, `active`, `inactive`, `closed`, `determined`, `disputed`, `amended` or `finalized`.",
    "active"
  ),
  open_time: moment("When trading begins."),
  close_time: moment("When trading ends; may move."),
  latest_expiration_time: moment("The latest moment of expiration."),
  result: text("`yes`, `no`, `scalar`, or empty while it is not determined."),
  can_close_early: { type: "boolean", description: "Whether it may close before `close_time`." },
  price_level_structure: text("Kalshi's label of the price grid.", "linear_cent"),
  price_ranges: {
    type: "array",
    description: "The price grid: steps by range, in dollars.",
    items: {
      type: "object",
      properties: { start: { type: "string" }, end: { type: "string" }, step: { type: "string" } }
    },
    examples: [[{ start: "0.0000", end: "1.0000", step: "0.0100" }]]
  },
  rules_primary: text("How it is decided."),
  rules_secondary: text("Details of how it is decided.")
} as const satisfies Record<string, Field>

const event = {
  event_ticker: text("Name of the event.", "KXBTC15M-26NOV211415"),
  series_ticker: text("The series it belongs to.", "KXBTC15M"),
  title: text("The question, in words."),
  sub_title: text("What tells it from the other events of its series."),
  mutually_exclusive: { type: "boolean", description: "Whether at most one of its markets can be yes." },
  category: text("Kalshi's category.", "Crypto")
} as const satisfies Record<string, Field>

const series = {
  ticker: text("Name of the series.", "KXBTC15M"),
  title: text("What the series is about."),
  frequency: text("How often an event of it comes.", "fifteen_min"),
  category: text("Kalshi's category.", "Crypto"),
  tags: { type: ["array", "null"], description: "Kalshi's tags.", items: { type: "string" } },
  fee_type: text("How fees are reckoned.", "quadratic"),
  fee_multiplier: { type: "number", description: "Factor on the fees.", examples: [1] }
} as const satisfies Record<string, Field>

/** By the name of the schema that they belong to. */
export const kalshiFields: Readonly<Record<string, Readonly<Record<string, Field>>>> = {
  Market: market,
  Event: event,
  Series: series
}
