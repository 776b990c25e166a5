/** What holds for all frames together: they can be read, and they add up to the truth. */
import * as Wire from "@kalshibook/core/kalshi/Wire"
import { assert, describe } from "vitest"
import { assertTruth, following, stepUntil } from "../Following.ts"
import { foldBooks, levelTexts } from "../TestClient.ts"
import { activeTickers, both } from "../WithExchange.ts"

describe("every frame", () => {
  both(
    "of every channel is read by the project's own decoder without a field that it does not know",
    { marketsOpen: 20, quickLifeSeconds: 3, lifecycleSpeed: 500 },
    async (running) => {
      const client = await running.connect()
      const channels = ["orderbook_delta", "trade", "ticker", "market_lifecycle_v2"]
      client.send({ id: 1, cmd: "subscribe", params: { channels, market_tickers: activeTickers(running) } })
      await client.until(() => client.frames.filter((frame) => frame.type === "subscribed").length === 4)
      running.advance(10_000)
      client.send({ id: 2, cmd: "unsubscribe", params: { sids: [1, 99] } })
      await client.frame((frame) => frame.type === "unsubscribed")
      const messages = client.texts.map((text) => Wire.decode(Buffer.from(text)))
      const kinds = new Set(messages.map((message) => message._tag))
      assert.includeMembers(
        [...kinds],
        ["orderbook_snapshot", "orderbook_delta", "trade", "ticker", "market_lifecycle_v2", "event_lifecycle", "error"]
      )
      assert.isFalse(kinds.has("undecodable") || kinds.has("unknown"))
      assert.deepStrictEqual(
        messages.filter((message) => message.unknownFields.length > 0),
        []
      )
      assert.deepStrictEqual(messages.map(Wire.encode), client.texts)
    }
  )
})

describe("the truth", () => {
  both(
    "is what a client gets by folding the frames, at every seq",
    { marketsOpen: 12, quickLifeSeconds: 3, lifecycleSpeed: 500 },
    async (running) => {
      const tickers = activeTickers(running)
      const client = await following(running, tickers)
      await stepUntil(running, client, 1, 1_500)
      const frames = client.of(1)
      for (let count = tickers.length; count <= frames.length; count += 97) {
        const books = foldBooks(frames.slice(0, count))
        for (const ticker of tickers) {
          const truth = running.truth.bookAt(ticker, { connection: 1, sid: 1, seq: count })
          if (truth._tag !== "book") throw new Error(truth._tag)
          const expected = truth.levels.yes.map(
            ({ priceE4, sizeE2 }) => `0.${String(priceE4).padStart(4, "0")}:${sizeE2}`
          )
          assert.deepStrictEqual(levelTexts(books.get(ticker)?.yes ?? new Map()), expected.sort())
        }
      }
      assertTruth(running, client, tickers)
    }
  )
})
