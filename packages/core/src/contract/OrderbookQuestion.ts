/**
 * The question for a book as most write it, read from the URL at once: `/v1/markets/{ticker}/orderbook` with a few plain parameters.
 *
 * It never says more than the contract's schemas, of which it knows a part: what it does not know, or would have to refuse, is for them to
 * read. That it reads what they would is tested with generated URLs.
 */
import * as Option from "effect/Option"
import type { BookClock } from "../BookRecord.ts"
import { depthMax, tickerCharsMax } from "./Limits.ts"
import type { View } from "./Parameters.ts"
import * as TimeParameter from "./TimeParameter.ts"

export interface OrderbookQuestion {
  readonly ticker: string
  /** As it was written. */
  readonly query: Readonly<Record<string, string>>
  readonly asked: {
    /** Unix microseconds; absent for now. */
    readonly at?: number
    readonly clock?: BookClock
    readonly depth?: number
    readonly view?: View
  }
}

/** Signs that mean themselves in a path and a query; a ticker has none that ends a segment. */
const plain = /^\/v1\/markets\/([0-9A-Za-z][0-9A-Za-z._-]*)\/orderbook(?:\?([0-9A-Za-z._:=&-]*))?$/

/** `undefined` for what has to be read by the schemas. */
export const read = (url: string): OrderbookQuestion | undefined => {
  const [, ticker, text = ""] = plain.exec(url) ?? []
  if (ticker === undefined || ticker.length > tickerCharsMax) return undefined
  const query: Record<string, string> = {}
  const asked: { at?: number; clock?: BookClock; depth?: number; view?: View } = {}
  for (const part of text === "" ? [] : text.split("&")) {
    const [name = "", value = "", more] = part.split("=")
    if (more !== undefined || Object.hasOwn(query, name)) return undefined
    query[name] = value
    switch (name) {
      case "at": {
        const at = TimeParameter.parse(value)
        if (Option.isNone(at)) return undefined
        asked.at = at.value
        break
      }
      case "depth":
        if (!/^\d{1,4}$/.test(value) || Number(value) > depthMax) return undefined
        asked.depth = Number(value)
        break
      case "clock":
        if (value !== "received" && value !== "exchange") return undefined
        asked.clock = value
        break
      case "view":
        if (value !== "full" && value !== "summary") return undefined
        asked.view = value
        break
      default:
        return undefined
    }
  }
  return { ticker, query, asked }
}
