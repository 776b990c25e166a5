/** Which markets a command means: those it names, those of its events and series, or all. */
import type { MarketTicker } from "@kalshibook/core/BookRecord"
import { suggestionMax } from "@kalshibook/core/contract/stream/StreamLimits"
import * as TimeParameter from "@kalshibook/core/contract/TimeParameter"
import type { HotTierError } from "@kalshibook/store/HotTierError"
import type { MarketCatalog } from "@kalshibook/store/MarketCatalog"
import { Effect, Option } from "effect"
import * as Families from "./Families.ts"
import { Refusal } from "./Refusal.ts"
import type { Family } from "./Topics.ts"

/** The part of a command that says which markets. */
export interface Selection {
  readonly markets?: ReadonlyArray<string>
  readonly events?: ReadonlyArray<string>
  readonly series?: ReadonlyArray<string>
  readonly all?: boolean
}

/** What was selected, as it is known now. */
export interface Selected {
  readonly named: ReadonlySet<MarketTicker>
  readonly events: ReadonlyArray<string>
  readonly series: ReadonlyArray<string>
  readonly all: boolean
  /** The markets of the events and series. */
  readonly families: ReadonlyMap<MarketTicker, Family>
}

export const isEmpty = ({ all, events, markets, series }: Selection): boolean =>
  all !== true && (markets ?? []).length + (events ?? []).length + (series ?? []).length === 0

/** Looks up what is not known to exist; `isKnown` says of which markets it is. */
export const select = Effect.fnUntraced(function* (
  catalog: MarketCatalog["Service"],
  selection: Selection,
  isKnown: (marketTicker: MarketTicker) => boolean
): Effect.fn.Return<Selected, Refusal | HotTierError> {
  const named = new Set(selection.markets ?? [])
  const strangers = [...named].filter((ticker) => !isKnown(ticker))
  const known = yield* Families.of(catalog, strangers)
  const unknown = strangers.filter((ticker) => !known.has(ticker))
  if (unknown.length > 0) return yield* nothingOf("unknown_market", "markets", unknown, "/v1/markets")
  const families = new Map<MarketTicker, Family>()
  for (const event of new Set(selection.events ?? [])) {
    const found = yield* catalog.event(event)
    if (Option.isNone(found)) return yield* nothingOf("unknown_event", "events", [event], "/v1/events")
    const { series_ticker } = found.value.body
    const family = { event, series: typeof series_ticker === "string" ? series_ticker : undefined }
    for (const { ticker } of yield* Families.markets(catalog, { eventTicker: event })) families.set(ticker, family)
  }
  for (const series of new Set(selection.series ?? [])) {
    const found = yield* catalog.series(series)
    if (Option.isNone(found)) return yield* nothingOf("unknown_series", "series", [series], "/v1/series")
    for (const { event, ticker } of yield* Families.markets(catalog, { seriesTicker: series })) {
      families.set(ticker, { event, series })
    }
  }
  return {
    named,
    events: [...new Set(selection.events ?? [])],
    series: [...new Set(selection.series ?? [])],
    all: selection.all === true,
    families
  }
})

const nothingOf = (
  code: "unknown_market" | "unknown_event" | "unknown_series",
  parameter: string,
  names: ReadonlyArray<string>,
  suggestion: string
) => {
  const shown = names.slice(0, suggestionMax).map((name) => `\`${name}\``)
  const more = names.length > shown.length ? ` and ${names.length - shown.length} more` : ""
  return new Refusal({ code, parameter, detail: `Never seen: ${shown.join(", ")}${more}.`, suggestion })
}

/** A time of a command, Unix microseconds. */
export const timeOf = (parameter: string, text: string, nowMicros: number): Effect.Effect<number, Refusal> =>
  Option.match(TimeParameter.parse(text), {
    onNone: () => {
      const allowed = TimeParameter.timeAllowed
      return Effect.fail(
        new Refusal({ code: "bad_parameter", parameter, allowed, detail: `\`${parameter}\` has to be ${allowed}.` })
      )
    },
    onSome: (micros) =>
      micros <= nowMicros
        ? Effect.succeed(micros)
        : Effect.fail(new Refusal({ code: "time_in_future", parameter, detail: `\`${parameter}\` has not come yet.` }))
  })
