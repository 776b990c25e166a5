import { assert, describe, it } from "@effect/vitest"
import { settingsOf } from "@kalshibook/store/PgSettings"
import { Redacted } from "effect"

const ofUrl = (url: string) => settingsOf({ url: Redacted.make(url) })

describe("the settings of the writing connection", () => {
  it("are those of the URL", () => {
    assert.deepInclude(ofUrl("postgres://me:p%40ss@db.example.org:6543/my%20data?options=-c%20geqo%3Doff"), {
      host: "db.example.org",
      port: 6543,
      user: "me",
      password: "p@ss",
      database: "my data",
      options: "-c geqo=off"
    })
    assert.deepInclude(ofUrl("postgres://me@[::1]"), { host: "::1", port: 5432, database: undefined })
    assert.deepInclude(ofUrl("postgres://ignored/ignored?host=/run/postgres&port=7&user=me&password=x&dbname=data"), {
      host: "/run/postgres",
      port: 7,
      user: "me",
      password: "x",
      database: "data"
    })
  })

  it("use TLS when the URL wants it, and do without only where it may", () => {
    const tlsOf = (query: string) => {
      const { isTlsOptional, ssl } = ofUrl(`postgres://me@db.example.org/data${query}`)
      return [ssl, isTlsOptional]
    }
    assert.deepStrictEqual(tlsOf(""), [false, false])
    assert.deepStrictEqual(tlsOf("?sslmode=disable"), [false, false])
    for (const mode of ["require", "verify-ca", "verify-full"]) {
      assert.deepStrictEqual(tlsOf(`?sslmode=${mode}`), [true, false])
    }
    for (const mode of ["prefer", "allow"]) assert.deepStrictEqual(tlsOf(`?sslmode=${mode}`), [true, true])
  })

  it("are those of the client where it has its own", () => {
    const ssl = { ca: "a certificate" }
    const url = Redacted.make("postgres://me:secret@db.example.org:6543/data?sslmode=prefer")
    const own = { host: "other", port: 1, username: "you", password: Redacted.make("known"), database: "else", ssl }
    assert.deepInclude(settingsOf({ url, ...own, applicationName: "kalshibook" }), {
      host: "other",
      port: 1,
      user: "you",
      password: "known",
      database: "else",
      ssl,
      isTlsOptional: false,
      application_name: "kalshibook"
    })
  })
})
