import { execFile } from "node:child_process"
import { writeFileSync } from "node:fs"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import * as AccessKeys from "@kalshibook/simulator/server/AccessKeys"
import { ConfigProvider, Context, Effect, Layer } from "effect"
import { defaults, Settings } from "../src/CollectorSettings.ts"
import { ExchangeAccess } from "../src/ExchangeAccess.ts"

const from = (env: Record<string, string>) => ConfigProvider.layer(ConfigProvider.fromEnv({ env }))

const settings = (env: Record<string, string>) =>
  Effect.map(Layer.build(Settings.layer.pipe(Layer.provide(from(env)))), (built) => Context.get(built, Settings))

const access = (env: Record<string, string>) =>
  Effect.map(Layer.build(ExchangeAccess.layer.pipe(Layer.provide(from(env)))), (built) =>
    Context.get(built, ExchangeAccess)
  )

const problemOf = (env: Record<string, string>) => Effect.map(Effect.flip(access(env)), ({ message }) => message)

const { keyId, privateKeyPem } = AccessKeys.generate()

const folder = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "kalshibook-"))),
  (path) => Effect.promise(() => rm(path, { recursive: true }))
)

const misspelt = "KALSHIBOOK_CONNECTIONS".slice(0, -1)

/** What the program says, and how it ends. */
const runMain = (env: Record<string, string>): Effect.Effect<{ readonly said: string; readonly code: number | null }> =>
  Effect.callback((resume) => {
    const main = fileURLToPath(new URL("../src/main.ts", import.meta.url))
    const child = execFile(process.execPath, [main], { env }, (_error, stdout, stderr) => {
      resume(Effect.succeed({ said: `${stdout}${stderr}`.trim(), code: child.exitCode }))
    })
    // A child that did not start has no pid, and killing it would hit the whole group.
    return Effect.sync(() => child.pid !== undefined && child.kill())
  })

describe("the collector as a program", () => {
  it.live("that cannot start says why before it starts a database, in one line for each reason", () =>
    Effect.gen(function* () {
      const wrong = { KALSHIBOOK_CONNECTIONS: "0", KALSHIBOOK_TAPE_SYNC_MILLIS: "soon", [misspelt]: "1" }
      const { code, said } = yield* runMain(wrong)
      assert.strictEqual(code, 1)
      assert.deepStrictEqual(said.split("\n").sort(), [
        '  KALSHIBOOK_CONNECTIONS must be a whole number from 1 to 1000, not "0".',
        '  KALSHIBOOK_TAPE_SYNC_MILLIS must be a whole number from 1 to 60000, not "soon".',
        "  KALSHI_API_KEY_ID is not set.",
        `${misspelt} is not known, and is ignored. Is KALSHIBOOK_CONNECTIONS meant?`,
        "KalshiBook collector cannot start: "
      ])
    })
  )
})

describe("the collector's environment", () => {
  it.effect("without choices records everything, with the stated limits", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* settings({}), defaults)
    }).pipe(Effect.scoped)
  )

  it.effect("names series, categories and markets, separated by commas", () =>
    Effect.gen(function* () {
      const { categories, marketTickers, seriesTickers } = yield* settings({
        KALSHIBOOK_SERIES: " KXBTC15M, KXHIGHNY,",
        KALSHIBOOK_CATEGORIES: "Climate and Weather",
        KALSHIBOOK_MARKETS: "KXBTCD-26JUL0609-T62399.99"
      })
      assert.deepStrictEqual(seriesTickers, ["KXBTC15M", "KXHIGHNY"])
      assert.deepStrictEqual(categories, ["Climate and Weather"])
      assert.deepStrictEqual(marketTickers, ["KXBTCD-26JUL0609-T62399.99"])
    }).pipe(Effect.scoped)
  )

  it.effect("says how much of the exchange one connection carries, how fast it is asked, and what goes first", () =>
    Effect.gen(function* () {
      const set = yield* settings({
        KALSHIBOOK_MARKETS_PER_CONNECTION: "500",
        KALSHIBOOK_CONNECTIONS: "20",
        KALSHIBOOK_SUBSCRIBE_CHUNK: "5",
        KALSHIBOOK_COMMANDS_PER_SECOND: "10",
        KALSHIBOOK_COMBOS: "KXMVENFL, KXMVENBA-1",
        KALSHIBOOK_PRIORITY: "series:KXBTC15M, category:Crypto ,volume"
      })
      assert.deepStrictEqual(set, {
        ...defaults,
        marketsPerConnectionMax: 500,
        connectionsMax: 20,
        chunkMarketsMax: 5,
        chunkMarketsMin: 5,
        commandsPerSecondMax: 10,
        combos: ["KXMVENFL", "KXMVENBA-1"],
        priority: [{ by: "series", name: "KXBTC15M" }, { by: "category", name: "Crypto" }, { by: "volume" }]
      })
    }).pipe(Effect.scoped)
  )

  it.effect("records the production exchange with a key given as text or as a file", () =>
    Effect.gen(function* () {
      const path = join(yield* folder, "key.pem")
      writeFileSync(path, privateKeyPem)
      for (const key of [{ KALSHI_PRIVATE_KEY: privateKeyPem }, { KALSHI_PRIVATE_KEY_PATH: path }]) {
        const made = yield* access({ KALSHI_API_KEY_ID: keyId, ...key })
        assert.strictEqual(made.source, "kalshi")
        assert.strictEqual(made.wsUrl, "wss://external-api-ws.kalshi.com/trade-api/ws/v2")
        assert.strictEqual(made.restUrl, "https://external-api.kalshi.com/trade-api/v2")
        const headers = yield* made.headers("GET", "/trade-api/ws/v2")
        assert.strictEqual(headers["KALSHI-ACCESS-KEY"], keyId)
      }
    }).pipe(Effect.scoped)
  )

  it.effect("says in one sentence what is missing or wrong with the key, and never shows it", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* problemOf({}), "KALSHI_API_KEY_ID is not set")
      assert.strictEqual(
        yield* problemOf({ KALSHI_API_KEY_ID: keyId }),
        "KALSHI_API_KEY_ID is set, but neither KALSHI_PRIVATE_KEY nor KALSHI_PRIVATE_KEY_PATH is"
      )
      const path = join(yield* folder, "nowhere.pem")
      assert.strictEqual(
        yield* problemOf({ KALSHI_API_KEY_ID: keyId, KALSHI_PRIVATE_KEY_PATH: path }),
        `KALSHI_PRIVATE_KEY_PATH: cannot read ${path}`
      )
      const garbled = yield* problemOf({ KALSHI_API_KEY_ID: keyId, KALSHI_PRIVATE_KEY: "-----BEGIN secret" })
      assert.match(garbled, /^[^\n]*must be[^\n]*PEM form[^\n]*$/)
      assert.notInclude(garbled, "secret")
    }).pipe(Effect.scoped)
  )
})
