import { assert, it } from "@effect/vitest"
import * as Audit from "@kalshibook/core/Audit"
import * as Book from "@kalshibook/core/Book"
import type { BookRecord, MarketTicker } from "@kalshibook/core/BookRecord"
import * as Replay from "@kalshibook/core/Replay"
import { HotTier } from "@kalshibook/store/HotTier"
import { Context, Effect, Layer, Option } from "effect"
import fc from "fast-check"
import * as LogArbitrary from "../../core/test/LogArbitrary.ts"
import { propertyRuns } from "../../core/test/PropertyRuns.ts"
import { batch } from "../../store/test/Batch.ts"
import * as AuditLog from "../src/AuditLog.ts"

/** A keyframe at every snapshot that is trusted, as a recorder writes them, and at some other records. */
const keyframesOf = (records: ReadonlyArray<BookRecord>, every: number) => {
  const replay = Replay.make()
  return records.flatMap((record) => {
    Replay.apply(replay, record)
    const isDue = record.kind === "snapshot" || record.offset % every === 0
    return isDue ? (Replay.toKeyframe(replay) ?? []) : []
  })
}

const moment = fc.integer({ min: 990, max: 1_400 })

const emptyTier = (): HotTier["Service"] =>
  Layer.build(HotTier.layerMemory).pipe(Effect.map(Context.get(HotTier)), Effect.scoped, Effect.runSync)

it("an audit of what it reads is an audit of the whole log", () => {
  const seen = { passed: 0, failed: 0, undecided: 0 }
  fc.assert(
    fc.property(LogArbitrary.log, moment, moment, fc.nat(60), fc.integer({ min: 2, max: 9 }), (log, ...numbers) => {
      const [one, other, length, every] = numbers
      const window = { tsFromMicros: Math.min(one, other), tsToMicros: Math.max(one, other) }
      const whole = Replay.make()
      Replay.applyUntil(whole, log, window.tsFromMicros, "received")
      const records = log.filter(
        ({ tsReceivedMicros: micros }) => micros > window.tsFromMicros && micros <= window.tsToMicros
      )
      const answered = Replay.make()
      for (const record of log.slice(0, length)) Replay.apply(answered, record)
      const trial = { window, tsAnsweredMicros: window.tsToMicros, answer: Book.levels(answered.book) }
      const hotTier = emptyTier()
      const marketTicker: MarketTicker = log[0]?.marketTicker ?? ""
      const read = hotTier
        .append(batch({ records: log, keyframes: keyframesOf(log, every) }))
        .pipe(Effect.andThen(AuditLog.read(hotTier, marketTicker, window, 1_000)), Effect.runSync)
      const verdict = Audit.judge({ ...trial, ...Option.getOrThrow(read) })
      const truth = Audit.judge({ ...trial, start: whole, records })
      seen[verdict._tag]++
      assert.deepStrictEqual(told(verdict), told(truth))
    }),
    propertyRuns(300)
  )
  for (const [tag, count] of Object.entries(seen)) assert.isAbove(count, 3, tag)
})

/** Without what says which of several kinds of object carries the head of the last record. */
const told = (verdict: Audit.Verdict): unknown =>
  verdict._tag === "undecided" ? verdict : { ...verdict, at: verdict.at.offset }

it.effect("reads page by page, and gives up on a log that is too long", () =>
  Effect.gen(function* () {
    const hotTier = emptyTier()
    const head = { marketTicker: "KX", epoch: 1, sid: 1, seq: 1, tsExchangeMicros: null }
    const records = Array.from(
      { length: 12_000 },
      (_, index): BookRecord => ({
        ...head,
        kind: "snapshot",
        offset: index + 1,
        tsReceivedMicros: 1_000 + Math.floor(index / 7),
        levels: { yes: [], no: [] }
      })
    )
    yield* hotTier.append(batch({ records }))
    const window = { tsFromMicros: 1_000, tsToMicros: 1_000_000 }
    const { start, records: read } = Option.getOrThrow(yield* AuditLog.read(hotTier, "KX", window, 20_000))
    assert.deepStrictEqual([start.last?.offset, read.length], [7, records.length - 7])
    assert.deepStrictEqual(
      read.map(({ offset }) => offset),
      records.slice(7).map(({ offset }) => offset)
    )
    assert.isTrue(Option.isNone(yield* AuditLog.read(hotTier, "KX", window, 6_000)))
  })
)
