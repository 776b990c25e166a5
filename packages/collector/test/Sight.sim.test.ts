import { assert, describe, it } from "@effect/vitest"
import { RecorderReport } from "@kalshibook/core/contract/RecorderReport"
import { HotTier } from "@kalshibook/store/HotTier"
import * as TapeMemory from "@kalshibook/store/tape/TapeMemory"
import { TapePlace } from "@kalshibook/store/tape/TapePlace"
import { Context, Effect, Layer, Schema } from "effect"
import * as Station from "./Station.ts"
import * as UnreliableTier from "./UnreliableTier.ts"
import * as Verdict from "./Verdict.ts"

const reportOf = ({ collector }: Station.Station) => Effect.map(collector.status, ({ report }) => report)

/** The faults of a report, oldest first, in short. */
const told = (report: RecorderReport) =>
  report.faults.toReversed().map(({ cause, kind, markets }) => `${kind} ${cause}${markets > 0 ? ` ${markets}` : ""}`)

describe("what a collector says of itself", () => {
  it.live(
    "is its tree from the process to the markets, with lags from the exchange to the commit, as the contract has it",
    () =>
      Effect.gen(function* () {
        const station = yield* Station.start({ deltasPerSecond: 1_000 }, { marketsPerConnectionMax: 5 })
        yield* Station.untilAllLive(station)
        yield* Verdict.untilStored(station)
        yield* Effect.sleep("1200 millis")
        const report = yield* reportOf(station)
        Schema.decodeUnknownSync(RecorderReport)(JSON.parse(JSON.stringify(report)))
        const live = Station.live(station).length
        const { connections, lag, process, session, tape } = report
        assert.isAtLeast(connections.length, 3)
        assert.isTrue(connections.every(({ epoch, markets_assigned }) => epoch !== null && markets_assigned <= 5))
        assert.strictEqual(
          connections.reduce((sum, { markets_live }) => sum + markets_live, 0),
          live
        )
        assert.isAbove(
          connections.reduce((sum, { frames_per_second }) => sum + frames_per_second, 0),
          0
        )
        assert.strictEqual(report.markets["live"], live)
        assert.strictEqual(session.number, 1)
        assert.isAbove(process.memory_bytes, process.heap_bytes)
        assert.isAtLeast(tape.entries_appended, tape.entries_synced)
        assert.isAtLeast(tape.entries_synced, tape.entries_committed)
        assert.strictEqual(tape.checkpoints, 1)
        for (const stage of [lag.exchange_to_receipt, lag.receipt_to_tape, lag.receipt_to_commit]) {
          assert.isNotNull(stage)
          assert.isAtMost(stage?.p50_ms ?? 0, stage?.p99_ms ?? 0)
          assert.isAtMost(stage?.p99_ms ?? 0, stage?.max_ms ?? 0)
        }
        // Nothing is committed before it is on the tape.
        assert.isAbove(lag.receipt_to_commit?.p50_ms ?? 0, 0)
        assert.deepStrictEqual(report.faults, [])
      }).pipe(Effect.scoped)
  )

  it.live(
    "tells of a hole in the numbers as one fault, with how many markets it concerned, and counts their gaps",
    () =>
      Effect.gen(function* () {
        const station = yield* Station.start({ deltasPerSecond: 1_000 })
        yield* Station.untilAllLive(station)
        const markets = Station.live(station).length
        yield* Station.inflict(station.exchange, {
          fault: "frame",
          action: { _tag: "drop" },
          channel: "orderbook_delta",
          count: 1
        })
        yield* Station.until("the hole", () => station.recording.recorder.counts.sequenceGaps === 1)
        yield* Station.untilAllLive(station)
        yield* Verdict.untilStored(station)
        const report = yield* reportOf(station)
        assert.deepStrictEqual(told(report), [`gap sequence_hole ${markets}`])
        const [fault] = report.faults
        assert.deepInclude(fault, { times: 1, epoch: 1, action: "gaps are written; snapshots are asked for" })
        assert.isAbove(fault?.sid ?? 0, 0)
        assert.deepInclude(report.gaps, { sequence_hole: markets, silence: 0 })
      }).pipe(Effect.scoped)
  )

  it.live("tells why a connection ended and what that cost, and what the next one is", () =>
    Effect.gen(function* () {
      const station = yield* Station.start({ deltasPerSecond: 1_000 })
      yield* Station.untilAllLive(station)
      const markets = Station.live(station).length
      yield* Station.inflict(station.exchange, { fault: "cut" })
      yield* Station.until("the next epoch", () => station.recording.recorder.epochLast === 2)
      yield* Station.untilAllLive(station)
      const report = yield* reportOf(station)
      const [connection] = report.connections
      assert.deepInclude(connection, { epoch: 2, connections: 2, markets_live: markets })
      assert.strictEqual(connection?.last_end?.cause, "connection_lost")
      const [end, gap] = told(report)
      assert.match(end ?? "", /^connection connection_lost: closed with /)
      assert.strictEqual(gap, `gap connection_lost ${markets}`)
      const { connectionEnds, connectionsOpened } = yield* station.collector.status
      assert.strictEqual(connectionsOpened, 2)
      assert.strictEqual(connectionEnds.connection_lost, 1)
    }).pipe(Effect.scoped)
  )

  it.live("tells that the database is away, and that it catches up when memory could not hold what came", () =>
    Effect.gen(function* () {
      const exchange = yield* Station.startExchange({ deltasPerSecond: 3_000 })
      const stores = yield* Station.memory
      const tier = UnreliableTier.make(Context.get(stores, HotTier))
      const station = yield* Station.record(exchange, Context.add(stores, HotTier, tier.service), {
        settings: { lastCommitMillisMax: 200, queueRecordsMax: 500, catchUpRecordsMax: 300, catchUpEntriesLeft: 200 }
      })
      yield* Station.untilAllLive(station)
      tier.mode = "away"
      yield* Station.until("memory is full", () => station.recording.isSpilled)
      const away = yield* reportOf(station)
      assert.isTrue(away.tape.catching_up)
      assert.isAbove(away.tape.behind, 400)
      assert.strictEqual(away.store.problem, "append: connection refused")
      assert.sameMembers(told(away), [
        "store append: connection refused",
        "store more waits to be stored than memory may hold"
      ])
      tier.mode = "up"
      yield* Station.until("it is over", () => !station.recording.isSpilled && station.recording.pending === null)
      const { store, tape } = yield* reportOf(station)
      assert.isFalse(tape.catching_up)
      assert.isNull(store.problem)
    }).pipe(Effect.scoped)
  )

  it.live("goes on counting when recording begins anew after the disk gave out, and says so", () =>
    Effect.gen(function* () {
      const exchange = yield* Station.startExchange({ deltasPerSecond: 1_000 })
      const tape = TapeMemory.make()
      const place = yield* Layer.build(TapePlace.layerMemory(tape, { syncMillisMax: 5 }))
      const stores = Context.merge(yield* Station.memory, place)
      const station = yield* Station.record(exchange, stores, { settings: { storageRetryMillis: 50 } })
      yield* Station.untilAllLive(station)
      yield* Station.until("many frames", () => station.recording.recorder.counts.frames > 1_500)
      yield* Verdict.untilStored(station)
      const before = yield* station.collector.status
      TapeMemory.fail(tape, "disk_full")
      yield* Station.until("another recording", () => station.collector.recording() !== station.recording)
      yield* Station.untilAllLive({ ...station, recording: station.collector.recording() })
      const after = yield* station.collector.status
      assert.deepInclude(after.report.session, { number: 2, restarts: 1 })
      assert.isAtLeast(after.counts.frames, before.counts.frames)
      assert.isAtLeast(after.recordsCommitted, before.recordsCommitted)
      // What was derived again from the tape was counted when it was received; a few that the disk lost are not on it.
      const received = tape.entries.filter(({ kind }) => kind === "received").length
      assert.isAtMost(after.counts.frames, received + 500)
      assert.includeMembers(told(after.report), [
        "tape The tape in memory was made to fail (disk_full).",
        "session recording had stopped"
      ])
    }).pipe(Effect.scoped)
  )
})
