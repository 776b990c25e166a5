import { assert, describe, it } from "@effect/vitest"
import { Tape } from "@kalshibook/store/tape/Tape"
import * as TapeMemory from "@kalshibook/store/tape/TapeMemory"
import { Effect, Exit, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { appendTexts, entriesFrom, textOf } from "./Entries.ts"
import { tapeSuite } from "./TapeSuite.ts"

describe("Tape (memory)", () => {
  tapeSuite(
    Effect.sync(() => {
      const memory = TapeMemory.make()
      return {
        layer: (settings) => Tape.layerMemory(memory, settings),
        crash: Effect.sync(() => TapeMemory.crash(memory))
      }
    })
  )
})

describe("TapeMemory", () => {
  it.effect("syncs by the Effect clock, so long after the first entry that is not synced", () => {
    const memory = TapeMemory.make()
    return Effect.gen(function* () {
      const tape = yield* Tape
      appendTexts(tape, ["one"])
      yield* TestClock.adjust(30)
      appendTexts(tape, ["two"])
      yield* TestClock.adjust(19)
      assert.strictEqual(tape.synced(), 0)
      yield* TestClock.adjust(1)
      assert.strictEqual(tape.synced(), 2)
      yield* TestClock.adjust(1_000)
      appendTexts(tape, ["three"])
      yield* TestClock.adjust(49)
      assert.strictEqual(tape.synced(), 2)
      yield* TestClock.adjust(1)
      assert.strictEqual(tape.synced(), 3)
    }).pipe(Effect.provide(Tape.layerMemory(memory)))
  })

  it.effect(
    "may leave of a crash what was not synced, up to a chosen entry, and lets the dead writer write into nothing",
    () => {
      const memory = TapeMemory.make()
      return Effect.gen(function* () {
        yield* Effect.gen(function* () {
          const dead = yield* Tape
          appendTexts(dead, ["one", "two"])
          yield* TestClock.adjust(50)
          appendTexts(dead, ["three", "four", "five"])
          TapeMemory.crash(memory, 4)
          appendTexts(dead, ["never"])
          yield* Effect.gen(function* () {
            const tape = yield* Tape
            assert.strictEqual(tape.id, dead.id)
            assert.strictEqual(tape.appended(), 4)
            appendTexts(tape, ["five again", "six again"])
            yield* TestClock.adjust(50)
            assert.deepStrictEqual((yield* entriesFrom(3)).map(textOf), ["three", "four", "five again", "six again"])
            assert.strictEqual(dead.synced(), 2)
            assert.isTrue(Exit.isFailure(yield* Effect.exit(dead.untilSynced(5))))
          }).pipe(Effect.provide(Tape.layerMemory(memory), { local: true }))
        }).pipe(Effect.provide(Tape.layerMemory(memory)))
        assert.strictEqual(memory.entries.length, 6)
      })
    }
  )

  it.effect("fails as a full disk does when it is told to, and goes on when it is opened again", () => {
    const memory = TapeMemory.make()
    return Effect.gen(function* () {
      yield* Effect.gen(function* () {
        const tape = yield* Tape
        appendTexts(tape, ["one"])
        yield* TestClock.adjust(50)
        appendTexts(tape, ["lost"])
        const waiting = yield* Effect.forkChild(tape.untilSynced(2))
        yield* TestClock.adjust(1)
        TapeMemory.fail(memory, "disk_full")
        assert.strictEqual((yield* Effect.flip(tape.failed)).reason, "disk_full")
        assert.isTrue(Exit.isFailure(yield* Fiber.await(waiting)))
        assert.strictEqual((yield* tape.status).failure?.reason, "disk_full")
      }).pipe(Effect.provide(Tape.layerMemory(memory)))
      yield* Effect.gen(function* () {
        assert.deepStrictEqual((yield* entriesFrom(1)).map(textOf), ["one"])
        assert.strictEqual((yield* Tape).appended(), 1)
      }).pipe(Effect.provide(Tape.layerMemory(memory)))
    })
  })
})
