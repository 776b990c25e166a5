/** The site is served beside the API: pages to browsers under a strict policy, files for ever, and nothing of it where the API answers. */
import fs from "node:fs"
import os from "node:os"
import path from "node:path"
import { assert, it, layer } from "@effect/vitest"
import * as ApiConfig from "@kalshibook/api/ApiConfig"
import type * as ApiServer from "@kalshibook/api/ApiServer"
import { DemoSeries } from "@kalshibook/api/Sample"
import * as SampleMarket from "@kalshibook/api/site/SampleMarket"
import * as Site from "@kalshibook/api/site/Site"
import type { SealedSpan } from "@kalshibook/store/downloads/Datasets"
import { ConfigProvider, Effect, Layer, Option } from "effect"
import * as ApiTest from "./ApiTest.ts"
import { ask } from "./Http.ts"

const script = `console.log("a page")${" ".repeat(50)}`

/** A build as the site's has it. */
const folder = Layer.unwrap(
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => {
        const made = fs.mkdtempSync(path.join(os.tmpdir(), "kalshibook-site-"))
        fs.mkdirSync(path.join(made, "assets"))
        fs.writeFileSync(path.join(made, "index.html"), "<!doctype html><title>a page</title>")
        fs.writeFileSync(path.join(made, "assets", "main-1f2e.js"), script)
        fs.writeFileSync(path.join(made, "assets", "main-1f2e.js.br"), "packed by br")
        fs.writeFileSync(path.join(made, "pages.json"), JSON.stringify(["/", "/explore", "/markets/:ticker"]))
        return made
      }),
      (made) => Effect.sync(() => fs.rmSync(made, { recursive: true, force: true }))
    ),
    Site.layer
  )
)
const auth = Layer.succeed(Site.Auth, Option.some({ url: "https://project.supabase.example/", key: "public" }))
const address: ApiServer.Address = { host: "127.0.0.1", port: 0 }
const served = ApiTest.layerAt(address).pipe(Layer.provide(Layer.merge(folder, auth)))

const browser = { accept: "text/html,application/xhtml+xml,*/*;q=0.8" }

layer(served)("the site", (it) => {
  it.effect("gives a browser a page at /, and everybody else what there is", () =>
    Effect.gen(function* () {
      const page = yield* ask("/", { headers: browser })
      assert.include(page.text, "<title>a page</title>")
      assert.match(String(page.headers["content-type"]), /^text\/html/)
      assert.strictEqual(page.headers["cache-control"], "no-cache")
      assert.strictEqual(JSON.parse((yield* ask("/")).text).name, "KalshiBook")
    })
  )

  it.effect("lets pages run nothing but its own, and talk to itself and to whoever signs people in", () =>
    Effect.gen(function* () {
      const { headers } = yield* ask("/explore", { headers: browser })
      const policy = String(headers["content-security-policy"])
      assert.include(policy, "default-src 'none'; script-src 'self'; style-src 'self';")
      assert.include(policy, "connect-src 'self' https://project.supabase.example;")
      assert.notMatch(policy, /unsafe|\*|http:/)
      assert.strictEqual(headers["x-content-type-options"], "nosniff")
    })
  )

  it.effect("answers each page's path, and 404 with the site for a browser elsewhere, never under /v1", () =>
    Effect.gen(function* () {
      const status = (url: string, headers: Readonly<Record<string, string>> = browser) =>
        Effect.map(ask(url, { headers }), (answer) => [answer.status, answer.headers["content-type"]])
      const html = "text/html; charset=utf-8"
      assert.deepStrictEqual(yield* status("/markets/KX-1.5"), [200, html])
      assert.deepStrictEqual(yield* status("/markets/KX-1.5", {}), [200, html])
      assert.deepStrictEqual(yield* status("/no/such/page"), [404, html])
      for (const url of ["/v1/nothing", "/v1", "/docs/nothing", "/assets/gone.js", "/problems/none"])
        assert.deepStrictEqual(yield* status(url), [404, "application/problem+json"], url)
      assert.deepStrictEqual(yield* status("/no/such/page", {}), [404, "application/problem+json"])
    })
  )

  it.effect("hands out files for ever, packed as the build has packed them, and says when nothing changed", () =>
    Effect.gen(function* () {
      const plain = yield* ask("/assets/main-1f2e.js")
      assert.strictEqual(plain.text, script)
      assert.match(String(plain.headers["cache-control"]), /immutable/)
      const packed = yield* ask("/assets/main-1f2e.js", { headers: { "accept-encoding": "gzip, br" } })
      assert.strictEqual(packed.headers["content-encoding"], "br")
      assert.strictEqual(packed.text, "packed by br")
      const again = yield* ask("/assets/main-1f2e.js", { headers: { "if-none-match": String(plain.headers.etag) } })
      assert.deepStrictEqual([again.status, again.text], [304, ""])
    })
  )

  it.effect("tells the pages who signs people in and what is open to everybody", () =>
    Effect.gen(function* () {
      const { text } = yield* ask("/site.json")
      assert.deepStrictEqual(JSON.parse(text), {
        auth: { url: "https://project.supabase.example/", key: "public" },
        demo_series: [],
        sample: null
      })
    })
  )
})

