/**
 * Where the API learns what the recorder is doing: from the recorder itself when it runs in the same process, else from
 * what it leaves in the database.
 */
import type { RecorderStatus } from "@kalshibook/core/contract/RecorderStatus"
import { HotTier, type HotTierError } from "@kalshibook/store/HotTier"
import { StatusBoard } from "@kalshibook/store/StatusBoard"
import { Clock, Context, Effect, Layer, Option } from "effect"

/** A recorder commits several times a second, also when nothing changes: after this long without, it does not run. */
const watermarkAgeMillisMax = 10_000

/** A recorder says every two seconds how it is: what it said longer ago is not how it is now. */
const saidAgeMillisMax = 15_000

/** How long a reading of the ends of all logs is good for: it costs a row per market. */
const headsMillisMax = 5_000

/** Rates over a longer time than this say nothing about now. */
const rateMillisMax = 60_000

export class RecorderStatusSource extends Context.Service<
  RecorderStatusSource,
  { readonly status: Effect.Effect<RecorderStatus, HotTierError> }
>()("@kalshibook/api/RecorderStatusSource") {
  /** The recorder of the same process tells. */
  static readonly layerSameProcess = (status: Effect.Effect<RecorderStatus>): Layer.Layer<RecorderStatusSource> =>
    Layer.succeed(RecorderStatusSource, RecorderStatusSource.of({ status }))

  /**
   * What the recorder said last, and what the hot tier shows whatever it said: whether anything was committed lately, of how many
   * markets, and how fast.
   */
  static readonly layerDatabase: Layer.Layer<RecorderStatusSource, never, HotTier | StatusBoard> = Layer.effect(
    RecorderStatusSource,
    Effect.gen(function* () {
      const hotTier = yield* HotTier
      const board = yield* StatusBoard
      let before: Reading | undefined
      const readLogs = Effect.gen(function* () {
        const heads = yield* hotTier.heads
        const reading: Reading = {
          millis: yield* Clock.currentTimeMillis,
          records: heads.reduce((sum, head) => sum + head.offset, 0)
        }
        const recordsPerSecond = rateBetween(before, reading)
        before = reading
        return { marketsRecorded: heads.length, recordsPerSecond }
      })
      const logs = yield* Effect.cachedWithTTL(readLogs, headsMillisMax)
      return RecorderStatusSource.of({
        status: Effect.gen(function* () {
          const watermark = yield* hotTier.watermark
          const said = Option.getOrUndefined(yield* board.read)
          const nowMillis = yield* Clock.currentTimeMillis
          const shown = stateAt(watermark, nowMillis)
          if (said === undefined)
            return { source: "unknown", url: null, report: null, ...shown, ...(yield* logs) } as const
          const { report, source, url } = said.status
          const isFresh = nowMillis - said.tsReportedMicros / 1_000 <= saidAgeMillisMax
          if (isFresh && shown.state === "recording") return said.status
          return { source, url, report, ...shown, ...(yield* logs) }
        })
      })
    })
  )
}

interface Reading {
  readonly millis: number
  /** All records of all logs. */
  readonly records: number
}

const rateBetween = (before: Reading | undefined, now: Reading): number | null => {
  const elapsedMillis = now.millis - (before?.millis ?? Number.NEGATIVE_INFINITY)
  if (before === undefined || elapsedMillis <= 0 || elapsedMillis > rateMillisMax) return null
  return ((now.records - before.records) * 1_000) / elapsedMillis
}

const stateAt = (
  watermark: Option.Option<{ readonly tsReceivedMicros: number }>,
  nowMillis: number
): Pick<RecorderStatus, "state" | "sinceMicros"> => {
  if (Option.isNone(watermark)) return { state: "starting", sinceMicros: null }
  const { tsReceivedMicros } = watermark.value
  const isRecording = nowMillis - tsReceivedMicros / 1_000 <= watermarkAgeMillisMax
  return isRecording ? { state: "recording", sinceMicros: null } : { state: "stopped", sinceMicros: tsReceivedMicros }
}
