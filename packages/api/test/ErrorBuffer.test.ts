import * as ErrorBuffer from "@kalshibook/api/ErrorBuffer"
import type { RequestError } from "@kalshibook/store/RequestLog"
import { assert, it } from "vitest"

const minuteMicros = 60_000_000
const midnightMicros = 1_795_651_200_000_000

let made = 0
const noted = (facts: Partial<ErrorBuffer.NotedError> = {}): ErrorBuffer.NotedError => ({
  errorId: `req_${++made}`,
  accountId: "an account",
  prefix: "0123456789",
  endpoint: "getOrderbook",
  status: 429,
  code: "rate_limited",
  tsMicros: midnightMicros,
  ...facts
})

const buffer = (limits: Partial<ErrorBuffer.ErrorBufferLimits> = {}) =>
  ErrorBuffer.make(() => `counted_${++made}`, { ...ErrorBuffer.limits, ...limits })

/** Writes all that waits, as a store that keeps the last of each id. */
const write = (from: ErrorBuffer.ErrorBuffer, kept = new Map<string, RequestError>()): Map<string, RequestError> => {
  for (let batch = from.take(); batch !== undefined; batch = from.take()) {
    assert.isAtMost(batch.errors.length, 1_000)
    for (const error of batch.errors) kept.set(error.errorId, error)
    batch.done()
  }
  return kept
}

const total = (kept: Map<string, RequestError>): number => [...kept.values()].reduce((sum, { count }) => sum + count, 0)

it("ten thousand errors of one minute are sixty and one count, exact to the last, however often it is written meanwhile", () => {
  const errors = buffer()
  const kept = new Map<string, RequestError>()
  for (let at = 0; at < 10_000; at++) {
    errors.note(noted({ tsMicros: midnightMicros + at * 5_000 }))
    if (at % 1_000 === 500) write(errors, kept)
  }
  write(errors, kept)
  assert.strictEqual(kept.size, 61)
  assert.strictEqual(total(kept), 10_000)
  const counted = [...kept.values()].filter(({ endpoint }) => endpoint === null)
  assert.deepStrictEqual(
    counted.map(({ count, tsLastMicros, tsMicros }) => [count, tsMicros, tsLastMicros]),
    [[9_940, midnightMicros + 60 * 5_000, midnightMicros + 9_999 * 5_000]]
  )
  assert.strictEqual(errors.takeLost(), 0)
})

it("errors without end are bounded for each account, however many keys it has, and others lose nothing", () => {
  const errors = buffer()
  const kept = new Map<string, RequestError>()
  const [keys, minutes, each] = [20, 20, 50]
  for (let minute = 0; minute < minutes; minute++) {
    for (let at = 0; at < keys * each; at++) {
      errors.note(noted({ prefix: `key ${at % keys}`, tsMicros: midnightMicros + minute * minuteMicros + at }))
    }
    errors.note(noted({ accountId: "another account", tsMicros: midnightMicros + minute * minuteMicros }))
    write(errors, kept)
  }
  const of = (accountId: string) => new Map([...kept].filter(([, error]) => error.accountId === accountId))
  const singles = [...of("an account").values()].filter(({ endpoint }) => endpoint !== null)
  assert.lengthOf(singles, 10_000)
  const inFirstMinute = singles.filter(({ tsMicros }) => tsMicros < midnightMicros + minuteMicros)
  assert.lengthOf(inFirstMinute, 600)
  assert.strictEqual(total(of("an account")), keys * minutes * each)
  assert.isAtMost(of("an account").size, 10_000 + keys * minutes)
  assert.strictEqual(of("another account").size, minutes)
  assert.strictEqual(errors.takeLost(), 0)
})

it("what is given up is told as lost once, and only what was not written", () => {
  const errors = buffer({ singlesOfMinuteMax: 3 })
  for (let at = 0; at < 10; at++) errors.note(noted())
  write(errors)
  for (let at = 0; at < 5; at++) errors.note(noted())
  errors.note(noted({ prefix: "9876543210" }))
  errors.abandon()
  assert.strictEqual(errors.takeLost(), 6)
  assert.isUndefined(errors.take())
  assert.strictEqual(errors.takeLost(), 0)
})

it("errors without end are bounded for each key, counted by minute and code, and takes nothing from others", () => {
  const errors = buffer()
  const kept = new Map<string, RequestError>()
  const perMinute = 100
  for (let minute = 0; minute < 200; minute++) {
    for (let at = 0; at < perMinute; at++) {
      const code = at % 2 === 0 ? "rate_limited" : "unknown_market"
      errors.note(noted({ code, tsMicros: midnightMicros + minute * minuteMicros + at }))
    }
    errors.note(noted({ prefix: "9876543210", tsMicros: midnightMicros + minute * minuteMicros }))
    write(errors, kept)
  }
  const of = (prefix: string) => new Map([...kept].filter(([, error]) => error.prefix === prefix))
  assert.strictEqual(total(of("0123456789")), 200 * perMinute)
  assert.isAtMost(of("0123456789").size, 2_000 + 200 * 2)
  assert.strictEqual(total(of("9876543210")), 200)
  assert.strictEqual([...of("9876543210").values()].filter(({ count }) => count === 1).length, 200)
})

it("what could not be written is written later, with what came since, and nothing twice", () => {
  const errors = buffer()
  for (let at = 0; at < 100; at++) errors.note(noted())
  // Neither kept nor lost.
  errors.take()
  errors.note(noted())
  const kept = write(errors)
  assert.strictEqual(total(kept), 101)
  assert.strictEqual(total(write(errors)), 0)
  errors.note(noted())
  assert.deepStrictEqual(
    [...write(errors).values()].map(({ count }) => count),
    [42],
    "a count is told anew, whole"
  )
})

it("a buffer that is full counts; what even that cannot hold is told as lost, and so is what will never be written", () => {
  const errors = buffer({ singlesMax: 10, countsMax: 2 })
  for (let at = 0; at < 30; at++) errors.note(noted({ prefix: `key ${at % 3}`, code: "internal", status: 500 }))
  assert.strictEqual(errors.takeLost(), 6, "the third key's are neither kept nor counted")
  const batch = errors.take()
  const taken = batch?.errors ?? []
  assert.strictEqual(taken.filter(({ endpoint }) => endpoint !== null).length, 10)
  errors.note(noted({ prefix: "key 0", code: "internal", status: 500 }))
  batch?.lost()
  assert.strictEqual(errors.takeLost(), 25)
  assert.isUndefined(errors.take())
})
