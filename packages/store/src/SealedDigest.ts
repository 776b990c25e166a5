/**
 * What answers about the past rest on, as one text: a digest of the revisions of all hours up to a moment. An hour that is sealed again
 * changes it for itself and for all after it, for each begins with the state that the one before left.
 */
import { hourMicros, hourOf } from "@kalshibook/core/cold/SegmentKeys"
import { Cache, Clock, Duration, Effect, Option } from "effect"
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
  /** As they were read last, for so long as that is believed. */
  let latest = { digests: new Map<number, string>() as ReadonlyMap<number, string>, untilMillis: 0 }

  const read = Effect.gen(function* () {
    const untilMillis = (yield* Clock.currentTimeMillis) + secondsMax * 1_000
    const digests = digestsOf(yield* sealed.revisions)
    latest = { digests, untilMillis }
    return digests
  })
  // One reads for all who ask meanwhile.
  const known = yield* Cache.makeWith((_: "all") => read, { capacity: 1, timeToLive: () => Duration.zero })

  return {
    before: (toMicros) =>
      Effect.withFiber((fiber) => {
        const found = (digests: ReadonlyMap<number, string>) =>
          Option.fromUndefinedOr(digests.get(hourOf(toMicros - 1)))
        const nowMillis = fiber.getRef(Clock.Clock).currentTimeMillisUnsafe()
        if (nowMillis < latest.untilMillis) return Effect.succeed(found(latest.digests))
        return Cache.get(known, "all").pipe(
          Effect.map(found),
          Effect.catchTag("HotTierError", () => Effect.succeedNone)
        )
      })
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
