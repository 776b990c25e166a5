/** The part of a market's stored log that an audit looks at. */
import type { AuditWindow } from "@kalshibook/core/Audit"
import type { BookRecord, MarketTicker } from "@kalshibook/core/BookRecord"
import * as Replay from "@kalshibook/core/Replay"
import type { HotTier } from "@kalshibook/store/HotTier"
import { Effect, Option } from "effect"

export interface AuditLog {
  /** The fold of all records up to the beginning of the window. */
  readonly start: Replay.Replay
  /** Those after it, up to the end of the window. */
  readonly records: ReadonlyArray<BookRecord>
}

const recordsPerPageMax = 5_000

/**
 * Reads from the last keyframe before the window. Where there is none, no book was ever trusted before it (each good snapshot is
 * a keyframe), and the log is taken to begin with the window. `None` when there are more than `recordsMax` records to read.
 */
export const read = Effect.fnUntraced(function* (
  hotTier: HotTier["Service"],
  marketTicker: MarketTicker,
  { tsFromMicros, tsToMicros }: AuditWindow,
  recordsMax: number
) {
  const keyframe = Option.getOrUndefined(yield* hotTier.keyframeAt(marketTicker, tsFromMicros, "received"))
  const start = keyframe === undefined ? Replay.make() : Replay.fromKeyframe(keyframe)
  const records: Array<BookRecord> = []
  let last: { readonly tsReceivedMicros: number; readonly offset: number } | undefined = keyframe
  while (start.recordsApplied + records.length <= recordsMax) {
    const page: ReadonlyArray<BookRecord> = yield* hotTier.records({
      marketTicker,
      fromMicros: last?.tsReceivedMicros ?? tsFromMicros,
      toMicros: tsToMicros + 1,
      afterOffset: last?.offset ?? 0,
      recordsMax: recordsPerPageMax
    })
    for (const record of page) {
      if (record.tsReceivedMicros <= tsFromMicros) Replay.apply(start, record)
      else records.push(record)
    }
    if (page.length < recordsPerPageMax) return Option.some<AuditLog>({ start, records })
    last = page.at(-1)
  }
  return Option.none<AuditLog>()
})
