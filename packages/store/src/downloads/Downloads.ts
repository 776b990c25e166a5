/**
 * Downloads for backtests: a question about sealed days is first quoted, then answered by files: sealed ones as they are, or such as
 * are made for it, in the background, under an id that the same question finds again.
 *
 * The state is in Postgres, so that another process takes up what one left; the files are objects, whose URLs are signed for whoever
 * asks. Knows nothing of HTTP.
 */
import { type Config, Context, Effect, Layer } from "effect"
import type { SqlClient } from "effect/sql"
import type { Segments } from "../cold/Segments.ts"
import type { HotTierError } from "../HotTierError.ts"
import type { MarketCatalog } from "../MarketCatalog.ts"
import type { ObjectStore } from "../objects/ObjectStore.ts"
import { DownloadError, NothingSealed, UnknownDownload } from "./DownloadError.ts"
import type { DownloadPart } from "./DownloadPart.ts"
import type { Quote } from "./DownloadPlan.ts"
import type { DownloadRequest } from "./DownloadRequest.ts"
import { type DownloadSettings, fromEnvironment } from "./DownloadSettings.ts"
import * as DownloadsPostgres from "./DownloadsPostgres.ts"
import * as WorkFiles from "./WorkFiles.ts"

export { DownloadError } from "./DownloadError.ts"

export type DownloadState = "queued" | "running" | "done" | "failed"

/** A download as it is now. */
export interface Download {
  /** `dl_` and 32 hexadecimal digits. */
  readonly id: string
  readonly request: DownloadRequest
  readonly state: DownloadState
  /** Why it failed. */
  readonly reason: string | null
  readonly daysTotal: number
  /** Days whose files are ready. */
  readonly daysDone: number
  /** The files that are ready. */
  readonly parts: ReadonlyArray<DownloadPart>
  readonly tsCreatedMicros: number
  /** From when on it is forgotten, with what was made for it. */
  readonly tsExpiresMicros: number
}

/** A part that can be fetched now. */
export interface SignedPart extends DownloadPart {
  readonly url: string
  /** Until when the URL works, Unix microseconds. */
  readonly tsUrlExpiresMicros: number
}

/** What a download would be, and the id that it would have. */
export interface QuotedDownload extends Quote {
  readonly id: string
}

export type DownloadFailure = DownloadError | HotTierError

export class Downloads extends Context.Service<
  Downloads,
  {
    /** What the answer would be, without making anything. */
    readonly quote: (request: DownloadRequest) => Effect.Effect<QuotedDownload, DownloadFailure>
    /** Begins the work, or finds it: the same question about the same revisions is the same download. One that failed begins anew. It is kept so long from now on, if it is not kept longer anyway. */
    readonly create: (request: DownloadRequest, keptMicros?: number) => Effect.Effect<Download, DownloadFailure>
    readonly get: (id: string) => Effect.Effect<Download, DownloadFailure>
    /** URLs of some of its parts, from now on. */
    readonly sign: (parts: ReadonlyArray<DownloadPart>) => Effect.Effect<ReadonlyArray<SignedPart>, DownloadFailure>
    /**
     * Works on what waits, one download after the other, for ever; also on what a worker left that is not alive any more. Any number
     * of processes may do so at once.
     */
    readonly work: Effect.Effect<never>
    /** Forgets what has expired, and removes its objects. Returns how many downloads there were. */
    readonly sweep: Effect.Effect<number, DownloadFailure>
  }
>()("@kalshibook/store/downloads/Downloads") {
  /** Answers, and leaves the work to whoever runs `work`. */
  static readonly layerNoDeps = (settings: DownloadSettings): Layer.Layer<Downloads, never, Needs> =>
    Layer.effect(Downloads, Effect.map(DownloadsPostgres.make(settings), Downloads.of))

  /** Nothing is sealed, so there is nothing to load. */
  static readonly layerNone: Layer.Layer<Downloads> = Layer.sync(Downloads, () => {
    const none = new DownloadError({ operation: "plan", reason: new NothingSealed({ problem: "Nothing is sealed." }) })
    return Downloads.of({
      quote: () => Effect.fail(none),
      create: () => Effect.fail(none),
      get: (id) => new DownloadError({ operation: "find", reason: new UnknownDownload({ id }) }),
      sign: () => Effect.succeed([]),
      work: Effect.never,
      sweep: Effect.succeed(0)
    })
  })

  /** Answers, works and sweeps as long as it lives, with the settings of the environment. */
  static readonly layerWorking: Layer.Layer<Downloads, Config.ConfigError, Needs> = Layer.effect(
    Downloads,
    Effect.gen(function* () {
      const settings = yield* fromEnvironment
      const downloads = Downloads.of(yield* DownloadsPostgres.make(settings))
      yield* Effect.forkScoped(downloads.work)
      yield* Effect.forkScoped(
        downloads.sweep.pipe(
          Effect.catch((error) => Effect.logWarning(`the sweep of downloads failed: ${error.message}`)),
          Effect.andThen(Effect.sleep("1 hour")),
          Effect.forever
        )
      )
      yield* Effect.forkScoped(
        WorkFiles.removeLeft(settings.folder).pipe(
          Effect.catch((error) => Effect.logWarning(`what dead processes left is still there: ${error.message}`)),
          Effect.andThen(Effect.sleep("10 minutes")),
          Effect.forever
        )
      )
      return downloads
    })
  )
}

type Needs = SqlClient.SqlClient | Segments | ObjectStore | MarketCatalog
