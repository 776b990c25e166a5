import * as Book from "@kalshibook/core/Book"
import type { BookClock, BookRecord } from "@kalshibook/core/BookRecord"
import * as Replay from "@kalshibook/core/Replay"
import fc from "fast-check"
import { assert, describe, it } from "vitest"
import * as Listening from "./Listening.ts"
import * as ModelExchange from "./ModelExchange.ts"
import * as NaiveBook from "./NaiveBook.ts"
import { propertyRuns } from "./PropertyRuns.ts"
import * as Scenario from "./Scenario.ts"
import * as TrustOracle from "./TrustOracle.ts"

/** A market's log, folded up to a moment. */
interface View {
  readonly atMicros: number
  readonly isTrusted: boolean
  readonly text: string
}

/** Every moment at which anything changes by either clock, and the microseconds around it, ascending. */
const moments = ({ exchange, recorder }: Scenario.Outcome): ReadonlyArray<number> => {
  const edges = new Set<number>()
  for (const record of recorder.outbox.records) {
    edges.add(record.tsReceivedMicros)
    if (record.tsExchangeMicros !== null) edges.add(record.tsExchangeMicros)
  }
  for (const { versions } of exchange.markets) for (const { tsExchangeMicros } of versions) edges.add(tsExchangeMicros)
  return [...new Set([...edges].flatMap((micros) => [micros - 1, micros, micros + 1]))].sort((a, b) => a - b)
}

/** The book at each of ascending moments, by the definition: one fold that goes on from moment to moment. */
const viewsOf = (
  records: ReadonlyArray<BookRecord>,
  ascending: ReadonlyArray<number>,
  clock: BookClock
): ReadonlyArray<View> => {
  const replay = Replay.make()
  return ascending.map((atMicros) => {
    Replay.applyUntil(replay, records.slice(replay.recordsApplied), atMicros, clock)
    const isTrusted = replay.trust._tag === "trusted"
    return { atMicros, isTrusted, text: isTrusted ? NaiveBook.text(Book.levels(replay.book)) : "" }
  })
}

const eachView = (
  outcome: Scenario.Outcome,
  clock: BookClock,
  check: (market: ModelExchange.ModelMarket, view: View) => void
): void => {
  const ascending = moments(outcome)
  for (const market of outcome.exchange.markets) {
    const records = Listening.recordsOf(outcome.recorder, market.ticker)
    for (const view of viewsOf(records, ascending, clock)) check(market, view)
  }
}

const property = (check: (outcome: Scenario.Outcome) => void, arbitrary = Scenario.scenario): void =>
  fc.assert(
    fc.property(arbitrary, (scenario) => check(Scenario.run(scenario))),
    propertyRuns(80)
  )

