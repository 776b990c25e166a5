import { constants, generateKeyPairSync, sign, verify } from "node:crypto"
import * as ErrorCode from "@kalshibook/core/kalshi/ErrorCode"
import * as Signing from "@kalshibook/core/kalshi/Signing"
import * as YesPrice from "@kalshibook/core/kalshi/YesPrice"
import { assert, describe, it } from "vitest"

describe("Signing", () => {
  it("signs time, method and path without a query", () => {
    assert.strictEqual(
      Signing.textToSign(1_703_123_456_789, "get", "/trade-api/v2/portfolio/orders?limit=5"),
      "1703123456789GET/trade-api/v2/portfolio/orders"
    )
    assert.strictEqual(
      Signing.textToSign("1791380000000", "GET", Signing.websocketPath),
      "1791380000000GET/trade-api/ws/v2"
    )
  })

  it("names schemes that RSA and Ed25519 keys can sign and verify by", () => {
    const text = Buffer.from(Signing.textToSign(1, "GET", Signing.websocketPath))
    const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 })
    const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: Signing.rsaScheme.saltBytes }
    const signature = sign(Signing.rsaScheme.hash, text, { key: rsa.privateKey, ...pss })
    assert.isTrue(verify(Signing.rsaScheme.hash, text, { key: rsa.publicKey, ...pss }, signature))
    const ed25519 = generateKeyPairSync("ed25519")
    const short = sign(null, text, ed25519.privateKey)
    assert.lengthOf(short, Signing.ed25519Scheme.signatureBytes)
    assert.isTrue(verify(null, text, ed25519.publicKey, short))
  })
})

describe("ErrorCode", () => {
  it("knows which errors end a subscription", () => {
    const terminal = Object.keys(ErrorCode.errorText).map(Number).filter(ErrorCode.isTerminal)
    assert.deepStrictEqual(terminal, [10, 17, 25])
    assert.isFalse(ErrorCode.isTerminal(999))
  })
})

describe("YesPrice", () => {
  it("turns the no side to the yes scale and back, and leaves the yes side", () => {
    const levels = {
      yes: [{ priceE4: 6000, sizeE2: 100 }],
      no: [
        { priceE4: 1000, sizeE2: 200 },
        { priceE4: 3500, sizeE2: 300 }
      ]
    }
    const swapped = YesPrice.swapLevels(levels)
    assert.deepStrictEqual(swapped.no, [
      { priceE4: 6500, sizeE2: 300 },
      { priceE4: 9000, sizeE2: 200 }
    ])
    assert.deepStrictEqual(swapped.yes, levels.yes)
    assert.deepStrictEqual(YesPrice.swapLevels(swapped), levels)
    assert.strictEqual(YesPrice.swapScale("no", 3500), 6500)
  })
})
