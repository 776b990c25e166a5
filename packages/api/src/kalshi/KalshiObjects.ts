/**
 * Markets as Kalshi's REST shows them, made of what is recorded.
 *
 * A market is the exchange's own object as it was last seen at the moment, less what trading changes; quotes are those of the recorded book.
 * What we do not know (volumes, open interest, last prices) is not there. Its `status` follows the times of opening and closing, which come
 * without a message.
 */
import type { BookLevels } from "@kalshibook/core/BookRecord"
import * as RestView from "@kalshibook/core/kalshi/RestView"
import { microsFromIso } from "@kalshibook/core/Units"
import type { CatalogBody } from "@kalshibook/store/MarketCatalog"
import { Option } from "effect"

type Json = Readonly<Record<string, unknown>>

const microsOf = (value: unknown): number | undefined =>
  typeof value === "string" ? Option.getOrUndefined(microsFromIso(value)) : undefined

/** The state at the moment: as it was seen, and past its opening or closing if those have come since. */
export const statusAt = (body: CatalogBody, atMicros: number): string => {
  const seen = typeof body["status"] === "string" ? body["status"] : "active"
  const opens = microsOf(body["open_time"]) ?? 0
  const closes = microsOf(body["close_time"]) ?? Number.POSITIVE_INFINITY
  const isTradable = seen === "initialized" || seen === "active" || seen === "inactive"
  if (isTradable && atMicros >= closes) return "closed"
  return seen === "initialized" && atMicros >= opens ? "active" : seen
}

/** A time of the object, Unix microseconds. */
export const timeOf = (body: CatalogBody, name: string): number | undefined => microsOf(body[name])

/** `levels` is `undefined` where the book is not known: then there are no quotes. */
export const market = (body: CatalogBody, atMicros: number, levels: BookLevels | undefined): Json => ({
  ...body,
  status: statusAt(body, atMicros),
  ...(levels === undefined ? {} : RestView.quotes(levels.yes.at(-1), levels.no.at(-1)))
})
