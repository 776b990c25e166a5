/** Downloads over HTTP: the whole API over a database, sealed hours in a folder, and the worker. */
import { createHash } from "node:crypto"
import { assert, layer } from "@effect/vitest"
import * as ApiServer from "@kalshibook/api/ApiServer"
import { RecorderStatusSource } from "@kalshibook/api/RecorderStatusSource"
import { StreamServer } from "@kalshibook/api/stream/StreamServer"
import { Accounts } from "@kalshibook/store/Accounts"
import { ChannelGaps } from "@kalshibook/store/ChannelGaps"
import { Coverage } from "@kalshibook/store/Coverage"
import { Segments } from "@kalshibook/store/cold/Segments"
import { Datasets } from "@kalshibook/store/downloads/Datasets"
import { defaults } from "@kalshibook/store/downloads/DownloadSettings"
import { Downloads } from "@kalshibook/store/downloads/Downloads"
import { IdempotencyKeys } from "@kalshibook/store/downloads/IdempotencyKeys"
import { History } from "@kalshibook/store/History"
import { HotTier } from "@kalshibook/store/HotTier"
import { Keys } from "@kalshibook/store/Keys"
import { LifecycleLog } from "@kalshibook/store/LifecycleLog"
import { MarketCatalog } from "@kalshibook/store/MarketCatalog"
import { ObjectStore } from "@kalshibook/store/objects/ObjectStore"
import { SignedObjects } from "@kalshibook/store/objects/SignedObjects"
import { Settlements } from "@kalshibook/store/Settlements"
import { StatusBoard } from "@kalshibook/store/StatusBoard"
import { Effect, Layer, Option, Redacted } from "effect"
import * as Customer from "../../packages/api/test/Customer.ts"
import { port } from "../../packages/api/test/Http.ts"
import { seal, tickers } from "../../packages/store/test/downloads/SealedDay.ts"
import * as PgTest from "../../packages/store/test/PgTest.ts"

const stores = Layer.mergeAll(
  ChannelGaps.layerNoDeps,
  LifecycleLog.layerNoDeps,
  Settlements.layerNoDeps,
  Coverage.layerNoDeps,
  MarketCatalog.layerNoDeps,
  StatusBoard.layerNoDeps,
  Segments.layerNoDeps,
  History.layerHot.pipe(Layer.provideMerge(HotTier.layerNoDeps)),
  Layer.provideMerge(Customer.layer, Customer.storesInPostgres)
)

const objects = Layer.unwrap(
  Effect.map(PgTest.temporaryFolder, (folder) => {
    const settings = { folder, baseUrl: "http://objects.test/v1/objects", secret: Option.none() }
    return Layer.merge(ObjectStore.layerFolder(settings), SignedObjects.layerFolder(settings))
  })
)

const downloads = Layer.unwrap(
  Effect.map(PgTest.temporaryFolder, (folder) =>
    Layer.merge(Downloads.layerNoDeps({ ...defaults, folder }), IdempotencyKeys.layerNoDeps)
  )
)

const api = ApiServer.layer({ host: "127.0.0.1", port: 0 }).pipe(
  Layer.provide(RecorderStatusSource.layerDatabase),
  Layer.provide(StreamServer.layerMemory),
  Layer.provideMerge(Layer.merge(Datasets.layerNoDeps, downloads)),
  Layer.provideMerge(Layer.effectDiscard(seal).pipe(Layer.provideMerge(Layer.merge(stores, objects)))),
  Layer.provide(PgTest.layer)
)

/** Whatever the answer is, it is looked into field by field. */
const ask = Effect.fnUntraced(function* (path: string, init: RequestInit = {}) {
  const url = `http://127.0.0.1:${yield* port}${path}`
  const headers = { "x-api-key": Customer.key(), ...init.headers }
  return yield* Effect.promise(() => fetch(url, { ...init, headers }))
})
// biome-ignore lint/suspicious/noExplicitAny: answers are looked into field by field
const jsonOf = (response: Response) => Effect.promise(() => response.json() as Promise<any>)

