import { assert, describe, it } from "@effect/vitest"
import * as SignedPath from "@kalshibook/store/objects/SignedPath"
import { Option, Redacted, Result } from "effect"

const secret = Redacted.make("a secret")
const path: SignedPath.SignedPath = {
  key: "day=1/a.parquet",
  expiresAtSeconds: 1_000,
  fileName: Option.some("Märkte & more.parquet")
}

const verify = (signed: string, nowSeconds = 999, by = secret) => {
  const url = new URL(signed, "http://127.0.0.1/")
  return SignedPath.verify(decodeURIComponent(url.pathname.slice(1)), url.searchParams, by, nowSeconds)
}
const causeOf = (found: ReturnType<typeof verify>) => (Result.isFailure(found) ? found.failure.cause : "none")

describe("SignedPath", () => {
  it("allows what was signed, until the second in which it expires", () => {
    for (const each of [path, { ...path, fileName: Option.none() }]) {
      assert.deepStrictEqual(verify(SignedPath.sign(each, secret)), Result.succeed(each))
    }
    assert.strictEqual(causeOf(verify(SignedPath.sign(path, secret), 1_000)), "expired")
  })

  it("allows nothing of which one part is another one", () => {
    const signed = SignedPath.sign(path, secret)
    for (const changed of [
      signed.replace("day=1", "day=2").replace("day%3D1", "day%3D2"),
      signed.replace("expires=1000", "expires=9999"),
      signed.replace("expires=1000", "expires=1e9"),
      signed.replace(/name=[^&]*/, "name=other"),
      signed.replace(/&name=[^&]*/, ""),
      signed.replace(/signature=.*/, "signature="),
      signed.replace(/&signature=.*/, ""),
      signed.slice(0, -1),
      `${signed}0`
    ]) {
      assert.notStrictEqual(changed, signed)
      assert.strictEqual(causeOf(verify(changed)), "forged", changed)
    }
    assert.strictEqual(causeOf(verify(signed, 999, Redacted.make("another secret"))), "forged")
  })
})
