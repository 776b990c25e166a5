/**
 * An agent against the whole API over a database and sealed hours: every call of `/llms.txt` and `/llms-full.txt` as a shell would make it,
 * and a walk from a question to files with the tools.
 */

import { join } from "node:path"
import { assert, layer } from "@effect/vitest"
import * as ApiServer from "@kalshibook/api/ApiServer"
import * as BillingConfig from "@kalshibook/api/billing/BillingConfig"
import * as StripeCatalogue from "@kalshibook/api/billing/StripeCatalogue"
import { StripeClient } from "@kalshibook/api/billing/StripeClient"
import { RecorderStatusSource } from "@kalshibook/api/RecorderStatusSource"
import { StreamServer } from "@kalshibook/api/stream/StreamServer"
import { Archiver } from "@kalshibook/archiver/Archiver"
import { BillingBook } from "@kalshibook/store/billing/BillingBook"
import { MeterOutbox } from "@kalshibook/store/billing/MeterOutbox"
import { ChannelGaps } from "@kalshibook/store/ChannelGaps"
import { Coverage } from "@kalshibook/store/Coverage"
import { Segments } from "@kalshibook/store/cold/Segments"
import { Datasets } from "@kalshibook/store/downloads/Datasets"
import { defaults } from "@kalshibook/store/downloads/DownloadSettings"
import { Downloads } from "@kalshibook/store/downloads/Downloads"
import { IdempotencyKeys } from "@kalshibook/store/downloads/IdempotencyKeys"
import { History } from "@kalshibook/store/History"
import { HotTier } from "@kalshibook/store/HotTier"
import { LifecycleLog } from "@kalshibook/store/LifecycleLog"
import { MarketCatalog } from "@kalshibook/store/MarketCatalog"
import { ObjectStore } from "@kalshibook/store/objects/ObjectStore"
import { SignedObjects } from "@kalshibook/store/objects/SignedObjects"
import { Settlements } from "@kalshibook/store/Settlements"
import { StatusBoard } from "@kalshibook/store/StatusBoard"
import * as StandIn from "@kalshibook/stripe-stand-in/StandIn"
import * as StandInFetch from "@kalshibook/stripe-stand-in/StandInFetch"
import { Clock, Effect, Layer, Option, Redacted } from "effect"
import * as AgentClient from "../../packages/api/test/AgentClient.ts"
import * as Customer from "../../packages/api/test/Customer.ts"
import { port } from "../../packages/api/test/Http.ts"
import * as Seed from "../../packages/api/test/Seed.ts"
import * as Scene from "../../packages/archiver/test/Scene.ts"
import { batch } from "../../packages/store/test/Batch.ts"
import * as PgTest from "../../packages/store/test/PgTest.ts"
import { type Call, callsIn, readWords } from "./Shell.ts"

const stores = Layer.mergeAll(
  ChannelGaps.layerNoDeps,
  LifecycleLog.layerNoDeps,
  Settlements.layerNoDeps,
  Coverage.layerNoDeps,
  MarketCatalog.layerNoDeps,
  StatusBoard.layerNoDeps,
  BillingBook.layerNoDeps,
  MeterOutbox.layerNoDeps,
  Segments.layerNoDeps,
  History.layerHot.pipe(Layer.provideMerge(HotTier.layerNoDeps)),
  Layer.provideMerge(Customer.layer, Customer.storesInPostgres)
)

/** The seed, with its hour sealed by the archiver into a folder, which is where downloads are signed. */
const sealed = Layer.unwrap(
  Effect.gen(function* () {
    const root = yield* Scene.folder
    const settings = { folder: join(root, "objects"), baseUrl: "http://objects.test/v1/objects", secret: Option.none() }
    const seal = Effect.gen(function* () {
      yield* Seed.store
      const hot = yield* HotTier
      yield* hot.append(batch({ watermark: { ...Seed.watermark, tsReceivedMicros: Seed.after(3_600_000 + 600_000) } }))
      yield* (yield* Coverage).rollUp
      const round = yield* Effect.flatMap(Archiver, (archiver) => archiver.round).pipe(
        Effect.provide(Scene.archiver(root))
      )
      assert.deepStrictEqual([round.sealed > 0, [...round.problems]], [true, []])
    })
    return Layer.effectDiscard(seal).pipe(
      Layer.provideMerge(Layer.merge(ObjectStore.layerFolder(settings), SignedObjects.layerFolder(settings)))
    )
  })
)

const downloads = Layer.unwrap(
  Effect.map(PgTest.temporaryFolder, (folder) =>
    Layer.merge(Downloads.layerNoDeps({ ...defaults, folder }), IdempotencyKeys.layerNoDeps)
  )
)

/** What is bought is bought at what stands in for the payment service. */
const payments = Layer.unwrap(
  Effect.gen(function* () {
    const clock = yield* Clock.Clock
    const standIn = StandIn.make({
      clock: () => Math.floor(Number(clock.currentTimeMillisUnsafe()) / 1_000),
      origin: "http://stand-in.test"
    })
    const access = {
      secretKey: Redacted.make("sk_test_agents"),
      webhookSecrets: [Redacted.make("whsec_of_the_tests")],
      fetch: StandInFetch.make(standIn)
    }
    yield* StripeCatalogue.sync.pipe(Effect.provide(StripeClient.layer(access)))
    return BillingConfig.layerOf(access, Effect.succeed("http://site.test"))
  })
)

