import * as Book from "@kalshibook/core/Book"
import type { Side } from "@kalshibook/core/BookRecord"
import * as Wire from "@kalshibook/core/kalshi/Wire"
import * as MarketLog from "@kalshibook/core/MarketLog"
import * as Replay from "@kalshibook/core/Replay"
import { microsFromIso } from "@kalshibook/core/Units"
import { Option } from "effect"
import { assert, describe, it } from "vitest"
import * as FrameSamples from "./kalshi/FrameSamples.ts"
import * as Listening from "./Listening.ts"
import * as NaiveBook from "./NaiveBook.ts"

const directory = FrameSamples.recordedDirectory()

/** What the frames look like to somebody who knows nothing of our decoder. */
interface PlainFrame {
  readonly type: string
  readonly msg: {
    readonly market_ticker: string
    readonly yes_dollars_fp?: ReadonlyArray<readonly [string, string]>
    readonly no_dollars_fp?: ReadonlyArray<readonly [string, string]>
    readonly side: Side
    readonly price_dollars: string
    readonly delta_fp: string
    readonly ts: string
  }
}

const times = (text: string, units: number): number => Math.round(Number(text) * units)

describe.skipIf(directory === undefined)("recorded production frames", () => {
  const frames = directory === undefined ? [] : FrameSamples.recordedFrames(directory)

  it("give after every frame, and at every time of the exchange months before, the book of a plain fold", () => {
    const { recorder } = Listening.make()
    Listening.open(recorder, 1)
    const plain: NaiveBook.NaiveBook = new Map()
    const expected: Array<{ readonly exchangeMicros: number; readonly text: string }> = []
    let ticker = ""
    for (const [index, text] of frames.entries()) {
      const { msg, type } = JSON.parse(text) as PlainFrame
      if (type.startsWith("orderbook")) Listening.follow(recorder, msg.market_ticker)
      Listening.receive(recorder, Wire.decode(text), Date.UTC(2026, 10, 22) * 1_000 + index)
      if (type === "orderbook_snapshot") {
        ticker = msg.market_ticker
        for (const [price, size] of msg.yes_dollars_fp ?? []) {
          NaiveBook.add(plain, "yes", times(price, 10_000), times(size, 100))
        }
        for (const [price, size] of msg.no_dollars_fp ?? []) {
          NaiveBook.add(plain, "no", times(price, 10_000), times(size, 100))
        }
      }
      if (type !== "orderbook_delta") continue
      NaiveBook.add(plain, msg.side, times(msg.price_dollars, 10_000), times(msg.delta_fp, 100))
      const log = Listening.logOf(recorder, ticker)
      assert.isTrue(MarketLog.isTrusted(log))
      const bookText = NaiveBook.text(NaiveBook.levels(plain))
      assert.strictEqual(NaiveBook.text(Book.levels(log.replay.book)), bookText)
      const exchangeMicros = Option.getOrThrow(microsFromIso(msg.ts))
      // Several changes may have one time: the book at that time has all of them.
      if (expected.at(-1)?.exchangeMicros === exchangeMicros) expected.pop()
      expected.push({ exchangeMicros, text: bookText })
    }
    assert.isAbove(expected.length, 20)
    for (const { exchangeMicros, text } of expected) {
      const replay = Replay.make()
      Replay.applyUntil(replay, Listening.recordsOf(recorder, ticker), exchangeMicros, "exchange")
      assert.strictEqual(replay.trust._tag, "trusted")
      assert.strictEqual(NaiveBook.text(Book.levels(replay.book)), text)
    }
  })
})
