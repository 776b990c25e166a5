import { assert, describe, it } from "@effect/vitest"
import * as Book from "@kalshibook/core/Book"
import type { AuditStatus } from "@kalshibook/core/contract/AuditStatus"
import { Effect } from "effect"
import * as Slots from "../src/Slots.ts"
import { type AuditStation, audit } from "./AuditStation.ts"
import * as Lies from "./Lies.ts"
import * as Station from "./Station.ts"

/** Answers as they are now, where a test does not want older ones. */
const brisk = { deltasPerSecond: 3_000, restBookCacheMillis: 0 }
const allTime = [0, Number.MAX_SAFE_INTEGER] as const

/** Waits until what the auditor says of itself is so. */
const until = Effect.fnUntraced(function* (
  what: string,
  { auditor }: AuditStation,
  isSo: (status: AuditStatus) => boolean
) {
  let status = yield* auditor.status
  const look = Effect.map(auditor.status, (now) => {
    status = now
  })
  yield* Effect.forkScoped(Effect.forever(Effect.delay(look, 5)))
  yield* Station.until(what, () => isSo(status), 20)
  return status
})

const decided = ({ sinceStart }: AuditStatus): number => sinceStart.passed + sinceStart.failed

describe("audits of what is recorded", () => {
  it.live("all pass while nothing goes wrong, at a brisk pace, and every one is stored", () =>
    Effect.gen(function* () {
      const station = yield* Station.start(brisk)
      yield* Station.untilAllLive(station)
      const auditing = yield* audit(station)
      const { sinceStart } = yield* until("many audits", auditing, (status) => decided(status) >= 56)
      assert.deepStrictEqual(sinceStart, { passed: sinceStart.passed, failed: 0, undecided: 0 })
      assert.deepStrictEqual(auditing.distrusted, [])
      assert.isAtLeast((yield* auditing.audits.rates(...allTime)).passed, sinceStart.passed)
      // By chance and by turn, every market has been looked at.
      for (const ticker of Station.live(station)) assert.isNotEmpty(yield* auditing.audits.latest(ticker, 1), ticker)
    }).pipe(Effect.scoped)
  )

  it.live("pass answers out of a cache that are as old as may be", () =>
    Effect.gen(function* () {
      const station = yield* Station.start(brisk)
      yield* Station.untilAllLive(station)
      const settings = { auditCacheMillisMax: 600, auditMarketsMax: 12 }
      const auditing = yield* audit(station, { cacheMillis: 600, settings })
      const status = yield* until("many audits", auditing, (now) => decided(now) >= 60)
      assert.strictEqual(status.sinceStart.failed, 0)
      const [ticker = ""] = Station.live(station)
      const ages = (yield* auditing.audits.latest(ticker, 100)).map(({ ageMicros }) => ageMicros ?? 0)
      assert.isAbove(Math.max(...ages), 0)
    }).pipe(Effect.scoped)
  )

  it.live("fail answers that are older than any cache may be", () =>
    Effect.gen(function* () {
      const station = yield* Station.start(brisk)
      yield* Station.untilAllLive(station)
      const auditing = yield* audit(station, { cacheMillis: 60_000, settings: { auditMarketsMax: 12 } })
      yield* until("failures", auditing, ({ sinceStart }) => sinceStart.failed >= 12)
    }).pipe(Effect.scoped)
  )
})

