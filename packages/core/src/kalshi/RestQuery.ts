/** Reads the query of a request in Kalshi's REST interface; the first thing that is wrong with it is the answer. */
import { Result } from "effect"
import { decodeString, encode } from "effect/encoding/Base64"
import { badRequest, type RestAnswer } from "./RestAnswer.ts"

export type Read<A> = Result.Result<A, RestAnswer>

const wholeNumber = /^\d{1,15}$/

/** A whole number within [low, high]; `fallback` when absent. */
export const whole = (
  query: URLSearchParams,
  name: string,
  { fallback, high, low }: { readonly low: number; readonly high: number; readonly fallback: number }
): Read<number> => {
  const text = query.get(name)
  if (text === null || text === "") return Result.succeed(fallback)
  const value = Number(text)
  return wholeNumber.test(text) && value >= low && value <= high
    ? Result.succeed(value)
    : Result.fail(badRequest(`${name} must be a whole number from ${low} to ${high}`))
}

/** Unix seconds as microseconds; `undefined` when absent. */
export const seconds = (query: URLSearchParams, name: string): Read<number | undefined> => {
  const text = query.get(name)
  if (text === null || text === "") return Result.succeed(undefined)
  return wholeNumber.test(text)
    ? Result.succeed(Number(text) * 1_000_000)
    : Result.fail(badRequest(`${name} must be Unix seconds`))
}

export const flag = (query: URLSearchParams, name: string): Read<boolean | undefined> => {
  const text = query.get(name)
  if (text === null || text === "") return Result.succeed(undefined)
  return text === "true" || text === "false"
    ? Result.succeed(text === "true")
    : Result.fail(badRequest(`${name} must be true or false`))
}

/** A comma-separated list, or the name repeated; `undefined` when absent. */
export const list = (query: URLSearchParams, name: string): ReadonlyArray<string> | undefined => {
  const items = query.getAll(name).flatMap((text) => text.split(","))
  const named = [...new Set(items.filter((item) => item !== ""))]
  return named.length === 0 ? undefined : named
}

/** One text; `undefined` when absent or empty. */
export const text = (query: URLSearchParams, name: string): string | undefined => query.get(name) || undefined

/** Where a page begins, as `cursorText` wrote it: opaque to clients; `undefined` for the first. */
export const cursor = (query: URLSearchParams): Read<string | undefined> => {
  const given = query.get("cursor")
  if (given === null || given === "") return Result.succeed(undefined)
  const text = Result.getOrElse(decodeString(given), () => "")
  const place = /^at:(.{1,200})$/s.exec(text)?.[1]
  return place === undefined ? wrongCursor : Result.succeed(place)
}

/** The same where places are numbers. */
export const cursorNumber = (query: URLSearchParams): Read<number | undefined> =>
  Result.flatMap(cursor(query), (place) => {
    if (place === undefined) return Result.succeed(undefined)
    return wholeNumber.test(place) ? Result.succeed(Number(place)) : wrongCursor
  })

const wrongCursor: Result.Result<never, RestAnswer> = Result.fail(badRequest("cursor is not one of ours"))

/** The cursor behind a place, `""` when nothing follows. */
export const cursorText = (place: string | number | undefined): string =>
  place === undefined ? "" : encode(`at:${place}`)
