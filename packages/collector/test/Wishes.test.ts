import { assert, describe, it } from "@effect/vitest"
import * as Wishes from "../src/Wishes.ts"

const wishesOf = (...requests: ReadonlyArray<readonly [ticker: string, companyMax?: number]>): Wishes.Wishes => {
  const wishes = Wishes.make()
  for (const [ticker, companyMax = 100] of requests) {
    wishes.queue.set(ticker, { ticker, done: () => {}, companyMax, isRepeated: false })
  }
  return wishes
}

const taken = (job: Wishes.Job | null): readonly [string, ReadonlyArray<string>] | null => {
  if (job === null) return null
  return [job._tag, job._tag === "leave" ? job.tickers : job.requests.map(({ ticker }) => ticker)]
}

describe("what a connection's markets wish for", () => {
  it("is taken in chunks of markets that need the same command, oldest first", () => {
    const wishes = wishesOf(["A"], ["B"], ["C"], ["D"], ["E"])
    wishes.subscribed.add("B")
    wishes.subscribed.add("D")
    assert.deepStrictEqual(taken(Wishes.takeRequests(wishes, 2, true)), ["add", ["A", "C"]])
    assert.deepStrictEqual(taken(Wishes.takeRequests(wishes, 2, true)), ["snapshot", ["B", "D"]])
    assert.deepStrictEqual(taken(Wishes.takeRequests(wishes, 2, true)), ["add", ["E"]])
    assert.isNull(Wishes.takeRequests(wishes, 2, true))
  })

  it("goes with no more company than it bears, and does not keep others from theirs", () => {
    const wishes = wishesOf(["A"], ["B", 1], ["C"], ["D", 2], ["E"])
    assert.deepStrictEqual(taken(Wishes.takeRequests(wishes, 100, true)), ["add", ["A", "C", "E"]])
    assert.deepStrictEqual(taken(Wishes.takeRequests(wishes, 100, true)), ["add", ["B"]])
    assert.deepStrictEqual(taken(Wishes.takeRequests(wishes, 100, true)), ["add", ["D"]])
  })

  it("waits while the first subscription is being opened, unless it is a snapshot", () => {
    const wishes = wishesOf(["A"], ["B"])
    wishes.subscribed.add("B")
    assert.deepStrictEqual(taken(Wishes.takeRequests(wishes, 100, false)), ["snapshot", ["B"]])
    assert.isNull(Wishes.takeRequests(wishes, 100, false))
    assert.deepStrictEqual([...wishes.queue.keys()], ["A"])
  })

  it("waits while the exchange has not acknowledged that it let go of the market", () => {
    const wishes = wishesOf(["A"])
    wishes.subscribed.add("A")
    wishes.toLeave.add("A")
    assert.deepStrictEqual(taken(Wishes.takeLeaving(wishes, 100)), ["leave", ["A"]])
    assert.isNull(Wishes.takeLeaving(wishes, 100))
    assert.isNull(Wishes.takeRequests(wishes, 100, true))
    wishes.leaving.delete("A")
    assert.deepStrictEqual(taken(Wishes.takeRequests(wishes, 100, true)), ["add", ["A"]])
  })

  it("outlives the subscription, of which nothing else is left", () => {
    const wishes = wishesOf(["A"])
    for (const markets of [wishes.subscribed, wishes.toLeave, wishes.leaving, wishes.leftUnanswered]) markets.add("A")
    Wishes.endSubscription(wishes)
    assert.deepStrictEqual(taken(Wishes.takeRequests(wishes, 100, true)), ["add", ["A"]])
  })
})
