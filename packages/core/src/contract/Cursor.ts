/**
 * Cursors of lists: an opaque text that says after which entry the next page begins, and for which question it was made.
 *
 * Inside it is base64url of a JSON array: version, list, fingerprint of the question, position. A cursor of another list,
 * of another question or of another version is refused rather than answered with a page of something else. It is not
 * signed: a forged one moves its own reader to another place of the same question and nothing more.
 */

import { decodeString, encode as encodeBase64Url } from "effect/encoding/Base64Url"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { cursorCharsMax } from "./Limits.ts"

/** Changes when the meaning of a position changes: cursors live for a page, not for a release. */
const version = 1

/** The filters of a list as the caller gave them, by parameter name; `limit` and `cursor` are not part of it. */
export type Question = Readonly<Record<string, string | number | ReadonlyArray<string> | undefined>>

/** A list that is read page by page: its name, and what a position in it is. Positions are plain JSON values. */
export interface Paged<Position> {
  readonly name: string
  readonly position: Schema.ConstraintDecoder<Position>
}

/** No control characters: a position goes to the database, which refuses some of them. */
const Name = Schema.String.check(Schema.isPattern(/^[\x20-\x7e]{1,128}$/))
/** What an epoch or a sid may be: the database refuses greater ones. */
const Int4 = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 2_147_483_647 }))
const WholeNumber = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))

/** Lists of the catalogue go on after a ticker. */
export const markets: Paged<string> = { name: "markets", position: Name }
export const events: Paged<string> = { name: "events", position: Name }
export const series: Paged<string> = { name: "series", position: Name }

/** Markets that were searched for go on after a rank and a ticker. */
export const foundMarkets: Paged<readonly [rank: number, ticker: string]> = {
  name: "found_markets",
  position: Schema.Tuple([Int4, Name])
}

/** Records go on after a record: its receipt in Unix microseconds, and its offset. */
export const records: Paged<readonly [tsReceivedMicros: number, offset: number]> = {
  name: "records",
  position: Schema.Tuple([WholeNumber, WholeNumber])
}

/** Books of several markets go on after a ticker, at the moment of the first page in Unix microseconds. */
export const orderbooks: Paged<readonly [atMicros: number, ticker: string]> = {
  name: "orderbooks",
  position: Schema.Tuple([WholeNumber, Name])
}

/** Samples go on after a moment, Unix microseconds. */
export const samples: Paged<number> = { name: "samples", position: WholeNumber }

/** Candles go on after the beginning of a bucket, Unix microseconds. */
export const candles: Paged<number> = { name: "candles", position: WholeNumber }

/** Trades go on after a trade: its exchange time in Unix microseconds, and its id. */
export const trades: Paged<readonly [tsExchangeMicros: number, tradeId: string]> = {
  name: "trades",
  position: Schema.Tuple([WholeNumber, Name])
}

/** Settlements go on after a market: its time in Unix microseconds, and its ticker. */
export const settlements: Paged<readonly [tsListedMicros: number, ticker: string]> = {
  name: "settlements",
  position: Schema.Tuple([WholeNumber, Name])
}

/** Lifecycle messages go on after a message: its receipt in Unix microseconds, and the frame that carried it. */
export const lifecycle: Paged<readonly [tsReceivedMicros: number, epoch: number, sid: number, seq: number]> = {
  name: "lifecycle",
  position: Schema.Tuple([WholeNumber, Int4, Int4, WholeNumber])
}

/** Requests go on after one: its time in Unix microseconds, and its id. */
export const usageRequests: Paged<readonly [tsMicros: number, id: string]> = {
  name: "usage_requests",
  position: Schema.Tuple([WholeNumber, Name])
}

/** The cursor that goes on after `position`. */
export const encode = <Position>(list: Paged<Position>, question: Question, position: Position): string =>
  encodeBase64Url(JSON.stringify([version, list.name, fingerprint(question), position]))

/** The position of a cursor; `None` when it is not one that `encode` made for this list and this question. */
export const decode = <Position>(
  list: Paged<Position>,
  question: Question,
  cursor: string
): Option.Option<Position> => {
  if (cursor.length > cursorCharsMax) return Option.none()
  const fields = Result.getSuccess(decodeString(cursor)).pipe(Option.flatMap(decodeFields))
  if (Option.isNone(fields)) return Option.none()
  const [cursorVersion, name, cursorFingerprint, position] = fields.value
  if (cursorVersion !== version || name !== list.name || cursorFingerprint !== fingerprint(question)) {
    return Option.none()
  }
  return Schema.decodeUnknownOption(list.position)(position)
}

const Fields = Schema.Tuple([Schema.Number, Schema.String, Schema.String, Schema.Unknown])
const decodeFields = Schema.decodeUnknownOption(Schema.fromJsonString(Fields))

/** Equal for equal questions whatever the order of their parameters; two 32-bit FNV-1a lanes as 16 hexadecimal digits. */
const fingerprint = (question: Question): string => {
  const asked = Object.entries(question)
    .filter(([, value]) => value !== undefined)
    .sort(([left], [right]) => (left < right ? -1 : 1))
  const text = JSON.stringify(asked)
  return lane(text, 0x811c9dc5) + lane(text, 0x9e3779b1)
}

const lane = (text: string, seed: number): string => {
  let hash = seed
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  }
  return (hash >>> 0).toString(16).padStart(8, "0")
}
