import { createPublicKey, type KeyObject } from "node:crypto"
import { assert, describe, it } from "@effect/vitest"
import * as AccessKeys from "@kalshibook/simulator/server/AccessKeys"
import { Effect, Redacted } from "effect"
import * as Station from "./Station.ts"
import * as Verdict from "./Verdict.ts"

const problems = ({ lines }: Station.Station): ReadonlyArray<string> =>
  lines.flatMap(({ level, text }) => (level === "Error" || level === "Warn" || level === "Fatal" ? [text] : []))

describe("a connection that ends", () => {
  for (const code of [undefined, 1001, 1011]) {
    it.live(
      `${code === undefined ? "as when a cable is cut" : `closed with ${code}`}: every book has a gap, and is exact on the next connection`,
      () =>
        Effect.gen(function* () {
          const station = yield* Station.start()
          yield* Station.untilAllLive(station)
          const tickers = Station.live(station)
          yield* Station.inflict(station.exchange, { fault: "cut", ...(code === undefined ? {} : { code }) })
          yield* Station.until("the next epoch", () => station.recording.recorder.epochLast === 2)
          yield* Station.untilAllLive(station)
          yield* Verdict.isTrue(station)
          assert.deepStrictEqual(yield* Verdict.gapCauses(station), Verdict.eachWith(tickers, "connection_lost"))
        }).pipe(Effect.scoped)
    )
  }

  it.live("ten times in a row, while markets trade: no book is wrong, no log has a hole, and it is told of once", () =>
    Effect.gen(function* () {
      const station = yield* Station.start({ deltasPerSecond: 2_000 })
      for (let time = 1; time <= 10; time++) {
        yield* Station.until("the next epoch", () => station.recording.recorder.epochLast === time)
        yield* Station.until("some books", () => Station.live(station).length > time)
        yield* Station.inflict(station.exchange, { fault: "cut" })
      }
      yield* Station.until("the last epoch", () => station.recording.recorder.epochLast === 11)
      yield* Station.untilAllLive(station)
      yield* Verdict.isTrue(station)
      assert.deepStrictEqual(problems(station), [
        "the connection to the exchange ended (connection_lost): closed with 1006"
      ])
    }).pipe(Effect.scoped)
  )
})

describe("a connection that falls silent", () => {
  it.live("is cut when data has stopped, though pings go on: a gap of silence begins at the last frame", () =>
    Effect.gen(function* () {
      const settings = { dataSilenceMillisMax: 300, pingSilenceMillisMax: 60_000 }
      const station = yield* Station.start({ pingMillis: 20 }, settings)
      yield* Station.untilAllLive(station)
      const tickers = Station.live(station)
      const tsFrozenMicros = station.recording.clock.nowMicros()
      yield* Station.inflict(station.exchange, { fault: "freeze", mode: "data" })
      yield* Station.until("the next epoch", () => station.recording.recorder.epochLast === 2)
      yield* Station.untilAllLive(station)
      yield* Verdict.isTrue(station)
      assert.deepStrictEqual(yield* Verdict.gapCauses(station), Verdict.eachWith(tickers, "silence"))
      for (const [gap] of (yield* Verdict.gaps(station)).values()) {
        // The last frames may have been on their way when it froze.
        assert.isBelow(gap?.tsReceivedMicros ?? 0, tsFrozenMicros + 250_000)
        assert.isAtLeast((gap?.tsDetectedMicros ?? 0) - (gap?.tsReceivedMicros ?? 0), 290_000)
      }
      assert.include(station.lines.map(({ text }) => text).join("\n"), "no data for 300 ms")
    }).pipe(Effect.scoped)
  )

  it.live("is cut when not even pings come", () =>
    Effect.gen(function* () {
      const settings = { dataSilenceMillisMax: 60_000, pingSilenceMillisMax: 300 }
      const station = yield* Station.start({ pingMillis: 20 }, settings)
      yield* Station.untilAllLive(station)
      const tickers = Station.live(station)
      yield* Station.inflict(station.exchange, { fault: "freeze", mode: "all" })
      yield* Station.until("the next epoch", () => station.recording.recorder.epochLast === 2)
      yield* Station.untilAllLive(station)
      yield* Verdict.isTrue(station)
      assert.deepStrictEqual(yield* Verdict.gapCauses(station), Verdict.eachWith(tickers, "silence"))
      assert.include(station.lines.map(({ text }) => text).join("\n"), "no ping for 300 ms")
    }).pipe(Effect.scoped)
  )

  it.live("is kept while the exchange rests: it answers with snapshots that prove the books", () =>
    Effect.gen(function* () {
      const station = yield* Station.start({ pingMillis: 20 }, { dataSilenceMillisMax: 400 })
      yield* Station.untilAllLive(station)
      yield* Station.inflict(station.exchange, { fault: "pause_trading" })
      const { frames } = station.recording.recorder.counts
      yield* Station.until("it was asked twice", () => station.recording.recorder.counts.frames >= frames + 20)
      assert.strictEqual(station.recording.recorder.epochLast, 1)
      assert.deepStrictEqual(yield* Verdict.gapCauses(station), {})
    }).pipe(Effect.scoped)
  )

  it.live("a lost change that nothing follows is found by asking", () =>
    Effect.gen(function* () {
      const station = yield* Station.start({ deltasPerSecond: 20 }, { dataSilenceMillisMax: 400 })
      yield* Station.untilAllLive(station)
      const tickers = Station.live(station)
      const { exchange } = station
      yield* Station.inflict(exchange, { fault: "frame", action: { _tag: "drop" }, type: "orderbook_delta" })
      yield* Station.until("it is lost", () => exchange.faults.frameHits() === 1)
      yield* Station.inflict(exchange, { fault: "pause_trading" })
      yield* Station.until("it is found", () => station.recording.recorder.counts.sequenceGaps === 1)
      yield* Station.untilAllLive(station)
      yield* Verdict.isTrue(station)
      assert.deepStrictEqual(yield* Verdict.gapCauses(station), Verdict.eachWith(tickers, "sequence_hole"))
    }).pipe(Effect.scoped)
  )
})

