/** What the archiver tells Prometheus; docs/runbook.md says when somebody should be called. */
import type { ArchiveState } from "@kalshibook/store/cold/ArchiveBoard"
import { Effect, Metric } from "effect"

const lagSeconds = Metric.gauge("kalshibook_archive_lag_seconds", {
  description:
    "Seconds of stored records that are not sealed yet: from the end of the last sealed hour to the watermark."
})
const hoursMarked = Metric.gauge("kalshibook_archive_hours_marked", {
  description: "Sealed hours of which something was stored afterwards, and that are not sealed again yet."
})
const bytes = Metric.gauge("kalshibook_archive_bytes", { description: "Bytes of all sealed hours in the bucket." })
const failing = Metric.gauge("kalshibook_archive_failing", {
  description: "1 while a part of the archiver does not get on, by part."
})
const hoursDone = Metric.counter("kalshibook_archive_hours_total", {
  description: "Hours done, by what: sealed, resealed, pruned; and days made.",
  incremental: true
})
const tapeFiles = Metric.counter("kalshibook_archive_tape_files_total", {
  description: "Files of tapes done, by what: uploaded, removed.",
  incremental: true
})
const sealSeconds = Metric.gauge("kalshibook_archive_seal_seconds", {
  description: "How long sealing the last hour took, from its first read to its commit."
})

export const counted = (what: "sealed" | "resealed" | "pruned" | "day", count = 1): Effect.Effect<void> =>
  count === 0 ? Effect.void : Metric.update(Metric.withAttributes(hoursDone, { what }), count)

export const countedTape = (what: "uploaded" | "removed", count: number): Effect.Effect<void> =>
  count === 0 ? Effect.void : Metric.update(Metric.withAttributes(tapeFiles, { what }), count)

export const sealed = (seconds: number): Effect.Effect<void> => Metric.update(sealSeconds, seconds)

export const partFailing = (part: string, isFailing: boolean): Effect.Effect<void> =>
  Metric.update(Metric.withAttributes(failing, { part }), isFailing ? 1 : 0)

export const state = (archive: ArchiveState, watermarkMicros: number | null): Effect.Effect<void> =>
  Effect.gen(function* () {
    yield* Metric.update(hoursMarked, archive.hoursMarked)
    yield* Metric.update(bytes, archive.bytes)
    if (archive.sealedUntilMicros === null || watermarkMicros === null) return
    yield* Metric.update(lagSeconds, Math.max(0, watermarkMicros - archive.sealedUntilMicros) / 1_000_000)
  })
