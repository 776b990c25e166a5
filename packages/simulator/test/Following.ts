/** Tests against one subscription to order books: opening it, filling it with frames, comparing it with the truth. */
import { assert } from "vitest"
import { type Frame, foldBooks, levelTexts, type TestClient } from "./TestClient.ts"
import type { TestExchange } from "./TestExchange.ts"

export const subscribe = (id: number, tickers: ReadonlyArray<string>, more: object = {}) => ({
  id,
  cmd: "subscribe",
  params: { channels: ["orderbook_delta"], market_tickers: tickers, ...more }
})

export const update = (id: number, sid: number, action: string, tickers: ReadonlyArray<string>) => ({
  id,
  cmd: "update_subscription",
  params: { sids: [sid], action, market_tickers: tickers }
})

/** A connection whose order book subscription has sid 1, with the snapshots of these markets. */
export const following = async (
  running: TestExchange,
  tickers: ReadonlyArray<string>,
  more: object = {}
): Promise<TestClient> => {
  const client = await running.connect()
  client.send(subscribe(1, tickers, more))
  await client.until(() => client.of(1).length >= tickers.length)
  return client
}

export const isContiguous = (frames: ReadonlyArray<Frame>): boolean =>
  frames.every((frame, index) => frame.seq === index + 1)

/** Steps the exchange until the sid has this many frames. */
export const stepUntil = async (
  running: TestExchange,
  client: TestClient,
  sid: number,
  frames: number
): Promise<void> => {
  for (let tries = 0; client.of(sid).length < frames && tries < 1_000; tries++) {
    running.step(20)
    const seq = running.feed.sessions.get(1)?.subscriptionsBySid.get(sid)?.seq ?? 0
    await client.until(() => client.of(sid).length >= Math.min(seq, frames))
  }
}

/** Every followed book, folded from the frames alone, is the exchange's at the last seq. */
export const assertTruth = (running: TestExchange, client: TestClient, tickers: ReadonlyArray<string>): void => {
  const books = foldBooks(client.frames)
  const seq = client.of(1).at(-1)?.seq ?? 0
  for (const ticker of tickers) {
    const truth = running.truth.bookAt(ticker, { connection: 1, sid: 1, seq })
    if (truth._tag !== "book") throw new Error(`${ticker}: ${truth._tag}`)
    for (const side of ["yes", "no"] as const) {
      const expected = truth.levels[side]
        .map(({ priceE4, sizeE2 }) => `0.${String(priceE4).padStart(4, "0")}:${sizeE2}`)
        .sort()
      assert.deepStrictEqual(levelTexts(books.get(ticker)?.[side] ?? new Map()), expected, `${ticker} ${side}`)
    }
  }
}