const api = ApiServer.layer({ host: "127.0.0.1", port: 0 }).pipe(
  Layer.provide(payments),
  Layer.provide(RecorderStatusSource.layerDatabase),
  Layer.provide(StreamServer.layerMemory),
  Layer.provideMerge(Layer.merge(Datasets.layerNoDeps, downloads)),
  Layer.provideMerge(Layer.provideMerge(sealed, stores)),
  Layer.provide(PgTest.layer)
)

const made = (call: Call) =>
  Effect.promise(async () => {
    const response = await fetch(call.url, {
      method: call.method,
      headers: call.headers,
      ...(call.body === undefined ? {} : { body: call.body })
    })
    return { status: response.status, text: await response.text() }
  })

layer(api, { excludeTestServices: true, timeout: 120_000 })("an agent", (it) => {
  it.effect("may paste every call of /llms.txt and /llms-full.txt into a shell, and it works", () =>
    Effect.gen(function* () {
      const plenty = { creditsMonthly: 100_000, requestsPerSecond: 10_000, burst: 10_000, connections: 100 }
      const scopes = ["read", "stream", "download", "admin"] as const
      const { key } = yield* Customer.customer({ tier: "project", terms: plenty, key: { scopes } })
      const variables: Record<string, string> = {
        KALSHIBOOK_URL: `http://127.0.0.1:${yield* port}`,
        KALSHIBOOK_KEY: key
      }
      const texts = yield* Effect.forEach(["/llms.txt", "/llms-full.txt"], (path) =>
        Effect.promise(() => fetch(`${variables["KALSHIBOOK_URL"]}${path}`).then((response) => response.text()))
      )
      const asked = new Set(texts.flatMap(callsIn))
      assert.isAbove(asked.size, 30)
      // What is ended last may be used before.
      const inOrder = [...asked].sort((one, other) => Number(one.includes("DELETE")) - Number(other.includes("DELETE")))
      for (const text of inOrder) {
        const { status, text: answer } = yield* made(readWords(text, variables))
        assert.strictEqual(status, 200, `${text}\n${answer}`)
        assert.isAbove(answer.length, 2, text)
        const [, download] = /"id":"(dl_\w+)"/.exec(answer) ?? []
        if (download !== undefined) variables["DOWNLOAD_ID"] = download
        if (/-d .*\/v1\/keys"$/.test(text)) variables["KEY_ID"] = JSON.parse(answer).key.id
      }
    })
  )

  for (const revision of AgentClient.revisions) {
    it.effect(
      `walks from a question to files by MCP ${revision}, in short answers, and is charged for what it was told`,
      () =>
        Effect.gen(function* () {
          const { key } = yield* Customer.customer({ key: { scopes: ["read", "download"] } })
          const agent = yield* AgentClient.connect(revision, key)
          const bytes: Record<string, number> = { "tools/list": Buffer.byteLength(JSON.stringify(yield* agent.tools)) }
          const call = (name: string, args: Readonly<Record<string, unknown>>) =>
            Effect.map(agent.call(name, args), (answer) => {
              assert.isFalse(answer.isError, answer.text)
              bytes[`${name} text`] = Buffer.byteLength(answer.text)
              bytes[`${name} whole`] = answer.bytes
              return answer.structured
            })
          const { markets } = yield* call("search_markets", { series_ticker: "KXBTC15M", status: "active" })
          const { ticker } = markets[0]
          assert.strictEqual(ticker, Seed.recorded)
          const book = yield* call("get_orderbook", { ticker, at: "2026-11-21T14:00:01Z" })
          assert.strictEqual(book.trust.state, "trusted")
          const range = { ticker, from: "2026-11-21T14:00:00Z", to: "2026-11-21T14:01:00Z", every: "1s" }
          const cost = yield* call("estimate_cost", { tool: "get_orderbook_samples", arguments: range })
          const samples = yield* call("get_orderbook_samples", range)
          assert.isAtMost(samples.usage.credits, cost.credits_max)
          assert.lengthOf(samples.samples, 60)
          const coverage = yield* call("get_coverage", { ticker, from: range.from, to: range.to })
          assert.strictEqual(coverage.totals.lost[0].cause, "silence")
          const wanted = { dates: ["2026-11-21"], tickers: [ticker] }
          const quote = yield* call("estimate_cost", { tool: "create_download", arguments: wanted })
          const first = yield* call("create_download", { ...wanted, max_credits: quote.credits_max })
          assert.strictEqual(first.usage.credits, quote.credits_max)
          yield* (yield* Downloads).work.pipe(Effect.timeoutOption(1))
          const again = yield* call("create_download", wanted)
          assert.deepStrictEqual([again.id, again.usage.credits], [first.id, 0])
          const used = yield* call("get_usage", {})
          assert.strictEqual(used.credits_used, 1 + 1 + samples.usage.credits + first.usage.credits)
          assert.strictEqual(used.credits_remaining, 1_000 - used.credits_used)
          yield* Effect.logInfo(`bytes of MCP ${revision}: ${JSON.stringify(bytes)}`)
        })
    )
  }
})
