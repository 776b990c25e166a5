/**
 * Manifests of sealed hours, read and ready to be asked: the market's entry at once, the files of a kind in their order.
 *
 * A manifest is believed when its bytes are those that Postgres names, and when it is about the hour and the revision that were asked
 * for. The last ones that were used stay in memory.
 */
import type { MarketTicker } from "@kalshibook/core/BookRecord"
import { Manifest, type ManifestFile, ManifestMarket } from "@kalshibook/core/cold/Manifest"
import type { SegmentKind } from "@kalshibook/core/cold/SegmentColumns"
import { Context, Effect, Layer, Option, Predicate, Schema } from "effect"
import * as CacheFolder from "./CacheFolder.ts"
import { ColdDataProblem, type ColdTierError } from "./ColdDataProblem.ts"
import { ObjectCache } from "./ObjectCache.ts"

/** A sealed hour by the row of Postgres that makes it count. */
export interface SealedHour {
  /** Its beginning, Unix microseconds. */
  readonly hourMicros: number
  readonly revision: number
  readonly manifestKey: string
  /** Hexadecimal. */
  readonly manifestSha256: string
  readonly manifestBytes: number
}

export interface OpenManifest {
  readonly key: string
  /** In the order of the rows. */
  readonly files: (kind: SegmentKind) => ReadonlyArray<ManifestFile>
  /** `undefined` where the hour has no rows of the market. */
  readonly market: (ticker: MarketTicker) => Effect.Effect<ManifestMarket | undefined, ColdDataProblem>
  /** Of all markets with rows, ascending bytewise. */
  readonly tickers: ReadonlyArray<MarketTicker>
}

/** Entries of markets in memory at most, each some 500 bytes: a day of the exchange's 3,000 busiest, twice. */
const marketsKeptMax = 150_000

/** Markets are looked at one by one, when they are asked for: a manifest has thousands, and a question is about one. */
const Head = Schema.Struct({ ...Manifest.fields, markets: Schema.Array(Schema.Unknown) })
const decodeHead = Schema.decodeUnknownOption(Schema.fromJsonString(Head))
const decodeMarket = Schema.decodeUnknownOption(ManifestMarket)

export class Manifests extends Context.Service<
  Manifests,
  {
    /** Some milliseconds the first time, then at once. */
    readonly of: (hour: SealedHour) => Effect.Effect<OpenManifest, ColdTierError>
  }
>()("@kalshibook/store/cold/Manifests") {
  static readonly layerNoDeps: Layer.Layer<Manifests, never, ObjectCache> = Layer.effect(
    Manifests,
    Effect.map(ObjectCache, (cache) => Manifests.of(make(cache)))
  )
}

const make = (cache: ObjectCache["Service"]): Manifests["Service"] => {
  /** By SHA-256; what was used longest ago comes first. */
  const kept = new Map<string, OpenManifest>()
  let marketsKept = 0

  const keep = (sha256: string, manifest: OpenManifest): void => {
    if (kept.has(sha256)) return
    kept.set(sha256, manifest)
    marketsKept += manifest.tickers.length
    for (const [oldest, { tickers }] of kept) {
      if (marketsKept <= marketsKeptMax || kept.size === 1) return
      kept.delete(oldest)
      marketsKept -= tickers.length
    }
  }

  const read = Effect.fn("Manifests.read")(function* (hour: SealedHour) {
    const object = { key: hour.manifestKey, sha256: hour.manifestSha256, bytes: hour.manifestBytes }
    const text = yield* Effect.scoped(Effect.flatMap(cache.file(object), CacheFolder.text))
    const manifest = yield* opened(hour, text)
    keep(hour.manifestSha256, manifest)
    return manifest
  })

  return {
    of: (hour) =>
      Effect.suspend(() => {
        const known = kept.get(hour.manifestSha256)
        if (known === undefined) return read(hour)
        kept.delete(hour.manifestSha256)
        kept.set(hour.manifestSha256, known)
        return Effect.succeed(known)
      })
  }
}

/** The manifest of a text, if it is that of the hour. */
const opened = ({ hourMicros, manifestKey: key, revision }: SealedHour, text: string) =>
  Effect.gen(function* () {
    const head = Option.getOrUndefined(decodeHead(text))
    if (head === undefined) {
      return yield* new ColdDataProblem({ problem: "unreadable", key, detail: "it is no manifest of this version" })
    }
    if (head.span !== "hour" || head.from_micros !== hourMicros || head.revision !== revision) {
      const detail = `it is about the ${head.span} from ${head.from_micros}, revision ${head.revision}, not about the hour from ${hourMicros}, revision ${revision}`
      return yield* new ColdDataProblem({ problem: "differs", key, detail })
    }
    const entries = new Map<MarketTicker, unknown>()
    for (const entry of head.markets) {
      if (Predicate.hasProperty(entry, "market_ticker")) entries.set(String(entry.market_ticker), entry)
    }
    const manifest: OpenManifest = {
      key,
      files: (kind) => head.files.filter((file) => file.kind === kind).sort((left, right) => left.part - right.part),
      market: (ticker) => {
        const entry = entries.get(ticker)
        if (entry === undefined) return Effect.undefined
        return Option.match(decodeMarket(entry), {
          onNone: () => new ColdDataProblem({ problem: "unreadable", key, detail: `what it says of ${ticker}` }),
          onSome: (market) => Effect.succeed(market)
        })
      },
      tickers: [...entries.keys()]
    }
    return manifest
  })
