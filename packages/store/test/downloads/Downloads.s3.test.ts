/** Downloads whose sealed files lie in a bucket, of hours and of days; their URLs are the bucket's own. */
import { createHash } from "node:crypto"
import { assert, layer } from "@effect/vitest"
import { dayMicros as dayWidthMicros } from "@kalshibook/core/cold/SegmentKeys"
import { Segments } from "@kalshibook/store/cold/Segments"
import { defaults } from "@kalshibook/store/downloads/DownloadSettings"
import { Downloads } from "@kalshibook/store/downloads/Downloads"
import { MarketCatalog } from "@kalshibook/store/MarketCatalog"
import { ObjectStore } from "@kalshibook/store/objects/ObjectStore"
import { Effect, Layer } from "effect"
import { S3Server, startMillisMax } from "../objects/S3Server.ts"
import * as PgTest from "../PgTest.ts"
import { ended, request } from "./Asked.ts"
import { dayMicros, seal, sealDay, tickers } from "./SealedDay.ts"

const objects = Layer.unwrap(Effect.map(S3Server, ({ settings }) => ObjectStore.layerS3(settings))).pipe(
  Layer.provide(S3Server.layer)
)
const stores = Layer.mergeAll(objects, Segments.layerNoDeps, MarketCatalog.layerNoDeps).pipe(
  Layer.provideMerge(PgTest.layer)
)
const downloads = Layer.unwrap(
  Effect.map(PgTest.temporaryFolder, (folder) => Downloads.layerNoDeps({ ...defaults, folder }))
).pipe(Layer.provideMerge(stores))

const wholeDay = { fromMicros: dayMicros, toMicros: dayMicros + dayWidthMicros }
const formats = ["nautilus", "tardis"] as const

const bytesOf = (url: string, headers: Record<string, string> = {}) =>
  Effect.promise(async () => new Uint8Array(await (await fetch(url, { headers })).arrayBuffer()))

layer(downloads, { excludeTestServices: true, timeout: startMillisMax })("Downloads from a bucket", (it) => {
  it.effect(
    "are the same whether the hours or the files of the day are read, and the bucket gives them away by itself",
    () =>
      Effect.gen(function* () {
        const service = yield* Downloads
        yield* seal
        const asked = formats.map((format) => request({ ...wholeDay, format, tickers: [tickers[0] ?? ""] }))
        const ofHours = yield* Effect.forEach(asked, ended)
        yield* sealDay
        const ofDay = yield* Effect.forEach(asked, ended)
        for (const [index, made] of ofDay.entries()) {
          const before = ofHours[index]
          assert.deepStrictEqual([before?.state, made.state], ["done", "done"])
          assert.notStrictEqual(made.id, before?.id)
          const sums = (parts: typeof made.parts) => parts.map((part) => [part.file_name, part.rows, part.sha256])
          assert.isNotEmpty(made.parts)
          assert.deepStrictEqual(sums(made.parts), sums(before?.parts ?? []), made.request.format)
        }

        // The sealed files of the day as they are: two of records, one of trades.
        const signed = yield* service.create(request(wholeDay))
        assert.strictEqual(signed.state, "done")
        assert.strictEqual(signed.parts.length, 3)
        const [part] = yield* service.sign(signed.parts)
        if (part === undefined) return assert.fail("no part")
        assert.match(part.key, /^v1\/records\/date=2026-11-26\/day-0000-/)
        const bytes = yield* bytesOf(part.url)
        assert.strictEqual(createHash("sha256").update(bytes).digest("hex"), part.sha256)
        assert.deepStrictEqual(yield* bytesOf(part.url, { range: "bytes=100-" }), bytes.subarray(100))
        const [made] = yield* service.sign(ofDay[1]?.parts ?? [])
        assert.strictEqual(
          createHash("sha256")
            .update(yield* bytesOf(made?.url ?? ""))
            .digest("hex"),
          made?.sha256
        )
      }),
    startMillisMax
  )
})
