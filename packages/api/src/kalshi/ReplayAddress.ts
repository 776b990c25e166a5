/**
 * The part of a path that says which past a client lives in: `/replay/2026-11-21T14:00:00Z,speed=60/trade-api/...`. It stands in front of
 * the exchange's own paths, so that a program for the exchange needs another base URL and nothing else. Pure.
 */
import * as TimeParameter from "@kalshibook/core/contract/TimeParameter"
import * as ReplayPace from "@kalshibook/core/ReplayPace"
import { Result } from "effect"
import type { GapsMode } from "./KalshiSession.ts"

export interface ReplayAddress {
  /** Receive clock, Unix microseconds. */
  readonly fromMicros: number
  /** Where it ends; `undefined`: at the end of what was stored. */
  readonly toMicros: number | undefined
  readonly speed: number
  readonly gaps: GapsMode
}

const whatIsAllowed =
  "a replay is named by its beginning and, after commas, `speed=` (0.1 to 1000, or `max`), `to=`, `gaps=` (`error` or `frames`) " +
  "and `name=` (any word, for replays of the same time side by side): 2026-11-21T14:00:00Z,speed=60"

/** Reads the part, decoded. Fails with what is wrong with it, for people. */
export const parse = (part: string): Result.Result<ReplayAddress, string> =>
  Result.gen(function* () {
    const [from = "", ...settings] = part.split(",")
    const fromMicros = yield* timeOf("the beginning of the replay", from)
    let address: ReplayAddress = { fromMicros, toMicros: undefined, speed: 1, gaps: "error" }
    for (const setting of settings) address = { ...address, ...(yield* settingOf(setting)) }
    const { toMicros } = address
    if (toMicros !== undefined && toMicros <= fromMicros)
      return yield* Result.fail("`to` must lie behind the beginning")
    return address
  })

const settingOf = (setting: string): Result.Result<Partial<ReplayAddress>, string> => {
  const [name = "", value = ""] = setting.split("=", 2)
  switch (name) {
    case "speed":
      return Result.map(speedOf(value), (speed) => ({ speed }))
    case "to":
      return Result.map(timeOf("`to`", value), (toMicros) => ({ toMicros }))
    case "gaps":
      return Result.map(gapsOf(value), (gaps) => ({ gaps }))
    case "name":
      return /^[\w.-]{1,64}$/.test(value) ? Result.succeed({}) : Result.fail("`name` is up to 64 letters and digits")
    default:
      return Result.fail(`\`${name}\` is not known: ${whatIsAllowed}`)
  }
}

const timeOf = (what: string, text: string): Result.Result<number, string> =>
  Result.fromOption(TimeParameter.parse(text), () => `${what} must be ${TimeParameter.timeAllowed}; ${whatIsAllowed}`)

/** `max` is as fast as it is read. */
export const speedOf = (text: string): Result.Result<number, string> => {
  const speed =
    text === "max" ? ReplayPace.asFastAsRead : /^\d{1,4}(?:\.\d{1,6})?$/.test(text) ? Number(text) : Number.NaN
  return ReplayPace.isSpeed(speed) ? Result.succeed(speed) : Result.fail("`speed` must be 0.1 to 1000, or `max`")
}

const gapsOf = (text: string): Result.Result<GapsMode, string> =>
  text === "error" || text === "frames" ? Result.succeed(text) : Result.fail("`gaps` must be `error` or `frames`")

export const optionalGaps = (text: string | undefined): Result.Result<GapsMode, string> =>
  text === undefined ? Result.succeed("error") : gapsOf(text)
