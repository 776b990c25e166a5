/**
 * Which markets go first when there is not room for all: an ordered list of terms, of which a market's first matching one is its
 * rank. Pure.
 */

import * as Result from "effect/Result"
import type { MarketTicker } from "../BookRecord.ts"

/** `volume` matches every market: it says aloud what is true of those that match no term. */
export type PriorityTerm =
  | { readonly by: "market" | "event" | "series" | "category"; readonly name: string }
  | { readonly by: "volume" }

export type PriorityRule = ReadonlyArray<PriorityTerm>

/** What a term may ask of a market. */
export interface Ranked {
  readonly marketTicker: MarketTicker
  readonly eventTicker: string
  readonly seriesTicker: string
  readonly category: string
}

/** Index of the first term that the market matches; the number of terms when it matches none. Lower goes first. */
export const rankOf = (rule: PriorityRule, market: Ranked): number => {
  const index = rule.findIndex((term) => matches(term, market))
  return index === -1 ? rule.length : index
}

const matches = (term: PriorityTerm, market: Ranked): boolean => {
  switch (term.by) {
    case "market":
      return term.name === market.marketTicker
    case "event":
      return term.name === market.eventTicker
    case "series":
      return term.name === market.seriesTicker
    case "category":
      return term.name === market.category
    case "volume":
      return true
  }
}

/** `series:KXBTC15M`, `category:Crypto`, `event:...`, `market:...`, or `volume`, which can only be the last. The failure says which is wrong. */
export const parse = (terms: ReadonlyArray<string>): Result.Result<PriorityRule, string> => {
  const rule: Array<PriorityTerm> = []
  for (const [index, text] of terms.entries()) {
    const term = parseTerm(text)
    if (term === undefined) {
      return Result.fail(`"${text}" is not series:X, category:X, event:X, market:X or volume`)
    }
    if (term.by === "volume" && index < terms.length - 1) {
      return Result.fail(`"volume" matches every market, so that nothing can come after it`)
    }
    rule.push(term)
  }
  return Result.succeed(rule)
}

const parseTerm = (text: string): PriorityTerm | undefined => {
  if (text === "volume") return { by: "volume" }
  const [by, name] = [text.slice(0, text.indexOf(":")), text.slice(text.indexOf(":") + 1).trim()]
  if (name === "") return undefined
  return by === "market" || by === "event" || by === "series" || by === "category" ? { by, name } : undefined
}

/** As it is written in the setting. */
export const textOf = (rule: PriorityRule): string =>
  rule.map((term) => (term.by === "volume" ? term.by : `${term.by}:${term.name}`)).join(",")