describe("an audit of a book that is wrong", () => {
  it.live("fails, keeps the evidence, has that market alone distrusted, and is made again", () =>
    Effect.gen(function* () {
      const station = yield* Station.start(brisk)
      yield* Station.untilAllLive(station)
      const [marketTicker = ""] = Station.live(station)
      const lie = { marketTicker, side: "yes", priceE4: 100, deltaE2: 1_234 } as const
      Lies.sendChange(station.exchange, lie)
      const auditing = yield* audit(station)
      // Of each failure the one before is stored.
      const status = yield* until("three failures", auditing, ({ sinceStart }) => sinceStart.failed >= 3)
      assert.deepStrictEqual([...new Set(auditing.distrusted)], [marketTicker])
      assert.strictEqual(status.lastFailure?.marketTicker, marketTicker)
      const failures = (yield* auditing.audits.latest(marketTicker, 100)).filter(({ verdict }) => verdict === "failed")
      assert.isAtLeast(failures.length, 2)
      const [evidence] = failures
      if (evidence?.answer == null) return assert.fail("no evidence")
      assert.strictEqual(evidence.epoch, station.recording.recorder.epochLast)
      assert.isAtLeast(evidence.levelsDifferent, 1)
      assert.isAtLeast(evidence.levelsCompared, evidence.levelsDifferent)
      const truth = station.exchange.truth.bookAt(marketTicker, { tsMicros: evidence.tsAnsweredMicros })
      if (truth._tag !== "book") return assert.fail(truth._tag)
      const sizeE2 = Book.sizeE2(Book.fromLevels(evidence.answer), "yes", lie.priceE4)
      assert.strictEqual(sizeE2, Book.sizeE2(Book.fromLevels(truth.levels), "yes", lie.priceE4))
      const told = auditing.lines.filter(({ level }) => level === "Error").map(({ text }) => text)
      assert.match(told[0] ?? "", new RegExp(`^the book of ${marketTicker} is not the exchange's: \\d+ of \\d+ levels`))
    }).pipe(Effect.scoped)
  )

  it.live("shows the one level that differs when trading rests", () =>
    Effect.gen(function* () {
      const station = yield* Station.start(brisk)
      yield* Station.untilAllLive(station)
      yield* Station.inflict(station.exchange, { fault: "pause_trading" })
      const [marketTicker = ""] = Station.live(station)
      const sizeE2 = Book.sizeE2(station.exchange.exchange.markets.get(marketTicker)?.book ?? Book.make(), "yes", 100)
      Lies.sendChange(station.exchange, { marketTicker, side: "yes", priceE4: 100, deltaE2: 1_234 })
      const auditing = yield* audit(station)
      const { lastFailure } = yield* until("a failure", auditing, ({ sinceStart }) => sinceStart.failed >= 1)
      assert.strictEqual(lastFailure?.levelsDifferent, 1)
      assert.deepStrictEqual(lastFailure?.differences, [
        { side: "yes", priceE4: 100, oursE2: sizeE2 + 1_234, theirsE2: sizeE2 }
      ])
    }).pipe(Effect.scoped)
  )
})

describe("audits when something is in the way", () => {
  it.live("go on after the exchange's REST interface failed, one line says so, and the recording never notices", () =>
    Effect.gen(function* () {
      const station = yield* Station.start(brisk)
      yield* Station.untilAllLive(station)
      const auditing = yield* audit(station)
      const pathPrefix = "/trade-api/v2/markets/orderbooks"
      yield* Station.inflict(station.exchange, { fault: "rest", status: 400, count: 3, pathPrefix })
      const failing = yield* until("they fail", auditing, ({ roundsSkipped }) => roundsSkipped.rest_failed === 3)
      assert.strictEqual(failing.problem, `${pathPrefix}: HTTP 400`)
      const passed = failing.sinceStart.passed
      const after = yield* until("they go on", auditing, ({ sinceStart }) => sinceStart.passed > passed + 20)
      assert.isNull(after.problem)
      assert.strictEqual(after.sinceStart.failed, 0)
      const told = auditing.lines.filter(({ text }) => text.startsWith("books cannot be compared"))
      assert.lengthOf(told, 1)
      assert.strictEqual(station.recording.recorder.epochLast, 1)
    }).pipe(Effect.scoped)
  )

  it.live("are not made while there is no connection, and say so", () =>
    Effect.gen(function* () {
      const station = yield* Station.start(brisk)
      yield* Station.untilAllLive(station)
      const auditing = yield* audit(station)
      yield* until("audits", auditing, (status) => decided(status) > 0)
      yield* Station.inflict(station.exchange, { fault: "refuse_handshakes", status: 503, millis: 1_500 })
      yield* Station.inflict(station.exchange, { fault: "cut" })
      yield* Station.until("it is gone", () => !Slots.isLinked(station.recording.slots))
      const asked: Array<string> = []
      station.exchange.server.http.on("request", ({ url = "" }) => {
        if (url.includes("orderbooks") && !Slots.isLinked(station.recording.slots)) asked.push(url)
      })
      yield* until("rounds are skipped", auditing, ({ roundsSkipped }) => (roundsSkipped.disconnected ?? 0) > 3)
      assert.deepStrictEqual(asked, [])
      yield* Station.untilAllLive(station)
      const { passed } = (yield* auditing.auditor.status).sinceStart
      const after = yield* until("they go on", auditing, ({ sinceStart }) => sinceStart.passed > passed + 20)
      assert.strictEqual(after.sinceStart.failed, 0)
    }).pipe(Effect.scoped)
  )
})
