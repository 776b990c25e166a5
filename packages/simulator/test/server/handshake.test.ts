import { constants } from "node:crypto"
import { assert, describe, it } from "vitest"
import WebSocket from "ws"
import { connect, signedHeaders } from "../TestClient.ts"
import { withExchange } from "../WithExchange.ts"

/** Status of a refused upgrade with these headers. */
const statusOf = (url: string, headers: Record<string, string>): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    const socket = new WebSocket(url, { headers })
    socket.once("unexpected-response", (_, response) => {
      response.resume()
      resolve(response.statusCode)
    })
    socket.once("open", () => reject(new Error("accepted")))
    socket.on("error", () => {})
  })

describe("the handshake", () => {
  it(
    "accepts signatures with a salt of the digest's length and of the greatest length",
    withExchange({}, async (running) => {
      await (await connect(running)).close()
      await (await connect(running, { saltLength: constants.RSA_PSS_SALTLEN_MAX_SIGN })).close()
    })
  )

  it(
    "answers 401 to whatever is not signed as it should be",
    withExchange({ timestampToleranceMillis: 30_000 }, async (running) => {
      const good = signedHeaders(running)
      const { wsUrl } = running
      const refused: ReadonlyArray<readonly [string, Record<string, string>]> = [
        ["nothing", {}],
        ["key alone", { "KALSHI-ACCESS-KEY": running.keyId }],
        ["unknown key", { ...good, "KALSHI-ACCESS-KEY": "00000000-0000-0000-0000-000000000000" }],
        ["garbled signature", { ...good, "KALSHI-ACCESS-SIGNATURE": "AAAA" }],
        ["another time than signed", { ...good, "KALSHI-ACCESS-TIMESTAMP": String(Date.now() + 1) }],
        ["seconds", signedHeaders(running, { timestampMillis: Math.floor(Date.now() / 1000) })],
        ["an old time", signedHeaders(running, { timestampMillis: Date.now() - 31_000 })],
        ["a time to come", signedHeaders(running, { timestampMillis: Date.now() + 31_000 })],
        ["the bare path", signedHeaders(running, { path: "/ws/v2" })],
        ["the query", signedHeaders(running, { path: "/trade-api/ws/v2", method: "POST" })]
      ]
      for (const [name, headers] of refused) assert.strictEqual(await statusOf(wsUrl, headers), 401, name)
      assert.strictEqual(running.server.feed.sessionsCount, 0)
    })
  )

  it(
    "goes by the exchange's clock, also when that is off",
    withExchange({}, async (running) => {
      running.faults.inflict({ fault: "clock_offset", millis: 120_000 })
      assert.strictEqual(await statusOf(running.wsUrl, signedHeaders(running)), 401)
      await (await connect(running, { timestampMillis: Date.now() + 120_000 })).close()
      running.faults.inflict({ fault: "clear" })
      await (await connect(running)).close()
    })
  )

  it(
    "is refused for a time on command, and beyond the number of connections",
    withExchange({ connectionsMax: 1 }, async (running) => {
      running.faults.inflict({ fault: "refuse_handshakes", status: 503, millis: 60_000 })
      assert.strictEqual(await statusOf(running.wsUrl, signedHeaders(running)), 503)
      running.faults.inflict({ fault: "clear" })
      const client = await connect(running)
      assert.strictEqual(await statusOf(running.wsUrl, signedHeaders(running)), 429)
      await client.close()
    })
  )
})