describe("an exchange that cannot be reached", () => {
  it.live("refuses the key: one line says what to check, and it is recorded as soon as the key is accepted", () =>
    Effect.gen(function* () {
      const stranger = AccessKeys.generate()
      const exchange = yield* Station.startExchange()
      const access = { keyId: stranger.keyId, privateKeyPem: Redacted.make(stranger.privateKeyPem) }
      const station = yield* Station.record(exchange, yield* Station.memory, { access })
      const attempts: Array<number> = []
      exchange.server.http.on("upgrade", () => attempts.push(station.recording.clock.nowMicros()))
      yield* Station.until("it is tried again and again", () => attempts.length >= 6)
      assert.deepStrictEqual(problems(station), [
        `no connection to the exchange, trying again: ${exchange.wsUrl} refused the connection with HTTP 401: ` +
          "check KALSHI_API_KEY_ID, the private key, and this machine's clock"
      ])
      const [first = 0, sixth = 0] = [attempts[0], attempts[5]]
      // 20, 40, 80, 160 and 200 ms, each with a fifth of jitter.
      assert.isAbove(sixth - first, 0.8 * 500_000, "delays grow")
      assert.strictEqual((yield* station.collector.status).state, "starting")

      const keys = exchange.server.keys as Map<string, KeyObject>
      keys.set(stranger.keyId, createPublicKey(stranger.publicKeyPem))
      yield* Station.untilAllLive(station)
      yield* Verdict.isTrue(station)
      assert.strictEqual(problems(station).length, 1)
      assert.include(station.lines.map(({ text }) => text).join("\n"), "connected to the exchange")
    }).pipe(Effect.scoped)
  )

  for (const status of [403, 429, 503]) {
    it.live(`refuses connections with ${status} for a while: one line, and it is recorded afterwards`, () =>
      Effect.gen(function* () {
        const exchange = yield* Station.startExchange()
        yield* Station.inflict(exchange, { fault: "refuse_handshakes", status, millis: 1_500 })
        const station = yield* Station.record(exchange, yield* Station.memory)
        yield* Station.untilAllLive(station)
        const [problem, ...others] = problems(station)
        assert.include(problem, `refused the connection with HTTP ${status}`)
        assert.deepStrictEqual(others, [])
        yield* Verdict.isTrue(station)
      }).pipe(Effect.scoped)
    )
  }

  it.live("nobody listens there: one line names the address, and it is tried for ever", () =>
    Effect.gen(function* () {
      const gone = yield* Effect.scoped(Station.startExchange())
      const access = { restUrl: gone.restUrl, wsUrl: gone.wsUrl }
      const station = yield* Station.record(gone, yield* Station.memory, { access })
      yield* Station.until("it is tried", () => problems(station).length > 0)
      const before = station.recording.clock.nowMicros()
      yield* Station.until("for a while", () => station.recording.clock.nowMicros() > before + 600_000)
      assert.deepStrictEqual(problems(station), [
        `no connection to the exchange, trying again: cannot reach ${gone.wsUrl} (ECONNREFUSED)`
      ])
    }).pipe(Effect.scoped)
  )

  it.live("loses the connection and does not let it back in for a while: two lines, then it is recorded again", () =>
    Effect.gen(function* () {
      const station = yield* Station.start()
      yield* Station.untilAllLive(station)
      const tickers = Station.live(station)
      yield* Station.inflict(station.exchange, { fault: "refuse_handshakes", status: 503, millis: 400 })
      yield* Station.inflict(station.exchange, { fault: "cut" })
      yield* Station.until("it reconnects", () => problems(station).length === 2)
      assert.strictEqual((yield* station.collector.status).state, "reconnecting")
      yield* Station.untilAllLive(station)
      yield* Verdict.isTrue(station)
      assert.deepStrictEqual(yield* Verdict.gapCauses(station), Verdict.eachWith(tickers, "connection_lost"))
      assert.strictEqual(problems(station).length, 2)
    }).pipe(Effect.scoped)
  )
})
