/**
 * Many callers, one statement at a time: what comes while a statement runs goes together into the next. So the cost of a round trip and of
 * a commit is shared by all that wait, and nobody waits for more than the statement before.
 *
 * Fair: every owner has a line of its own, and a statement takes one of each in turn. Whoever sends a thousand at once waits for himself.
 */
import { Effect, Exit, Latch, type Scope } from "effect"

export interface BatchesOptions<Item, Result, E> {
  /** In one statement, at most. */
  readonly itemsMax: number
  readonly ownerOf: (item: Item) => string
  /** The results in the order of the items. */
  readonly run: (items: ReadonlyArray<Item>) => Effect.Effect<ReadonlyArray<Result>, E>
}

interface Waiting<Item, Result, E> {
  readonly item: Item
  readonly resume: (answer: Effect.Effect<Result, E>) => void
}

/** What runs an item within some statement. Works as long as the scope. An item whose caller went away is run all the same. */
export const make = Effect.fnUntraced(function* <Item, Result, E>(
  options: BatchesOptions<Item, Result, E>
): Effect.fn.Return<(item: Item) => Effect.Effect<Result, E>, never, Scope.Scope> {
  const lines = new Map<string, Array<Waiting<Item, Result, E>>>()
  const work = yield* Latch.make()

  const take = (): ReadonlyArray<Waiting<Item, Result, E>> => {
    const taken: Array<Waiting<Item, Result, E>> = []
    while (taken.length < options.itemsMax && lines.size > 0) {
      for (const [owner, line] of lines) {
        const next = line.shift()
        if (next !== undefined) taken.push(next)
        // Behind the others, so that the next statement begins with whoever had no place in this one.
        lines.delete(owner)
        if (line.length > 0) lines.set(owner, line)
        if (taken.length >= options.itemsMax) break
      }
    }
    return taken
  }

  const once = Effect.gen(function* () {
    yield* work.await
    // Whoever was just answered, and whoever is at the door, comes along: statements are fewer and larger.
    yield* Effect.yieldNow
    const taken = take()
    if (lines.size === 0) work.closeUnsafe()
    if (taken.length === 0) return
    const exit = yield* Effect.exit(options.run(taken.map(({ item }) => item)))
    for (const [index, { resume }] of taken.entries()) {
      resume(Exit.map(exit, (results) => results[index] as Result))
    }
  })
  yield* Effect.forkScoped(Effect.forever(once))

  return (item) =>
    Effect.callback<Result, E>((resume) => {
      const owner = options.ownerOf(item)
      const line = lines.get(owner)
      if (line === undefined) lines.set(owner, [{ item, resume }])
      else line.push({ item, resume })
      work.openUnsafe()
    })
})
