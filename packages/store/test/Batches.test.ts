import { assert, describe, it } from "@effect/vitest"
import * as Batches from "@kalshibook/store/Batches"
import { Deferred, Effect, Exit, Fiber, Scope } from "effect"

interface Statement {
  readonly names: string
  readonly end: Deferred.Deferred<void, string>
}

/** Statements of three items, two at a time, that run until they are let go of. An item's owner is its first letter. */
const held = Effect.gen(function* () {
  const begun: Array<Statement> = []
  const run = yield* Batches.make({
    itemsMax: 3,
    atOnceMax: 2,
    ownerOf: (name: string) => name.slice(0, 1),
    run: (names) => {
      const end = Deferred.makeUnsafe<void, string>()
      begun.push({ names: names.join(" "), end })
      return Effect.as(
        Deferred.await(end),
        names.map((name) => `${name} done`)
      )
    }
  })
  const settled = Effect.repeat(Effect.yieldNow, { times: 10 })
  return {
    statements: () => begun.map(({ names }) => names),
    ask: (...names: ReadonlyArray<string>) =>
      Effect.tap(
        Effect.forEach(names, (name) => Effect.forkChild(run(name))),
        settled
      ),
    end: (at: number, with_ = Effect.void as Effect.Effect<void, string>) =>
      Effect.andThen(Deferred.complete((begun[at] as Statement).end, with_), settled)
  }
})

describe("statements that callers share", () => {
  it.effect("begin at once where none runs, and take all that came meanwhile into the next", () =>
    Effect.gen(function* () {
      const { ask, end, statements } = yield* held
      const asked = yield* ask("a1", "a2", "a3")
      assert.deepStrictEqual(statements(), ["a1"])
      yield* end(0)
      assert.deepStrictEqual(statements(), ["a1", "a2 a3"])
      yield* end(1)
      assert.deepStrictEqual(yield* Effect.forEach(asked, Fiber.join), ["a1 done", "a2 done", "a3 done"])
    })
  )

  it.effect("run two at a time where a full one waits, and never three", () =>
    Effect.gen(function* () {
      const { ask, end, statements } = yield* held
      yield* ask("a1", "a2", "a3", "a4", "a5", "a6", "a7")
      assert.deepStrictEqual(statements(), ["a1", "a2 a3 a4"])
      yield* end(1)
      assert.deepStrictEqual(statements(), ["a1", "a2 a3 a4", "a5 a6 a7"])
      yield* ask("a8")
      yield* end(0)
      // Not full, while another runs.
      assert.strictEqual(statements().length, 3)
      yield* end(2)
      assert.deepStrictEqual(statements().at(-1), "a8")
    })
  )

  it.effect("take one item of each owner in turn, however many one has waiting", () =>
    Effect.gen(function* () {
      const { ask, end, statements } = yield* held
      yield* ask("a1", "b1", "a2", "a3", "b2", "c1", "d1")
      assert.deepStrictEqual(statements(), ["a1", "b1"])
      yield* end(0)
      assert.deepStrictEqual(statements().at(-1), "a2 c1 d1")
    })
  )

  it.effect("begin at once for whoever is in none that runs, and with nobody who is", () =>
    Effect.gen(function* () {
      const { ask, end, statements } = yield* held
      yield* ask("a1", "a2", "b1")
      assert.deepStrictEqual(statements(), ["a1", "b1"])
      yield* ask("a3", "c1")
      yield* end(1)
      assert.deepStrictEqual(statements(), ["a1", "b1", "c1"])
      yield* end(0)
      assert.deepStrictEqual(statements(), ["a1", "b1", "c1", "a2 a3"])
    })
  )

  it.effect("fail for those alone that were in them", () =>
    Effect.gen(function* () {
      const { ask, end } = yield* held
      const [first, second] = yield* ask("a1", "a2")
      yield* end(0, Effect.fail("away"))
      yield* end(1)
      assert.strictEqual(yield* Effect.flip(Fiber.join(first as Fiber.Fiber<string, string>)), "away")
      assert.strictEqual(yield* Fiber.join(second as Fiber.Fiber<string, string>), "a2 done")
    })
  )

  it.effect("leave nobody waiting when they end", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const { ask } = yield* Scope.provide(held, scope)
      const asked = yield* ask("a1", "a2")
      yield* Scope.close(scope, Exit.void)
      for (const fiber of asked) assert.isTrue(Exit.hasInterrupts(yield* Fiber.await(fiber)))
    })
  )
})
