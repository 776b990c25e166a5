/**
 * Working on downloads that wait: claims one, makes its days one after the other, each noted when its files are stored, and goes on with
 * the next. A worker that dies loses its lease, and another goes on behind the days that are noted.
 */
import { randomUUID } from "node:crypto"
import { Clock, Deferred, Duration, Effect, Option } from "effect"
import type { HotTierError } from "../HotTierError.ts"
import * as Carving from "./Carving.ts"
import * as DayProcess from "./DayProcess.ts"
import { DownloadError, TooLarge } from "./DownloadError.ts"
import type { DownloadSettings } from "./DownloadSettings.ts"
import type { DownloadTable, Lease, StoredDownload } from "./DownloadTable.ts"
import * as SealedSpans from "./SealedSpans.ts"

/** How often somebody looks for work that another process was asked for. */
const pollMillis = 1_000
/** A worker that has not renewed its lease for so long is dead. */
const leaseMillis = 30_000
const renewMillis = 5_000
/** After so many, what fails for now fails for good. */
const attemptsMax = 5

const leaseOf = (owner: string): Effect.Effect<Lease> =>
  Effect.map(Clock.currentTimeMillis, (nowMillis) => ({
    owner,
    nowMicros: nowMillis * 1_000,
    untilMicros: (nowMillis + leaseMillis) * 1_000
  }))

export const forever = (table: DownloadTable, settings: DownloadSettings) => {
  const owner = randomUUID()

  const worked = Effect.fnUntraced(function* (download: StoredDownload) {
    const lost = yield* Deferred.make<void>()
    const renewing = Effect.gen(function* () {
      while (true) {
        yield* Effect.sleep(renewMillis)
        // A database that is away for a moment does not take the lease from anybody.
        const isOurs = yield* Effect.orElseSucceed(
          Effect.flatMap(leaseOf(owner), (lease) => table.renew(download.id, lease)),
          () => true
        )
        if (!isOurs) yield* Deferred.succeed(lost, undefined)
      }
    })
    const making = Effect.raceFirst(days(download), Deferred.await(lost)).pipe(
      Effect.timeoutOrElse({
        duration: settings.workMillisMax,
        orElse: () =>
          new DownloadError({
            operation: "make files",
            reason: new TooLarge({ problem: `it takes longer than ${settings.workMillisMax / 60_000} minutes` })
          })
      })
    )
    yield* Effect.raceFirst(making, renewing).pipe(
      Effect.catchTag("DownloadError", (error) => given(download, error)),
      Effect.catchDefect((defect) =>
        Effect.andThen(
          Effect.logError(`download ${download.id} met a defect`, defect),
          Effect.flatMap(leaseOf(owner), (lease) => table.fail(download.id, lease, "A fault of ours; it is logged."))
        )
      ),
      Effect.onInterrupt(() =>
        Effect.ignore(Effect.flatMap(leaseOf(owner), (lease) => table.release(download.id, lease)))
      )
    )
  })

  /** What cannot be helped fails the download; what may pass lets it wait. */
  const given = Effect.fnUntraced(function* (download: StoredDownload, error: DownloadError) {
    const lease = yield* leaseOf(owner)
    const isFinal = !error.isRetryable || download.attempts >= attemptsMax
    yield* Effect.logWarning(`download ${download.id}: ${error.message}`)
    if (isFinal) return yield* table.fail(download.id, lease, error.reason.problem)
    yield* table.release(download.id, lease)
    yield* Effect.sleep(pollMillis * 2 ** download.attempts)
  })

  const days = Effect.fnUntraced(function* (download: StoredDownload) {
    const { id, request } = download
    const planned = yield* SealedSpans.planned(request, download.sources)
    const process = yield* DayProcess.start(settings)
    let now = download
    for (const day of planned.slice(download.daysDone)) {
      const bytesBefore = now.parts.reduce((sum, part) => sum + part.bytes, 0)
      const parts = yield* Carving.day({ id, request, day, bytesBefore }, settings, process)
      if (parts.length + now.parts.length > settings.partsMax) {
        const problem = `a download has at most ${settings.partsMax} files`
        return yield* new DownloadError({ operation: "make files", reason: new TooLarge({ problem }) })
      }
      if (!(yield* table.dayDone(now, yield* leaseOf(owner), parts))) return
      now = { ...now, daysDone: now.daysDone + 1, parts: [...now.parts, ...parts] }
    }
  }, Effect.scoped)

  const next = Effect.gen(function* () {
    const claimed = yield* table.claim(yield* leaseOf(owner))
    if (Option.isNone(claimed)) return yield* Effect.sleep(pollMillis)
    yield* worked(claimed.value)
  })

  return next.pipe(
    Effect.catchTag("HotTierError", (error: HotTierError) =>
      Effect.andThen(Effect.logWarning(`downloads: ${error.message}`), Effect.sleep(Duration.millis(5 * pollMillis)))
    ),
    Effect.forever
  )
}
