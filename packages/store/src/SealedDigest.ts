/**
 * What answers about the past rest on, as one text: a digest of the revisions of all hours up to a moment. An hour that is sealed again
 * changes it for itself and for all after it, for each begins with the state that the one before left.
 */
import { hourMicros, hourOf } from "@kalshibook/core/cold/SegmentKeys"
import { Cache, Duration, Effect, Option } from "effect"
import type { SealedHours, SealedRevision } from "./cold/SealedHours.ts"
import { questionHash } from "./KeyHash.ts"

/** How long revisions are believed: reading a year of them takes some milliseconds. A mark is heard of this late. */
const secondsMax = 5

export interface SealedDigest {
  /**
   * The digest of everything received before a moment; `None` unless each hour up to it is sealed, from the first on, and none of them is
   * marked. Also while the database is away: an answer that can be given without it must not wait for this.
   */
  readonly before: (toMicros: number) => Effect.Effect<Option.Option<string>>
}

export const make = Effect.fnUntraced(function* (sealed: SealedHours["Service"]): Effect.fn.Return<SealedDigest> {
  const known = yield* Cache.makeWith((_: "all") => Effect.map(sealed.revisions, digestsOf), {
    capacity: 1,
    timeToLive: (exit) => (exit._tag === "Success" ? Duration.seconds(secondsMax) : Duration.zero)
  })
  return {
    before: (toMicros) =>
      Cache.get(known, "all").pipe(
        Effect.map((digests) => Option.fromUndefinedOr(digests.get(hourOf(toMicros - 1)))),
        Effect.catchTag("HotTierError", () => Effect.succeedNone)
      )
  }
})

/** By hour, up to the first that is missing or marked. */
export const digestsOf = (revisions: ReadonlyArray<SealedRevision>): ReadonlyMap<number, string> => {
  const digests = new Map<number, string>()
  let digest = ""
  let expected = revisions[0]?.hourMicros
  for (const { hourMicros: hour, isMarked, revision } of revisions) {
    if (hour !== expected || isMarked) break
    digest = questionHash([digest, `${hour}:${revision}`])
    digests.set(hour, digest)
    expected = hour + hourMicros
  }
  return digests
}
