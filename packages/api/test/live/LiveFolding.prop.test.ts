/** What an API node knows of the markets, against a recorder that dies, forgets what it told, and is slow or fast as it likes. */
import { assert, it } from "@effect/vitest"
import type { BookRecord, MarketTicker } from "@kalshibook/core/BookRecord"
import * as LiveFold from "@kalshibook/core/LiveFold"
import * as Replay from "@kalshibook/core/Replay"
import * as FeedHub from "@kalshibook/store/feed/FeedHub"
import { Option } from "effect"
import fc from "fast-check"
import * as LiveFolding from "../../src/live/LiveFolding.ts"
import * as ModelRecorder from "./ModelRecorder.ts"
import * as ModelSubscriber from "./ModelSubscriber.ts"

const tickers = ["KXA-1", "KXB-1", "KXC-1"] as const
const ticker = fc.constantFrom(...tickers)
const priceE4 = fc.integer({ min: 98, max: 102 })

type Step =
  | { readonly step: "snapshot" | "end"; readonly ticker: MarketTicker }
  | { readonly step: "delta"; readonly ticker: MarketTicker; readonly priceE4: number; readonly deltaE2: number }
  | { readonly step: "reconnect" | "publish" | "resume" }
  | { readonly step: "take"; readonly batches: number }
  | { readonly step: "die"; readonly recordsLost: number }

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ step: fc.constant("snapshot" as const), ticker }) },
  {
    weight: 10,
    arbitrary: fc.record({
      step: fc.constant("delta" as const),
      ticker,
      priceE4,
      deltaE2: fc.integer({ min: -50, max: 200 }).filter((each) => each !== 0)
    })
  },
  { weight: 1, arbitrary: fc.record({ step: fc.constant("end" as const), ticker }) },
  { weight: 1, arbitrary: fc.record({ step: fc.constant("reconnect" as const) }) },
  { weight: 6, arbitrary: fc.record({ step: fc.constant("publish" as const) }) },
  { weight: 4, arbitrary: fc.record({ step: fc.constant("take" as const), batches: fc.integer({ min: 1, max: 5 }) }) },
  { weight: 1, arbitrary: fc.record({ step: fc.constant("resume" as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({ step: fc.constant("die" as const), recordsLost: fc.integer({ min: 0, max: 6 }) })
  }
)

const foldOf = (records: ReadonlyArray<BookRecord>): Replay.Replay => {
  const replay = Replay.make()
  for (const record of records) Replay.apply(replay, record)
  return replay
}

it("whatever happens, what is known in the end is the fold of the logs, and every record was told once or said to be untold", () => {
  const seen = { ahead: 0, rewritten: 0, records: 0 }
  fc.assert(
    fc.property(fc.array(step, { minLength: 40, maxLength: 160 }), (steps) => {
      const hub = FeedHub.make({ batchesKeptMax: 6, entriesKeptMax: 30 })
      const recorder = ModelRecorder.make(hub)
      const folding = LiveFolding.make({ recordsKeptMax: 20, endedMax: 2 })
      const subscriber = ModelSubscriber.make(recorder, folding.offsetOf)
      folding.add(subscriber.hear)
      let follower = hub.follow()
      let number = 0
      const take = (batches: number): void => {
        for (const message of follower.take(batches)) {
          if (message._tag !== "lost") number = message.number
          assert.deepStrictEqual(folding.take(message, 0), [])
        }
      }
      // Of a market of which nothing is left, and which was forgotten, nobody can say that it is not a new one.
      for (const each of tickers) recorder.snapshot(each, 500)
      for (const each of steps) {
        if (each.step === "snapshot") recorder.snapshot(each.ticker, 500)
        else if (each.step === "delta") recorder.delta(each.ticker, each.priceE4, each.deltaE2)
        else if (each.step === "end") recorder.end(each.ticker)
        else if (each.step === "reconnect") recorder.reconnect()
        else if (each.step === "publish") recorder.publish()
        else if (each.step === "take") take(each.batches)
        else if (each.step === "die") recorder.die(each.recordsLost, tickers.length)
        else follower = hub.follow({ feedId: folding.state().feedId ?? "", number })
      }
      recorder.publish()
      take(1_000)
      take(1_000)
      const logs = recorder.logs()
      for (const ticker of folding.tickers()) {
        const records = logs.get(ticker) ?? []
        const { book, ...expected } = foldOf(records)
        const known = Option.getOrThrow(folding.logOf(ticker))
        assert.strictEqual(known.last.offset, records.length)
        assert.strictEqual(known.trust._tag, expected.trust._tag)
        assert.strictEqual(known.tsExchangeEffectiveMicros, expected.tsExchangeEffectiveMicros)
        if (known.trust._tag === "trusted") {
          assert.deepStrictEqual(known.levels, LiveFold.toLog({ book, ...expected })?.levels)
        }
        assert.deepStrictEqual(subscriber.told.get(ticker), { last: records.at(-1), offset: records.length })
        for (let offset = 0; offset <= records.length; offset++) {
          const after = folding.recordsAfter(ticker, offset)
          if (Option.isSome(after)) assert.deepStrictEqual(after.value, records.slice(offset))
        }
      }
      for (const key of ["ahead", "rewritten", "records"] as const) seen[key] += subscriber.counts[key]
    }),
    { numRuns: 300, seed: 1126 }
  )
  // Neither is a thing that never happens.
  assert.isAbove(seen.ahead, 100)
  assert.isAbove(seen.rewritten, 50)
  assert.isAbove(seen.records, 5_000)
})
