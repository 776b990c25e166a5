import fs from "node:fs"
import os from "node:os"
import path from "node:path"
import type { Variables } from "@kalshibook/core/settings/Environment"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import { assert, it } from "vitest"
import * as StartSettings from "../../scripts/start/StartSettings.ts"

const read = (environment: Variables) => StartSettings.read(environment, "/project")

const problemsOf = (environment: Variables) => Result.getOrElse(Result.flip(read(environment)), () => [])

it("without any variable the simulated exchange is recorded into a folder of the project", () => {
  assert.deepStrictEqual(
    read({}),
    Result.succeed({
      dataFolder: "/project/.kalshibook",
      apiHost: "127.0.0.1",
      apiPort: 4000,
      simulatorPort: 4010,
      exchange: "simulator",
      siteFolder: undefined,
      logFormat: "logfmt",
      signIn: { _tag: "embedded", folder: "/project/.kalshibook", siteUrl: Option.none() },
      warnings: []
    })
  )
})

it("an empty variable counts as absent", () => {
  const empty = { KALSHIBOOK_API_PORT: "", KALSHIBOOK_DATA_DIR: " ", KALSHI_API_KEY_ID: "", DATABASE_URL: "" }
  assert.deepStrictEqual(read(empty), read({}))
})

it("a site that is built elsewhere is served, and one that is not there is a problem", () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "kalshibook-site-"))
  fs.writeFileSync(path.join(folder, "pages.json"), "[]")
  assert.strictEqual(Result.getOrThrow(read({ KALSHIBOOK_SITE_DIR: folder })).siteFolder, folder)
  fs.rmSync(folder, { recursive: true })
  assert.match(
    problemsOf({ KALSHIBOOK_SITE_DIR: folder }).join(),
    /KALSHIBOOK_SITE_DIR must be the folder of a built site/
  )
})

it("credentials choose the real exchange", () => {
  const settings = read({ KALSHI_API_KEY_ID: "id", KALSHI_PRIVATE_KEY_PATH: "key.pem" })
  assert.strictEqual(Result.getOrThrow(settings).exchange, "kalshi")
})

it("half of the credentials is a problem, not a reason to simulate", () => {
  assert.match(problemsOf({ KALSHI_API_KEY_ID: "id" }).join(), /neither KALSHI_PRIVATE_KEY nor KALSHI_PRIVATE_KEY_PATH/)
  assert.match(problemsOf({ KALSHI_PRIVATE_KEY: "pem" }).join(), /KALSHI_API_KEY_ID is not/)
})

it("every problem is told, each by the name of its variable", () => {
  const problems = problemsOf({
    KALSHIBOOK_API_PORT: "99999",
    KALSHIBOOK_SIMULATOR_PORT: "4010x",
    KALSHIBOOK_SIMULATOR_MARKETS: "3",
    KALSHIBOOK_CONNECTIONS: "many",
    KALSHIBOOK_PRIORITY: "KXBTC15M",
    DATABASE_URL: "mysql://localhost/x",
    KALSHIBOOK_LOG_FORMAT: "xml",
    OTEL_EXPORTER_OTLP_ENDPOINT: "localhost:4318"
  })
  const named = ["API_PORT", "SIMULATOR_PORT", "SIMULATOR_MARKETS", "CONNECTIONS", "PRIORITY", "DATABASE_URL"]
  assert.strictEqual(problems.length, 8)
  for (const name of [...named, "LOG_FORMAT", "OTLP"]) {
    assert.strictEqual(problems.filter((problem) => problem.includes(name)).length, 1, name)
  }
})

it("people sign in where that is said, and in the program itself only where nobody else reaches it, unless told so", () => {
  const signIn = (environment: Variables) => Result.getOrThrow(read(environment)).signIn
  const project = { SUPABASE_URL: "https://xyz.supabase.co/", SUPABASE_ANON_KEY: "sb_publishable_x" }
  assert.deepStrictEqual(signIn(project), {
    _tag: "supabase",
    url: "https://xyz.supabase.co",
    publishableKey: "sb_publishable_x"
  })
  assert.match(problemsOf({ SUPABASE_URL: "https://xyz.supabase.co" }).join(), /SUPABASE_ANON_KEY is not/)
  assert.match(problemsOf({ ...project, SUPABASE_URL: "xyz.supabase.co" }).join(), /must be an address/)
  const open = { KALSHIBOOK_API_HOST: "0.0.0.0" }
  assert.include(signIn(open), { _tag: "nowhere" })
  assert.include(signIn({ ...open, KALSHIBOOK_AUTH_PUBLIC: "yes" }), { _tag: "embedded" })
  assert.include(signIn({ KALSHIBOOK_SITE_URL: "http://localhost:5173" }), { _tag: "embedded" })
  // A proxy of this machine that hands on what comes from others.
  for (const proxied of [
    { KALSHIBOOK_SITE_URL: "https://book.example.com" },
    { KALSHIBOOK_CLIENT_ADDRESS_HEADER: "x-real-ip" }
  ]) {
    assert.include(signIn(proxied), { _tag: "nowhere" })
    assert.include(signIn({ ...proxied, KALSHIBOOK_AUTH_PUBLIC: "yes" }), { _tag: "embedded" })
  }
  assert.match(problemsOf({ ...open, KALSHIBOOK_AUTH_PUBLIC: "maybe" }).join(), /must be yes or no/)
})

it("the API and the simulator cannot have the same port", () => {
  assert.match(problemsOf({ KALSHIBOOK_API_PORT: "4010" }).join(), /both 4010/)
  assert.deepStrictEqual(problemsOf({ KALSHIBOOK_API_PORT: "0", KALSHIBOOK_SIMULATOR_PORT: "0" }), [])
})

it("a password in a wrong DATABASE_URL is not repeated", () => {
  assert.notInclude(problemsOf({ DATABASE_URL: "https://me:secret@host/name" }).join(), "secret")
})

it("the exchange's addresses are checked for what they are used for", () => {
  const both = {
    KALSHI_REST_URL: "https://demo.example/trade-api/v2",
    KALSHI_WS_URL: "wss://demo.example/trade-api/ws/v2"
  }
  assert.deepStrictEqual(problemsOf(both), [])
  const swapped = problemsOf({ KALSHI_REST_URL: both.KALSHI_WS_URL, KALSHI_WS_URL: "demo.example" })
  assert.match(
    swapped.join("\n"),
    /^KALSHI_REST_URL must .*https:\/\/.*\nKALSHI_WS_URL must .*wss:\/\/.*"demo.example"\.$/
  )
})
