/** Downloads over the table, the sealed segments and the object store. */
import { Clock, Effect, Option, Stream } from "effect"
import { SqlClient } from "effect/sql"
import type { Segments } from "../cold/Segments.ts"
import type { MarketCatalog } from "../MarketCatalog.ts"
import { ObjectStore } from "../objects/ObjectStore.ts"
import { DownloadError, NothingSealed, StorageAway, TooLarge, UnknownDownload } from "./DownloadError.ts"
import type { DownloadPart } from "./DownloadPart.ts"
import * as DownloadPlan from "./DownloadPlan.ts"
import * as Request from "./DownloadRequest.ts"
import type { DownloadSettings } from "./DownloadSettings.ts"
import type { Downloads } from "./Downloads.ts"
import * as DownloadTable from "./DownloadTable.ts"
import * as DownloadWork from "./DownloadWork.ts"
import * as SealedSpans from "./SealedSpans.ts"

const nowMicros = Effect.map(Clock.currentTimeMillis, (millis) => millis * 1_000)

/** Objects that belong to no download are left alone for so long: somebody may be about to note them. */
const orphanMicrosMin = 86_400_000_000

const prefix = "downloads/"

export const make = Effect.fnUntraced(function* (settings: DownloadSettings) {
  const table = DownloadTable.make(yield* SqlClient.SqlClient)
  const store = yield* ObjectStore
  const context = yield* Effect.context<Segments | ObjectStore | MarketCatalog>()

  const planned = Effect.fnUntraced(function* (request: Request.DownloadRequest) {
    const sources = yield* SealedSpans.sourcesFor(request)
    const days = yield* SealedSpans.planned(request, sources)
    const quote = DownloadPlan.quote(request, days)
    const problem = tooLarge(request, quote, settings)
    if (problem !== undefined) {
      return yield* new DownloadError({ operation: "plan", reason: new TooLarge({ problem }) })
    }
    if (quote.files === 0) {
      const reason = new NothingSealed({
        problem: "Nothing of this is sealed: hours are, some minutes after their end."
      })
      return yield* new DownloadError({ operation: "plan", reason })
    }
    return { days, quote, stored: Request.store(request, sources) }
  }, Effect.provideContext(context))

  const create: Downloads["Service"]["create"] = Effect.fn("Downloads.create")(function* (
    request,
    keptMicros = settings.keptMicros
  ) {
    const { days, stored } = yield* planned(request)
    const isSigned = DownloadPlan.isSigned(request)
    const now = yield* nowMicros
    return yield* table.begin({
      stored,
      state: isSigned ? "done" : "queued",
      parts: isSigned ? DownloadPlan.signedParts(days.flatMap(({ spans }) => spans)) : [],
      daysTotal: days.length,
      nowMicros: now,
      expiresMicros: now + keptMicros
    })
  })

  const get: Downloads["Service"]["get"] = Effect.fnUntraced(function* (id) {
    const found = yield* table.find(id, yield* nowMicros)
    if (Option.isSome(found)) return found.value
    return yield* new DownloadError({ operation: "find", reason: new UnknownDownload({ id }) })
  })

  const sign = Effect.fnUntraced(function* (parts: ReadonlyArray<DownloadPart>) {
    const tsUrlExpiresMicros = (yield* nowMicros) + settings.urlSecondsMax * 1_000_000
    return yield* Effect.forEach(parts, (part) => {
      const fileName = part.file_name.replaceAll("/", "-")
      return store.signedUrl(part.key, { expiresInSeconds: settings.urlSecondsMax, fileName }).pipe(
        Effect.map((url) => ({ ...part, url, tsUrlExpiresMicros })),
        Effect.mapError(away("sign"))
      )
    })
  })

  const removeOf = (id: string) =>
    store.list(`${prefix}${id}/`).pipe(
      Stream.runForEach(({ key }) => store.remove(key)),
      Effect.mapError(away("sweep"))
    )

  const sweep = Effect.gen(function* () {
    const now = yield* nowMicros
    const expired = yield* table.expired(now)
    for (const id of expired) {
      yield* removeOf(id)
      yield* table.forget(id)
    }
    // Objects whose download is gone: a worker that had been believed dead stored them.
    const old = new Set<string>()
    yield* store.list(prefix).pipe(
      Stream.runForEach(({ key, lastModifiedMicros }) =>
        Effect.sync(() => {
          if (lastModifiedMicros < now - orphanMicrosMin) old.add(key.slice(prefix.length).split("/", 1)[0] ?? "")
        })
      ),
      Effect.mapError(away("sweep"))
    )
    const known = yield* table.known([...old])
    for (const id of old) if (!known.has(id)) yield* removeOf(id)
    return expired.length
  })

  return {
    quote: (request) => Effect.map(planned(request), ({ quote, stored }) => ({ ...quote, id: Request.idOf(stored) })),
    create,
    get,
    sign,
    work: Effect.forEach(Array.from({ length: settings.workersMax }), () => DownloadWork.forever(table, settings), {
      concurrency: "unbounded"
    }).pipe(Effect.andThen(Effect.never), Effect.provideContext(context)),
    sweep
  } satisfies Downloads["Service"]
})

const away = (operation: string) => (error: { readonly message: string }) =>
  new DownloadError({ operation, reason: new StorageAway({ problem: error.message }) })

const tooLarge = (
  request: Request.DownloadRequest,
  { bytes, files, rows }: DownloadPlan.Quote,
  settings: DownloadSettings
): string | undefined => {
  if (files > settings.partsMax) return `It would be ${files} files; a download has at most ${settings.partsMax}.`
  if (DownloadPlan.isSigned(request)) return undefined
  if (rows > settings.carvedRowsMax) {
    return `It would be made of ${rows} rows; a download is made of at most ${settings.carvedRowsMax}.`
  }
  if (bytes > settings.carvedBytesMax) {
    return `It would have about ${bytes} bytes; files that are made for a download have at most ${settings.carvedBytesMax}.`
  }
  return undefined
}
