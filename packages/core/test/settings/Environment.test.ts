/** What a program is told about its environment before it begins. */
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect, Option, Redacted, Result } from "effect"
import * as Environment from "../../src/settings/Environment.ts"
import type { Program } from "../../src/settings/Setting.ts"

const problems = (program: Program, variables: Environment.Variables) => Environment.check(program, variables).problems
const warnings = (variables: Environment.Variables) => Environment.check("api", variables).warnings

describe("an environment", () => {
  it("is checked as a whole: one sentence for each problem, that names the variable and what would be right", () => {
    const wrong = {
      KALSHIBOOK_API_PORT: "99999",
      KALSHIBOOK_S3_ENDPOINT: "bucket.example",
      KALSHIBOOK_S3_FORCE_PATH_STYLE: "perhaps",
      KALSHIBOOK_LOG_FORMAT: "xml",
      KALSHIBOOK_FEED_URL: "http://recorder:4710",
      KALSHIBOOK_DOWNLOAD_WORKERS: "0"
    }
    assert.deepStrictEqual([...problems("api", wrong)].sort(), [
      'KALSHIBOOK_API_PORT must be a whole number from 0 to 65535, not "99999".',
      'KALSHIBOOK_DOWNLOAD_WORKERS must be a whole number from 1 to 1000, not "0".',
      'KALSHIBOOK_FEED_URL must be tcp://host:port, not "http://recorder:4710".',
      'KALSHIBOOK_LOG_FORMAT must be json, logfmt or pretty, not "xml".',
      'KALSHIBOOK_S3_ENDPOINT must be an address that begins with http:// or https://, not "bucket.example".',
      'KALSHIBOOK_S3_FORCE_PATH_STYLE must be true or false, not "perhaps".'
    ])
  })

  it("concerns a program only with what it reads", () => {
    const wrong = { KALSHIBOOK_API_PORT: "99999", KALSHIBOOK_HOT_HOURS: "1" }
    assert.lengthOf(problems("api", wrong), 1)
    assert.lengthOf(problems("archiver", wrong), 1)
    assert.lengthOf(problems("start", wrong), 2)
    assert.deepStrictEqual(problems("simulator", wrong), [])
  })

  it("may hold empty variables: they count as absent", () => {
    const empty = Object.fromEntries(Object.keys(Environment.settings).map((name) => [name, " "]))
    for (const program of ["archiver", "api", "simulator", "start"] as const) {
      assert.deepStrictEqual(Environment.check(program, empty), { problems: [], warnings: [] })
    }
  })

  it("never has a secret repeated, however wrong it is", () => {
    const secret = "hunter2"
    const secrets = Object.entries(Environment.settings).filter(([, setting]) => setting.isSecret)
    const variables = {
      ...Object.fromEntries(secrets.map(([name]) => [name, secret])),
      DATABASE_URL: `mysql://me:${secret}@host/name`
    }
    const told = problems("start", variables)
    assert.isAbove(told.length, 2)
    assert.notInclude(told.join("\n"), secret)
    assert.include(told.join("\n"), "KALSHIBOOK_KEY_PEPPER must be a secret of 32 characters or more.")
  })

  it("is told of names that look like ours and are not, with the one that is meant", () => {
    assert.deepStrictEqual(warnings({ KALSHIBOOK_API_PROT: "4000" }), [
      "KALSHIBOOK_API_PROT is not known, and is ignored. Is KALSHIBOOK_API_PORT meant?"
    ])
    assert.deepStrictEqual(warnings({ KALSHIBOOK_COLOUR_OF_THE_BIKESHED: "red" }), [
      "KALSHIBOOK_COLOUR_OF_THE_BIKESHED is not known, and is ignored."
    ])
    assert.deepStrictEqual(warnings({ KALSHIBOOK_SERIES: "X", KALSHIBOOK_KEY: "kb", HOME: "/", LANG: "C" }), [])
  })

  it("has what belongs together, or is told what is missing", () => {
    const told = (program: Program, variables: Environment.Variables) => problems(program, variables).join(" ")
    assert.match(told("collector", {}), /^KALSHI_API_KEY_ID is not set\.$/)
    assert.match(
      told("collector", { KALSHI_API_KEY_ID: "id" }),
      /neither KALSHI_PRIVATE_KEY nor KALSHI_PRIVATE_KEY_PATH/
    )
    assert.match(told("start", { KALSHI_PRIVATE_KEY: "pem" }), /KALSHI_API_KEY_ID is not/)
    assert.strictEqual(told("start", {}), "")
    assert.match(told("api", { KALSHIBOOK_S3_ACCESS_KEY_ID: "id" }), /belong together/)
    const feed = { KALSHIBOOK_FEED_LISTEN: "[::]:4710" }
    assert.match(
      told("start", feed),
      /^KALSHIBOOK_FEED_LISTEN is \[::\]:4710, .* KALSHIBOOK_FEED_SECRET must be set\.$/
    )
    assert.strictEqual(told("start", { ...feed, KALSHIBOOK_FEED_SECRET: "not a word that is guessed" }), "")
  })

  it("that names no market rightly is refused: combos beside all of them, priorities that cannot be", () => {
    for (const [name, text] of [
      ["KALSHIBOOK_COMBOS", "all,KXMVENFL"],
      ["KALSHIBOOK_PRIORITY", "series:KXBTC15M,colour:red"],
      ["KALSHIBOOK_PRIORITY", "volume,series:KXBTC15M"]
    ] as const) {
      assert.match(problems("start", { [name]: text }).join(), new RegExp(`^${name} must be .*\\.$`))
    }
  })
})

describe("a setting", () => {
  const read = <Name extends Environment.SettingName>(name: Name, env: Record<string, string>) =>
    Effect.provide(Environment.config(name), ConfigProvider.layer(ConfigProvider.fromEnv({ env })))

  it.effect("is read by the rules by which it is checked, or is what counts without it", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* read("KALSHIBOOK_API_PORT", {}), 4_000)
      assert.strictEqual(yield* read("KALSHIBOOK_API_PORT", { KALSHIBOOK_API_PORT: " 80 " }), 80)
      assert.deepStrictEqual(yield* read("KALSHIBOOK_SERIES", { KALSHIBOOK_SERIES: "A, B,,C " }), ["A", "B", "C"])
      assert.isTrue(Option.isNone(yield* read("DATABASE_URL", { DATABASE_URL: "" })))
      const wrong = { KALSHIBOOK_API_PORT: "http" }
      const error = yield* Effect.flip(read("KALSHIBOOK_API_PORT", wrong))
      assert.include(error.message, problems("api", wrong).join())
    })
  )

  it.effect("that is a secret reaches its reader, and nobody who prints it", () =>
    Effect.gen(function* () {
      const pepper = "p".repeat(32)
      const got = Option.getOrThrow(yield* read("KALSHIBOOK_KEY_PEPPER", { KALSHIBOOK_KEY_PEPPER: pepper }))
      assert.strictEqual(Redacted.value(got), pepper)
      assert.notInclude(String(got), pepper)
      assert.notInclude(JSON.stringify(Environment.parse("KALSHIBOOK_KEY_PEPPER", pepper)), pepper)
      assert.isTrue(Result.isFailure(Environment.parse("KALSHIBOOK_KEY_PEPPER", pepper.slice(1))))
    })
  )
})
