/** What a tape promises, wherever it lies. Runs over each implementation. */
import { assert, it } from "@effect/vitest"
import type { TapeEntry, TapeEntryKind } from "@kalshibook/core/TapeEntry"
import { Tape, TapeError } from "@kalshibook/store/tape/Tape"
import type { TapeSettings } from "@kalshibook/store/tape/TapeSettings"
import { Cause, Effect, Exit, Fiber, Layer, Option, Stream } from "effect"
import { appendTexts, entriesFrom, textOf } from "./Entries.ts"

/** A place for one tape, at first without any. */
export interface TapePlace {
  readonly layer: (settings?: Partial<TapeSettings>) => Layer.Layer<Tape, TapeError>
  /** Whoever writes dies this moment: from now on the place holds what a crash leaves. */
  readonly crash: Effect.Effect<void>
}

export const tapeSuite = (make: Effect.Effect<TapePlace>): void => {
  const promise = (title: string, test: (place: TapePlace) => Effect.Effect<void, TapeError>) =>
    it.live(title, () => Effect.flatMap(make, test))

  const opened = <A>(place: TapePlace, use: Effect.Effect<A, TapeError, Tape>, settings?: Partial<TapeSettings>) =>
    Effect.provide(use, place.layer(settings))

  promise("gives back every entry as it was taken, numbered from 1", (place) =>
    opened(
      place,
      Effect.gen(function* () {
        const tape = yield* Tape
        const kinds: ReadonlyArray<TapeEntryKind> = ["received", "sent", "act", "checkpoint_begin", "checkpoint_part"]
        const taken = kinds.map((kind, index) => {
          const entry = {
            kind,
            epoch: index === 0 ? 0 : 4_294_967_295 - index,
            tsReceivedMicros: Number.MAX_SAFE_INTEGER - 10 + index,
            body: Buffer.from(index === 1 ? [] : [0xf5, 0x4b, 0x42, 0x54, index])
          }
          return { ...entry, number: tape.append(entry) }
        })
        assert.strictEqual(tape.appended(), kinds.length)
        yield* tape.untilSynced(kinds.length)
        assert.strictEqual(tape.synced(), kinds.length)
        const found = yield* entriesFrom(1)
        assert.deepStrictEqual(
          found.map(({ tsMonotonicMicros, ...entry }) => entry),
          taken
        )
        assert.isTrue(found.every(({ tsMonotonicMicros }) => Number.isSafeInteger(tsMonotonicMicros)))
      })
    )
  )

  promise("keeps its own copy of a body", (place) =>
    opened(
      place,
      Effect.gen(function* () {
        const tape = yield* Tape
        const body = Buffer.from("before")
        tape.append({ kind: "received", epoch: 1, tsReceivedMicros: 1, body })
        body.write("after!")
        yield* tape.untilSynced(1)
        assert.deepStrictEqual((yield* entriesFrom(1)).map(textOf), ["before"])
      })
    )
  )

  promise("takes an entry of many megabytes between small ones", (place) =>
    opened(
      place,
      Effect.gen(function* () {
        const tape = yield* Tape
        const large = Buffer.alloc(5_000_000, "large")
        appendTexts(tape, ["one"])
        tape.append({ kind: "received", epoch: 1, tsReceivedMicros: 1_000_002, body: large })
        appendTexts(tape, ["three"])
        yield* tape.untilSynced(3)
        const [one, two, three] = yield* entriesFrom(1)
        assert.deepStrictEqual([one, three].map(textOf), ["one", "three"])
        assert.isTrue(two !== undefined && large.equals(two.body))
      })
    )
  )

  promise("tells who waits for an entry that is yet to come", (place) =>
    opened(
      place,
      Effect.gen(function* () {
        const tape = yield* Tape
        const waiting = yield* Effect.forkChild(tape.untilSynced(2))
        appendTexts(tape, ["one"])
        yield* tape.untilSynced(1)
        assert.isUndefined(waiting.pollUnsafe())
        appendTexts(tape, ["two"])
        yield* Effect.yieldNow
        const exit = yield* Fiber.await(waiting)
        assert.isTrue(Exit.isSuccess(exit))
        assert.isAtLeast(tape.synced(), 2)
      })
    )
  )

  promise("goes on behind the last entry when it is opened again, as the same tape", (place) =>
    Effect.gen(function* () {
      const first = yield* opened(
        place,
        Effect.gen(function* () {
          const tape = yield* Tape
          assert.strictEqual(tape.appended(), 0)
          appendTexts(tape, ["one", "two"])
          return tape.id
        })
      )
      yield* opened(
        place,
        Effect.gen(function* () {
          const tape = yield* Tape
          assert.strictEqual(tape.id, first)
          assert.strictEqual(tape.appended(), 2)
          assert.strictEqual(tape.synced(), 2)
          appendTexts(tape, ["three"])
          yield* tape.untilSynced(3)
          assert.deepStrictEqual((yield* entriesFrom(1)).map(textOf), ["one", "two", "three"])
        })
      )
    })
  )

  promise("loses nothing that was synced in a crash, and of the rest at most the end", (place) =>
    Effect.gen(function* () {
      const taken = Array.from({ length: 3_000 }, (_, index) => `entry ${index + 1}`)
      const synced = yield* opened(
        place,
        Effect.gen(function* () {
          const tape = yield* Tape
          appendTexts(tape, taken.slice(0, 1_000))
          yield* tape.untilSynced(1_000)
          appendTexts(tape, taken.slice(1_000))
          yield* place.crash
          return 1_000
        })
      )
      yield* opened(
        place,
        Effect.gen(function* () {
          const tape = yield* Tape
          assert.isAtLeast(tape.appended(), synced)
          const found = (yield* entriesFrom(1)).map(textOf)
          assert.deepStrictEqual(found, taken.slice(0, tape.appended()))
          appendTexts(tape, ["after"])
          yield* tape.untilSynced(tape.appended())
          assert.deepStrictEqual((yield* entriesFrom(1)).map(textOf), [...found, "after"])
        })
      )
    })
  )

  promise("survives crash after crash with nothing appended between", (place) =>
    Effect.gen(function* () {
      yield* opened(
        place,
        Effect.flatMap(Tape, (tape) => {
          appendTexts(tape, ["one"])
          return Effect.andThen(tape.untilSynced(1), place.crash)
        })
      )
      for (let time = 0; time < 3; time++) yield* opened(place, place.crash)
      yield* opened(
        place,
        Effect.gen(function* () {
          const tape = yield* Tape
          assert.strictEqual(tape.appended(), 1)
          assert.deepStrictEqual((yield* entriesFrom(1)).map(textOf), ["one"])
          assert.strictEqual((yield* tape.status).segments, 1)
        })
      )
    })
  )

  promise("is not opened twice", (place) =>
    opened(
      place,
      Effect.gen(function* () {
        const exit = yield* Effect.exit(Effect.scoped(Layer.build(Layer.fresh(place.layer()))))
        assert.isTrue(Exit.isFailure(exit))
        const error = Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined
        assert.isTrue(error instanceof TapeError && error.reason === "locked" && !error.isRetryable)
      })
    )
  )

  promise("reads from any entry on, over all segments, in order", (place) =>
    opened(
      place,
      Effect.gen(function* () {
        const tape = yield* Tape
        const taken: Array<string> = []
        for (let segment = 0; segment < 5; segment++) {
          const texts = Array.from({ length: 700 }, (_, index) => `${segment} ${index}`)
          appendTexts(tape, texts)
          taken.push(...texts)
          yield* tape.rotate
          yield* tape.rotate
        }
        yield* tape.untilSynced(taken.length)
        assert.strictEqual((yield* tape.status).segments, 5)
        for (const from of [-3, 1, 2, 699, 700, 701, 1_400, 1_401, 2_222, taken.length, taken.length + 1]) {
          const found = yield* entriesFrom(from)
          assert.deepStrictEqual(found.map(textOf), taken.slice(Math.max(0, from - 1)))
          assert.deepStrictEqual(
            found.map(({ number }) => number),
            taken.map((_, index) => index + 1).slice(Math.max(0, from - 1))
          )
        }
      })
    )
  )

  promise("reads what is synced while more is being appended", (place) =>
    opened(
      place,
      Effect.gen(function* () {
        const tape = yield* Tape
        const found: Array<TapeEntry> = []
        let isComplete = false
        const reading = Effect.gen(function* () {
          while (!isComplete || found.length < tape.synced()) {
            const groups = tape.read(found.length + 1)
            yield* Stream.runForEach(groups, (group) => Effect.sync(() => found.push(...group)))
            yield* Effect.sleep(1)
          }
        })
        const reader = yield* Effect.forkChild(reading)
        for (let round = 0; round < 60; round++) {
          appendTexts(
            tape,
            Array.from({ length: 100 }, (_, index) => `${round} ${index}`)
          )
          if (round % 20 === 10) yield* tape.rotate
          yield* Effect.sleep(1)
        }
        yield* tape.untilSynced(tape.appended())
        isComplete = true
        yield* Fiber.join(reader)
        assert.strictEqual(found.length, 6_000)
        assert.isTrue(found.every(({ number }, index) => number === index + 1))
      })
    )
  )

  promise("says when a segment is large enough to be closed", (place) =>
    opened(
      place,
      Effect.gen(function* () {
        const tape = yield* Tape
        assert.isFalse(tape.isRotationDue())
        appendTexts(tape, ["x".repeat(600)])
        assert.isFalse(tape.isRotationDue())
        appendTexts(tape, ["x".repeat(600)])
        assert.isTrue(tape.isRotationDue())
        yield* tape.rotate
        assert.isFalse(tape.isRotationDue())
        appendTexts(tape, ["x".repeat(600)])
        assert.isFalse(tape.isRotationDue())
      }),
      { segmentBytesMax: 1_200 }
    )
  )

  promise("says when a segment is old enough to be closed, but not while it is empty", (place) =>
    opened(
      place,
      Effect.gen(function* () {
        const tape = yield* Tape
        yield* Effect.sleep(15)
        assert.isFalse(tape.isRotationDue())
        appendTexts(tape, ["x"])
        yield* Effect.sleep(15)
        assert.isTrue(tape.isRotationDue())
        yield* tape.rotate
        assert.isFalse(tape.isRotationDue())
      }),
      { segmentMillisMax: 10 }
    )
  )

  promise("finds the newest checkpoint that ended at or before an entry", (place) =>
    opened(
      place,
      Effect.gen(function* () {
        const tape = yield* Tape
        const put = (kind: TapeEntryKind): number =>
          tape.append({ kind, epoch: 0, tsReceivedMicros: 1_000_000, body: Buffer.from("{}") })
        put("received")
        const first = put("checkpoint_begin")
        put("received")
        put("checkpoint_part")
        const firstEnd = put("checkpoint_end")
        yield* tape.rotate
        const second = put("checkpoint_begin")
        put("received")
        const secondEnd = put("checkpoint_end")
        yield* tape.rotate
        const aborted = put("checkpoint_begin")
        put("checkpoint_part")
        yield* tape.rotate
        put("received")
        yield* tape.rotate
        const third = put("checkpoint_begin")
        yield* tape.rotate
        const thirdEnd = put("checkpoint_end")
        yield* tape.untilSynced(thirdEnd)
        const expected: ReadonlyArray<readonly [number, number | undefined]> = [
          [0, undefined],
          [first, undefined],
          [firstEnd - 1, undefined],
          [firstEnd, first],
          [secondEnd - 1, first],
          [secondEnd, second],
          [aborted, second],
          [thirdEnd - 1, second],
          [thirdEnd, third],
          [thirdEnd + 100, third]
        ]
        for (const [at, number] of expected) {
          assert.deepStrictEqual(yield* tape.checkpointBefore(at), Option.fromUndefinedOr(number), `before ${at}`)
        }
      })
    )
  )

  promise("says of itself how far it is", (place) =>
    opened(
      place,
      Effect.gen(function* () {
        const tape = yield* Tape
        appendTexts(tape, ["one", "two"])
        const before = yield* tape.status
        assert.strictEqual(before.entriesAppended, 2)
        assert.strictEqual(before.entriesSynced, 0)
        yield* tape.untilSynced(2)
        const after = yield* tape.status
        assert.strictEqual(after.id, tape.id)
        assert.strictEqual(after.entriesSynced, 2)
        assert.strictEqual(after.segments, 1)
        assert.isAbove(after.bytes, 5)
        assert.strictEqual(after.syncLagMicros, 0)
        assert.strictEqual(after.bytesWaiting, 0)
        assert.isNull(after.failure)
      })
    )
  )
}
