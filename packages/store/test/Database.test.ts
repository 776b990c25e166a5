import { assert, describe, it } from "@effect/vitest"
import * as Database from "@kalshibook/store/Database"
import { Effect, Layer, Redacted } from "effect"

const errorOf = (url: string) => Effect.flip(Layer.build(Database.layerUrl(Redacted.make(url)))).pipe(Effect.scoped)

describe("Database", () => {
  it.live("says in one line which database cannot be reached, without the password", () =>
    Effect.gen(function* () {
      // Port 1 of this machine: nothing listens there.
      const { message } = yield* errorOf("postgres://someone:secret@127.0.0.1:1/kalshi")
      assert.match(
        message,
        /^The database at 127\.0\.0\.1:1\/kalshi \(DATABASE_URL\) cannot be used: connect ECONNREFUSED/
      )
      assert.notInclude(message, "secret")
      assert.notInclude(message, "\n")
    })
  )

  it.live("says what a URL looks like when it is given something else", () =>
    Effect.gen(function* () {
      const { message } = yield* errorOf("localhost")
      assert.include(message, "postgres://user:password@host:port/name")
    })
  )
})