describe("Recorder on a bad line", () => {
  it("meets every act of the exchange, every fate of a frame and every cause of a gap, and is trusted for a good part", () => {
    const acts = new Set<string>()
    const fates = new Set<string>()
    const causes = new Set<string>()
    let trusted = 0
    let views = 0
    for (const scenario of fc.sample(Scenario.scenario, { numRuns: 60, seed: 20_261_122 })) {
      for (const step of scenario.steps) {
        acts.add(step.act)
        for (const fate of step.fates) fates.add(fate)
      }
      const outcome = Scenario.run(scenario)
      for (const record of outcome.recorder.outbox.records) if (record.kind === "gap") causes.add(record.cause)
      eachView(outcome, "exchange", (_, { isTrusted }) => {
        views++
        if (isTrusted) trusted++
      })
    }
    assert.sameMembers([...acts], [...Scenario.acts])
    assert.sameMembers([...fates], [...Scenario.fates])
    const recorded = [
      "connection_lost",
      "sequence_hole",
      "channel_error",
      "undecodable",
      "inconsistent",
      "unsubscribed"
    ]
    assert.sameMembers([...causes], recorded)
    assert.isAbove(views, 10_000)
    assert.isAbove(trusted / views, 0.2)
  })

  it("trusts after every frame exactly the books that are known", () => {
    property(({ disagreements }) => assert.deepStrictEqual(disagreements, []))
  })

  it("is right or says that it does not know, at every moment of the receive clock", () => {
    property((outcome) => {
      const { oracle } = outcome
      eachView(outcome, "received", (market, { atMicros, isTrusted, text }) => {
        if (!isTrusted) return
        const step = TrustOracle.knownStep(oracle, atMicros)
        assert.strictEqual(text, ModelExchange.atStep(market, step), `${market.ticker} at ${atMicros}`)
      })
    }, Scenario.strangeClockScenario)
  })

  it("is right or says that it does not know, at every moment of the exchange's clock", () => {
    property((outcome) => {
      eachView(outcome, "exchange", (market, { atMicros, isTrusted, text }) => {
        if (!isTrusted) return
        assert.strictEqual(text, ModelExchange.atMicros(market, atMicros), `${market.ticker} at ${atMicros}`)
      })
    })
  })

  it("is wrong by an exchange's clock that is ahead of ours only until the exchange's time of a snapshot it has received", () => {
    let wrong = 0
    property((outcome) => {
      eachView(outcome, "exchange", (market, { atMicros, isTrusted, text }) => {
        if (!isTrusted || text === ModelExchange.atMicros(market, atMicros)) return
        wrong++
        const isExcused = outcome.snapshots.some(
          ({ ticker, tsMadeMicros, tsReceivedMicros }) =>
            ticker === market.ticker && tsReceivedMicros <= atMicros && atMicros < tsMadeMicros
        )
        assert.isTrue(isExcused, `${market.ticker} at ${atMicros}`)
      })
    }, Scenario.aheadScenario)
    assert.isAbove(wrong, 0)
  })

  it("distrusts by the receive clock exactly from the last proof to the next snapshot, and no other market", () => {
    property((outcome) => {
      eachView(outcome, "received", ({ ticker }, { atMicros, isTrusted }) => {
        assert.strictEqual(
          isTrusted,
          TrustOracle.wasTrusted(outcome.oracle, ticker, atMicros),
          `${ticker} at ${atMicros}`
        )
      })
    })
  })

  it("loses no trust by either clock while nothing is lost", () => {
    property((outcome) => {
      const { recorder } = outcome
      const proofMicros = recorder.tsExchangeMicros ?? 0
      for (const ticker of Scenario.tickers) {
        const kinds = Listening.recordsOf(recorder, ticker).map(({ kind }) => kind)
        assert.strictEqual(kinds.indexOf("gap"), kinds.length - 1)
      }
      eachView(outcome, "exchange", ({ ticker }, { atMicros, isTrusted }) => {
        const first = Listening.recordsOf(recorder, ticker)[0] as BookRecord
        if (atMicros >= first.tsReceivedMicros && atMicros < proofMicros) assert.isTrue(isTrusted)
      })
    }, Scenario.goodScenario)
  })

  it("gives every log offsets 1, 2, 3 ... and times that never decrease", () => {
    property(({ recorder }) => {
      for (const ticker of Scenario.tickers) {
        const records = Listening.recordsOf(recorder, ticker)
        assert.deepStrictEqual(
          records.map(({ offset }) => offset),
          records.map((_, index) => index + 1)
        )
        const times = records.map(({ tsReceivedMicros }) => tsReceivedMicros)
        assert.deepStrictEqual(
          times,
          times.toSorted((left, right) => left - right)
        )
      }
    })
  })

  it("tells its listener of every market that becomes trusted or stops being so", () => {
    property(({ told, recorder }) => {
      for (const ticker of Scenario.tickers) {
        const gaps = Listening.recordsOf(recorder, ticker).filter(({ kind }) => kind === "gap")
        const distrusts = told.filter((each) => each.startsWith(`distrusted ${ticker} `))
        const trusts = told.filter((each) => each === `trusted ${ticker}`)
        assert.isAtMost(distrusts.length, gaps.length)
        assert.isTrue(trusts.length > 0 || distrusts.length === 0)
      }
    })
  })

  it("writes the same records for the same frames", () => {
    fc.assert(
      fc.property(Scenario.scenario, (scenario) => {
        const [one, other] = [Scenario.run(scenario), Scenario.run(scenario)]
        assert.deepStrictEqual(one.recorder.outbox, other.recorder.outbox)
        assert.deepStrictEqual(one.told, other.told)
        assert.deepStrictEqual(one.recorder.counts, other.recorder.counts)
      }),
      propertyRuns(40)
    )
  })
})
