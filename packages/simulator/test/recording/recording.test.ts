/** Recorded frames of production served again. They are not part of the project: without them the tests are skipped. */
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { Effect, Result } from "effect"
import { assert, describe, it } from "vitest"
import * as Recording from "../../src/recording/Recording.ts"
import { startSimulatedExchange } from "../../src/SimulatedExchange.ts"
import { connect, foldBooks, levelTexts } from "../TestClient.ts"
import { withExchange } from "../WithExchange.ts"

const folder = process.env.KALSHI_RECORDED_DIR ?? "../shared/kalshi/recorded"
const files = existsSync(folder)
  ? readdirSync(folder)
      .filter((name) => name.endsWith(".jsonl"))
      .map((name) => join(folder, name))
  : []

/** The recorded lines that are about books, and their markets. */
const linesOf = (path: string): ReadonlyArray<string> =>
  readFileSync(path, "utf8")
    .split("\n")
    .filter((line) => line.startsWith('{"type":"orderbook_'))

// biome-ignore lint/suspicious/noExplicitAny: answers are looked into as a foreign client would
const answerOf = async (url: string): Promise<any> => (await fetch(url)).json()

const tickersOf = (lines: ReadonlyArray<string>): ReadonlyArray<string> => [
  ...new Set(lines.map((line) => JSON.parse(line).msg.market_ticker as string))
]

describe.skipIf(files.length === 0)("a recording", () => {
  for (const path of files) {
    const lines = linesOf(path)
    const tickers = tickersOf(lines)
    const subscribe = { id: 1, cmd: "subscribe", params: { channels: ["orderbook_delta"], market_tickers: tickers } }

    for (const pace of ["recorded", "as_read"] as const) {
      it(
        `is sent to the byte, paced ${pace}: ${path.split("/").at(-1)}`,
        withExchange({ drive: "real_time", recording: { path, pace } }, async (running) => {
          const client = await connect(running)
          client.send({ id: 9, cmd: "subscribe", params: { channels: ["trade", "market_lifecycle_v2"] } })
          client.send(subscribe)
          await client.until(() => client.of(1).length === lines.length)
          assert.deepStrictEqual(
            client.texts.filter((text) => text.startsWith('{"type":"orderbook_')),
            lines.map((line) => `${line}\n`)
          )
          assert.strictEqual(client.frames.find((frame) => frame.id === 1)?.msg.sid, 1)
        })
      )
    }

    it(
      `shows its markets by REST and its books as the truth: ${path.split("/").at(-1)}`,
      withExchange({ recording: { path, pace: "recorded" } }, async (running) => {
        const client = await connect(running)
        client.send(subscribe)
        await client.until(() => client.of(1).length === tickers.length)
        running.step(20)
        client.send({
          id: 2,
          cmd: "update_subscription",
          params: { sid: 1, action: "get_snapshot", market_tickers: tickers }
        })
        await client.frame((frame) => frame.id === 2)
        running.step(1_000_000)
        await client.until(() => client.of(1).length === lines.length + tickers.length)
        assert.isTrue(client.of(1).every((frame, index) => frame.seq === index + 1))
        const books = foldBooks(client.frames)
        for (const ticker of tickers) {
          const { orderbook_fp } = await answerOf(`${running.restUrl}/markets/${ticker}/orderbook`)
          const expected = orderbook_fp.yes_dollars.map(
            ([price, size]: [string, string]) => `${price}:${BigInt(size.replace(".", ""))}`
          )
          assert.deepStrictEqual(levelTexts(books.get(ticker)?.yes ?? new Map()), expected.sort())
          const { market } = await answerOf(`${running.restUrl}/markets/${ticker}`)
          assert.strictEqual(market.status, "active")
          assert.isAbove(Date.parse(market.close_time), Date.now())
        }
      })
    )
  }
})

describe("a recording that cannot be served", () => {
  it("is refused with the line and the reason", () => {
    const problem = (text: string) => {
      const parsed = Recording.parse(text)
      return Result.isFailure(parsed) ? parsed.failure : "accepted"
    }
    const delta = (price: string, change: string) =>
      `{"type":"orderbook_delta","sid":1,"seq":2,"msg":{"market_ticker":"A","market_id":"m","price_dollars":"${price}","delta_fp":"${change}","side":"no","ts":"2026-05-14T22:08:33.694567Z","ts_ms":1778796513694}}`
    const snapshot = `{"type":"orderbook_snapshot","sid":1,"seq":1,"msg":{"market_ticker":"A","market_id":"m"}}`
    assert.strictEqual(problem("{"), "line 1: not JSON")
    assert.strictEqual(problem(delta("0.3400", "1.00")), "line 1: A has no snapshot yet")
    assert.strictEqual(problem(`${snapshot}\n${delta("0.3400", "-1.00")}`), "line 2: A: negative_level")
    assert.strictEqual(problem(""), "there is no snapshot in it")
    assert.strictEqual(problem(`${snapshot}\n${delta("0.3400", "1.00")}\n`), "accepted")
  })

  it("does not start the exchange", async () => {
    const started = Effect.scoped(
      startSimulatedExchange({ recording: { path: "no/such/file.jsonl", pace: "as_read" } })
    )
    const error = await Effect.runPromise(Effect.flip(started))
    assert.deepStrictEqual([error.reason, error.problem], ["recording", "no/such/file.jsonl cannot be read"])
  })
})
