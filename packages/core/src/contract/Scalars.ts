/**
 * The texts and numbers that answers are made of, with their units and forms, as schemas for contract and documentation.
 *
 * They describe what is written, so encoded and decoded forms are the same: a client that needs whole numbers reads the
 * text with `Units`.
 */
import * as Schema from "effect/Schema"

/** Dollars with four decimals, `"0.3400"`: a price of a ladder's own side. */
export const Dollars = Schema.String.annotate({
  description: "Dollars, a decimal with four fraction digits. Strictly between 0 and 1 for the price of a level.",
  examples: ["0.3400"]
})

/** Contracts with two decimals, `"78.00"`. */
export const Contracts = Schema.String.annotate({
  description: "Contracts, a decimal with two fraction digits.",
  examples: ["78.00"]
})

/** A time in answers: ISO 8601, UTC, microseconds. */
export const Instant = Schema.String.annotate({
  description: "A time in ISO 8601, UTC, with six fraction digits (microseconds).",
  examples: ["2026-11-21T14:03:00.250000Z"]
})

export const MarketTicker = Schema.String.annotate({
  description: "Kalshi's name of a market. May contain dots.",
  examples: ["KXBTC15M-26NOV211415-15"]
})

export const Side = Schema.Literals(["yes", "no"]).annotate({ description: "A side of the market, as on Kalshi." })

export const Offset = Schema.Int.annotate({
  description: "A record's place in its market's log: 1, 2, 3 ... without holes.",
  examples: [18_231]
})

export const Epoch = Schema.Int.annotate({
  description:
    "The connection to the exchange on which it was received; grows for ever. sid and seq mean something only inside it.",
  examples: [3]
})

export const Sid = Schema.Int.annotate({
  description: "The exchange's subscription id within the epoch; 0 where no subscription carried it.",
  examples: [1]
})

export const Seq = Schema.Int.annotate({
  description: "The exchange's sequence number within (epoch, sid); 0 where none is known.",
  examples: [90_412]
})

export const TsExchange = Schema.NullOr(Instant).annotate({
  description: "The exchange's own time; null where it gave none (snapshots). Never invented.",
  examples: ["2026-11-21T14:02:59.981234Z"]
})

export const TsReceived = Instant.annotate({
  description: "Our time of receipt; never decreases within a market's log.",
  examples: ["2026-11-21T14:03:00.012345Z"]
})

export const Cursor = Schema.String.annotate({
  description:
    'Where the next page begins: pass it as `cursor` with the same filters. "" after the last entry. Opaque: do not build or store it.',
  examples: [""]
})

/** What every JSON answer carries. */
export const answerFields = {
  usage: Schema.Struct({
    credits: Schema.Int.annotate({ description: "Credits that this answer cost; 0 for what is free." })
  }).annotate({ description: "What this answer cost." }),
  request_id: Schema.String.annotate({
    description:
      "Names this request in our logs; also in the header X-Request-Id. Quote it when you ask us about an answer.",
    examples: ["req_5f0c2d6e9a1b4c7d8e3f2a1b0c9d8e7f"]
  }),
  response_time: Schema.Finite.annotate({
    description: "Seconds from the arrival of the request until its answer was made.",
    examples: [0.002104]
  })
} as const
