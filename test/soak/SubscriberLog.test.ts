/** The soak of subscribers believes its logs: so they must notice what they are there to notice. */
import { assert, describe, it } from "@effect/vitest"
import type { RecordAnswer } from "@kalshibook/core/contract/RecordView"
import * as SubscriberLog from "../../scripts/soak/SubscriberLog.ts"

type Answer = typeof RecordAnswer.Type

const records: ReadonlyArray<Answer> = Array.from({ length: 10 }, (_, index) => ({
  kind: "delta",
  offset: index + 1,
  market_ticker: "M",
  epoch: 1,
  sid: 1,
  seq: index,
  ts_exchange: "2026-11-21T14:00:00.000000Z",
  ts_received: "2026-11-21T14:00:00.000001Z",
  side: "yes",
  price_dollars: "0.3400",
  delta_fp: `${index}.00`
}))
const history = SubscriberLog.historyOf(records)

const say = (log: SubscriberLog.SubscriberLog, offset: number, change: object = {}): void => {
  const answer = records[offset - 1] as Answer
  SubscriberLog.record(log, { type: "record", previous_offset: offset - 1, ...answer, ...change } as never)
}

/** A log that begins with the book at an offset. */
const from = (offset: number): SubscriberLog.SubscriberLog => {
  const log = SubscriberLog.make()
  SubscriberLog.snapshot(log, { offset, epoch: 1 } as never)
  return log
}

describe("the log of a subscriber", () => {
  it("is history when every record came once and in order, also over a resume and a hole that was announced", () => {
    const log = from(2)
    for (const offset of [3, 4]) say(log, offset)
    SubscriberLog.resume(log)
    say(log, 5)
    SubscriberLog.skipped(log, 6)
    SubscriberLog.snapshot(log, { offset: 7, epoch: 1 } as never)
    say(log, 8)
    SubscriberLog.conflated(log, { previous_offset: 8, offset: 9, epoch: 1 } as never)
    say(log, 10)
    assert.deepStrictEqual(SubscriberLog.differences(log, history), [])
    assert.deepStrictEqual(
      log.runs.map(({ from, to }) => [from, to]),
      [
        [2, 5],
        [7, 8],
        [9, 10]
      ]
    )
  })

  it("is not when one is missing, came twice, is another one, came uncalled-for, or the end is missing", () => {
    const told = (tell: (log: SubscriberLog.SubscriberLog) => void): number => {
      const log = from(7)
      tell(log)
      return SubscriberLog.differences(log, history).length
    }
    const these =
      (...offsets: ReadonlyArray<number>) =>
      (log: SubscriberLog.SubscriberLog): void => {
        for (const offset of offsets) say(log, offset)
      }
    const all = these(8, 9, 10)
    assert.strictEqual(told(all), 0)
    assert.isAbove(told(these(8, 10)), 0)
    assert.isAbove(told(these(8, 8, 9, 10)), 0)
    assert.isAbove(told(these(8, 9)), 0)
    assert.isAbove(
      told((log) => {
        say(log, 8, { delta_fp: "99.00" })
        these(9, 10)(log)
      }),
      0
    )
    assert.isAbove(
      told((log) => {
        all(log)
        SubscriberLog.snapshot(log, { offset: 10, epoch: 1 } as never)
      }),
      0
    )
  })
})
