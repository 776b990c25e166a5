/** The archiver over a bucket whose network loses, cuts and spoils: only what is proved is sealed, and in the end all is. */
import { join } from "node:path"
import { assert, layer } from "@effect/vitest"
import { Archiver } from "@kalshibook/archiver/Archiver"
import * as SealedManifest from "@kalshibook/archiver/SealedManifest"
import { Verifier } from "@kalshibook/archiver/Verifier"
import * as Book from "@kalshibook/core/Book"
import { hourMicros } from "@kalshibook/core/cold/SegmentKeys"
import { Coverage } from "@kalshibook/store/Coverage"
import { ColdTier } from "@kalshibook/store/cold/ColdTier"
import { ObjectCache } from "@kalshibook/store/cold/ObjectCache"
import { SealedHours } from "@kalshibook/store/cold/SealedHours"
import { Segments } from "@kalshibook/store/cold/Segments"
import { History } from "@kalshibook/store/History"
import { HotTier } from "@kalshibook/store/HotTier"
import { ObjectStore } from "@kalshibook/store/objects/ObjectStore"
import { Effect, Layer, Option } from "effect"
import * as FaultProxy from "../../store/test/objects/FaultProxy.ts"
import { S3Server, startMillisMax } from "../../store/test/objects/S3Server.ts"
import * as PgTest from "../../store/test/PgTest.ts"
import * as Scene from "./Scene.ts"

const hours = 2
const roundsMax = 8
const round = Effect.flatMap(Archiver, (archiver) => archiver.round)
const committed = Effect.flatMap(Segments, (segments) => segments.list("hour", 0, Number.MAX_SAFE_INTEGER))

/** At the end of each hour, each market. */
const books = Effect.gen(function* () {
  const history = yield* History
  const found: Array<{ readonly hash: string; readonly tier: string }> = []
  for (let index = 0; index < hours; index++) {
    for (const ticker of Scene.tickers) {
      const { book, tier } = yield* history.bookAt(ticker, Scene.hour(index) + hourMicros - 1, "received")
      found.push({ hash: Book.hash(book), tier })
    }
  }
  return found
})

const recorded = Layer.mergeAll(HotTier.layerNoDeps, Coverage.layerNoDeps, S3Server.layer).pipe(
  Layer.provideMerge(PgTest.layer)
)

layer(recorded, { excludeTestServices: true, timeout: startMillisMax })("The archiver over a bucket", (it) => {
  it.effect(
    "seals nothing that did not come back whole, in the end every hour, and the books are read from there",
    () =>
      Effect.gen(function* () {
        yield* Scene.record(hours)
        const { endpoint, settings } = yield* S3Server
        const proxy = yield* FaultProxy.start(endpoint)
        const root = yield* Scene.folder
        const direct = ObjectStore.layerS3(settings)
        const faulty = ObjectStore.layerS3({
          ...settings,
          endpoint: Option.some(proxy.endpoint),
          silenceMillisMax: 1_000,
          attemptsMax: 2
        })
        const isHot = yield* books.pipe(Effect.provide(History.layerHot))

        // A bucket that is busy for longer than anybody asks: nothing is sealed, and the archiver says so.
        const busy: FaultProxy.Fault = { kind: "status", status: 503, code: "SlowDown" }
        proxy.meet("PUT", busy, { times: 6 })
        proxy.meet("PUT", { kind: "cut_request", afterBytes: 100 }, { times: 2 })
        // On the way back, of what is sealed and not of lists.
        const records = { path: "/v1/records/date", times: 2 }
        proxy.meet("GET", { kind: "flipped_bit", atByte: 40 }, records)
        proxy.meet("GET", { kind: "cut_answer", afterBytes: 50 }, records)
        proxy.meet("GET", busy, records)
        const told: Array<string> = []
        yield* Effect.gen(function* () {
          for (let turn = 0; turn < roundsMax; turn++) {
            const { problems } = yield* round
            told.push(problems.get("seal") ?? "")
            // Whatever is committed is whole in the bucket, seen past the proxy.
            yield* Effect.gen(function* () {
              const verifier = yield* Verifier
              for (const segment of yield* committed) assert.deepStrictEqual(yield* verifier.problems(segment), [])
            }).pipe(Effect.provide(Scene.archiver(root, {}, undefined, direct)))
            if ((yield* committed).length === hours && problems.size === 0) return
          }
        }).pipe(Effect.provide(Scene.archiver(root, {}, undefined, faulty)))
        assert.match(told.join(), /putFile .*SlowDown/)
        assert.match(told.join(), /getToFile .*sha256/)

        yield* Effect.gen(function* () {
          const sealed = yield* committed
          assert.deepStrictEqual(
            sealed.map(({ records, revision }) => [records, revision]),
            [60, 40].map((records) => [records, 1])
          )
          const [first] = sealed
          if (first === undefined) return
          const [file] = (yield* SealedManifest.read(first)).files
          const store = yield* ObjectStore
          const url = yield* store.signedUrl(file?.key ?? "", { expiresInSeconds: 60 })
          const answer = yield* Effect.promise(() => fetch(url, { headers: { range: "bytes=0-3" } }))
          assert.strictEqual(answer.status, 206)
          assert.strictEqual(yield* Effect.promise(() => answer.text()), "PAR1")

          const { pruned } = yield* round
          assert.isAtLeast(pruned, 1)
          const cold = History.layerNoDeps.pipe(
            Layer.provide(SealedHours.layerNoDeps),
            Layer.provide(ColdTier.layerOf()),
            Layer.provide(ObjectCache.layerFolder({ folder: join(root, "cache"), bytesMax: 2 ** 26 }))
          )
          const read = yield* books.pipe(Effect.provide(cold))
          assert.deepStrictEqual(
            read.map(({ hash }) => hash),
            isHot.map(({ hash }) => hash)
          )
          assert.strictEqual(read[0]?.tier, "cold")
        }).pipe(Effect.provide(Scene.archiver(root, { hotMicros: 0 }, undefined, direct)))
      }).pipe(Effect.scoped)
  )
})