const post = (body: unknown) =>
  Effect.flatMap(
    ask("/v1/downloads", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: typeof body === "string" ? body : JSON.stringify(body)
    }),
    jsonOf
  )

/** The key of another account, which has credits, too. */
const otherKey = Effect.gen(function* () {
  const { accountId } = yield* (yield* Accounts).create({ name: "another customer", tier: "free", terms: {} })
  const { key } = yield* (yield* Keys).create({ accountId, name: "tests", scopes: ["download"] })
  return Redacted.value(key)
})

const pathOf = (url: string): string => url.replace("http://objects.test", "")
const dates = ["2026-11-26"]

layer(api, { excludeTestServices: true, timeout: 60_000 })("the API", (it) => {
  it.effect("lists what is sealed, by day and file, with coverage", () =>
    Effect.gen(function* () {
      const list = yield* Effect.flatMap(ask("/v1/datasets?from=2026-11-20&to=2026-11-27"), jsonOf)
      assert.strictEqual(list.datasets.length, 1)
      assert.deepInclude(list.datasets[0], { date: "2026-11-26", hours_sealed: 3, day_revision: null, records: 720 })
      const day = yield* Effect.flatMap(ask("/v1/datasets/2026-11-26"), jsonOf)
      assert.strictEqual(day.spans.length, 3)
      assert.strictEqual(day.spans[0].files.length, 3)
      assert.match(day.spans[0].files[0].sha256, /^[0-9a-f]{64}$/)
      const none = yield* Effect.flatMap(ask("/v1/datasets/2026-11-25"), jsonOf)
      assert.deepInclude(none, { code: "not_sealed", suggestion: "/v1/datasets" })
      assert.deepInclude(yield* Effect.flatMap(ask("/v1/datasets/yesterday"), jsonOf), { parameter: "date" })
    })
  )

  it.effect("gives files by signed URLs that go on where they were cut, and no others", () =>
    Effect.gen(function* () {
      const made = yield* post({ dates, kinds: ["records"] })
      assert.deepInclude(made, { state: "done", format: "parquet", markets: null, progress: { days: 1, days_done: 1 } })
      const [part] = made.parts
      const whole = yield* ask(pathOf(part.url))
      const bytes = new Uint8Array(yield* Effect.promise(() => whole.arrayBuffer()))
      assert.strictEqual(createHash("sha256").update(bytes).digest("hex"), part.sha256)
      assert.strictEqual(whole.headers.get("content-encoding"), null)
      assert.include(whole.headers.get("content-disposition"), "part-0000-")
      assert.match(whole.headers.get("cache-control") ?? "", /immutable/)
      const rest = yield* ask(pathOf(part.url), { headers: { range: "bytes=100-", "accept-encoding": "gzip" } })
      assert.strictEqual(rest.status, 206)
      assert.deepStrictEqual(new Uint8Array(yield* Effect.promise(() => rest.arrayBuffer())), bytes.subarray(100))
      const head = yield* ask(pathOf(part.url), { method: "HEAD" })
      assert.deepStrictEqual([head.status, head.headers.get("content-length")], [200, String(bytes.length)])
      const behind = yield* ask(pathOf(part.url), { headers: { range: `bytes=${bytes.length}-` } })
      assert.deepStrictEqual([behind.status, behind.headers.get("content-range")], [416, `bytes */${bytes.length}`])
      assert.deepInclude(yield* jsonOf(behind), { code: "range_not_satisfiable" })
      const other = pathOf(part.url).replace("part-0000", "part-0001")
      assert.deepInclude(yield* Effect.flatMap(ask(other), jsonOf), { code: "signature_refused", status: 403 })
      assert.strictEqual((yield* ask("/v1/objects/")).status, 403)
    })
  )

  it.effect("quotes, makes and renews a selection, the same one once", () =>
    Effect.gen(function* () {
      const body = { from: "2026-11-26T00:30:00Z", to: "2026-11-26T02:00:00Z", tickers: [tickers[0]], format: "tardis" }
      const quote = yield* post({ ...body, dry_run: true })
      assert.deepInclude(quote, { id: null, state: "quoted", from: "2026-11-26T00:00:00.000000Z" })
      assert.deepInclude(quote.quote, { files: 2, is_exact: false, credits: 1 })
      assert.deepInclude(yield* post({ ...body, max_credits: 0 }), { code: "max_credits_exceeded", credits_needed: 1 })
      const first = yield* post(body)
      assert.deepStrictEqual([quote.usage.credits, first.usage.credits], [0, 1])
      assert.include(["queued", "running", "done"], first.state)
      const service = yield* Downloads
      const done = Effect.gen(function* () {
        while (true) {
          const now = yield* Effect.flatMap(ask(`/v1/downloads/${first.id}`), jsonOf)
          if (now.state === "done") return now
          yield* Effect.sleep(20)
        }
      })
      const made = yield* Effect.raceFirst(done, service.work)
      assert.strictEqual(made.parts.length, 2)
      const again = yield* post({ ...body, max_credits: 0 })
      assert.deepInclude(again, { id: first.id, usage: { credits: 0 } })
      const others = yield* otherKey
      const asOther = { headers: { "x-api-key": others } }
      assert.deepInclude(yield* Effect.flatMap(ask(`/v1/downloads/${first.id}`, asOther), jsonOf), {
        code: "unknown_download"
      })
      const usage = yield* Effect.flatMap(ask("/v1/usage"), jsonOf)
      assert.deepInclude(
        usage.days.find(({ operation }: { readonly operation: string }) => operation === "createDownload"),
        // The whole files of the test before, and these.
        { credits: 2 }
      )
      const file = yield* ask(pathOf(made.parts[0].url))
      assert.strictEqual(file.headers.get("content-type"), "application/gzip")
    })
  )

  it.effect("refuses bodies that are wrong, and says what is", () =>
    Effect.gen(function* () {
      const cases: ReadonlyArray<readonly [unknown, object]> = [
        ["{", { code: "bad_parameter", parameter: "body" }],
        [`"${"x".repeat(1_100_000)}"`, { status: 400 }],
        [{}, { code: "bad_parameter", parameter: "dates" }],
        [{ dates: ["26.11.2026"] }, { code: "bad_parameter", parameter: "dates" }],
        [{ dates: ["2026-11-26", "2026-11-28"] }, { parameter: "dates" }],
        [{ dates, ticker: ["X"] }, { parameter: "ticker" }],
        [{ dates, format: "xlsx" }, { parameter: "format" }],
        [{ dates, format: "tardis", kinds: ["gaps"] }, { parameter: "kinds" }],
        [{ from: "2026-11-26", to: "2026-11-25" }, { parameter: "to" }],
        [{ from: "2026-01-01", to: "2026-11-25" }, { parameter: "to" }],
        [{ dates, tickers: ["KXNONE"] }, { code: "unknown_market" }],
        [{ dates, events: ["KXNONE"] }, { code: "unknown_event" }],
        [{ dates: ["2026-11-25"] }, { code: "not_sealed" }]
      ]
      for (const [body, expected] of cases) assert.deepInclude(yield* post(body), expected, JSON.stringify(body))
      assert.deepInclude(yield* Effect.flatMap(ask("/v1/downloads/dl_1"), jsonOf), { parameter: "id" })
      const unknown = yield* ask(`/v1/downloads/dl_${"0".repeat(32)}`)
      assert.deepInclude(yield* jsonOf(unknown), { code: "unknown_download" })
      const wrongMethod = yield* ask("/v1/downloads", { method: "GET" })
      assert.deepStrictEqual([wrongMethod.status, wrongMethod.headers.get("allow")], [405, "POST, OPTIONS"])
    })
  )
})