/** A sealed hour in which markets have so many records, between these moments. */
const sealed = (span: "hour" | "day", markets: ReadonlyArray<readonly [string, number, number, number]>): SealedSpan =>
  ({
    manifest: {
      span,
      markets: markets.map(([market_ticker, records, ts_first_micros, ts_last_micros]) => ({
        market_ticker,
        records,
        ts_first_micros: records === 0 ? null : ts_first_micros,
        ts_last_micros: records === 0 ? null : ts_last_micros
      }))
    }
  }) as unknown as SealedSpan

it("the front page's market of a sample day is the one with the most records, over its hours or in its day's files", () => {
  const hours = [
    sealed("hour", [
      ["A", 5, 10, 20],
      ["B", 4, 11, 21],
      ["C", 0, 0, 0]
    ]),
    sealed("hour", [
      ["A", 1, 30, 40],
      ["B", 9, 31, 41]
    ])
  ]
  const b = { ticker: "B", records: 13, fromMicros: 11, toMicros: 41 }
  assert.deepStrictEqual(SampleMarket.busiest(hours), b)
  const day = sealed("day", [
    ["A", 6, 10, 40],
    ["B", 13, 11, 41]
  ])
  assert.deepStrictEqual(SampleMarket.busiest([...hours, day]), b)
  assert.isUndefined(SampleMarket.busiest([sealed("hour", [["C", 0, 0, 0]])]))
})

it.effect("KALSHIBOOK_DEMO_SERIES names what needs no key, in place of what the program would", () =>
  Effect.gen(function* () {
    const seriesOf = (environment: Readonly<Record<string, string>>) =>
      Effect.map(Effect.service(DemoSeries), (series) => [...series]).pipe(
        Effect.provide(ApiConfig.demoSeries(["KXOURS"])),
        Effect.provide(ConfigProvider.layer(ConfigProvider.fromUnknown(environment)))
      )
    assert.deepStrictEqual(yield* seriesOf({}), ["KXOURS"])
    assert.deepStrictEqual(yield* seriesOf({ KALSHIBOOK_DEMO_SERIES: "KXA, KXB" }), ["KXA", "KXB"])
    assert.deepStrictEqual(yield* seriesOf({ KALSHIBOOK_DEMO_SERIES: "none" }), [])
  })
)

layer(ApiTest.layerAt(address))("without a build", (it) => {
  it.effect("a browser gets the API's own answers", () =>
    Effect.gen(function* () {
      assert.strictEqual(JSON.parse((yield* ask("/", { headers: browser })).text).name, "KalshiBook")
      assert.strictEqual((yield* ask("/explore", { headers: browser })).status, 404)
    })
  )
})
