/** Times and numbers keep every digit that they have, and say no more than they know. */
import { isoFromMicros } from "@kalshibook/core/Units"
import * as Instant from "@kalshibook/web/format/Instant"
import * as Numbers from "@kalshibook/web/format/Numbers"
import { momentOf } from "@kalshibook/web/market/MomentText"
import * as Snippets from "@kalshibook/web/market/Snippets"
import fc from "fast-check"
import { assert, it } from "vitest"

it("reads and writes moments to the microsecond, as the API does", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 8_000_000_000_000_000 }), (micros) => {
      assert.strictEqual(Instant.iso(micros), isoFromMicros(micros))
      assert.strictEqual(Instant.micros(Instant.iso(micros)), micros)
      assert.strictEqual(Instant.micros(Instant.isoShort(micros)), micros)
    })
  )
})

it("never rounds up to all of it", () => {
  assert.strictEqual(Numbers.percent(0.999999, 2), "99.99 %")
  assert.strictEqual(Numbers.percent(1, 2), "100.00 %")
})

it("shows prices in cents and sizes in contracts without losing a digit", () => {
  assert.strictEqual(Numbers.cents(Numbers.e4("0.5550")), "55.5")
  assert.strictEqual(Numbers.contracts(Numbers.e2("-5002.07")), "-5,002.07")
  assert.strictEqual(Numbers.contracts(Numbers.e2("5002.00")), "5,002")
})

it("understands a moment as ISO 8601 or in Unix seconds, and nothing else", () => {
  assert.strictEqual(momentOf("2026-11-21T14:03:00.25Z"), Instant.micros("2026-11-21T14:03:00.250000Z"))
  assert.strictEqual(momentOf("2026-11-21 14:03"), Instant.micros("2026-11-21T14:03:00Z"))
  assert.strictEqual(momentOf("1763733780"), 1_763_733_780_000_000)
  assert.isUndefined(momentOf("yesterday"))
})

it("writes a request in each language with its key in a header, never in the address", () => {
  for (const language of Snippets.languages) {
    const text = Snippets.write(language, {
      url: "https://x.test/v1/markets",
      isKeyed: true,
      method: "POST",
      body: { a: true }
    })
    assert.include(text, "X-API-Key")
    assert.include(text, "KALSHIBOOK_KEY")
    assert.notMatch(text, /\?[^"]*key/i)
  }
  assert.include(Snippets.write("Python", { url: "u", isKeyed: false, method: "POST", body: { a: true } }), "True")
})
