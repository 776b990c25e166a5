/**
 * Many callers, few statements: what comes while one runs goes together into the next. So the cost of a round trip and of a commit is shared
 * by all that wait, and nobody waits for more than the statement before.
 *
 * Fair: every owner has a line of its own, and a statement takes one of each in turn. Whoever sends a thousand at once waits for himself: a
 * statement is sent beside another for those who are not in that one, since the database makes two of one owner wait for each other.
 *
 * Where a full one waits it is sent all the same: the database goes on with it at once, however long the process needs to tell the answers
 * of the one before. Else database and process wait for each other in turn, and both are idle half of the time.
 */
import { Effect, Exit, FiberSet, type Scope } from "effect"

export interface BatchesOptions<Item, Result, E> {
  /** In one statement, at most. */
  readonly itemsMax: number
  /** Statements that run at a time. */
  readonly atOnceMax: number
  readonly ownerOf: (item: Item) => string
  /** The results in the order of the items. */
  readonly run: (items: ReadonlyArray<Item>) => Effect.Effect<ReadonlyArray<Result>, E>
}

interface Waiting<Item, Result, E> {
  readonly item: Item
  readonly resume: (answer: Effect.Effect<Result, E>) => void
}

/**
 * What runs an item within some statement, as long as the scope is open; then all that wait are interrupted. An item whose caller went away is
 * run all the same.
 */
export const make = Effect.fnUntraced(function* <Item, Result, E>(
  options: BatchesOptions<Item, Result, E>
): Effect.fn.Return<(item: Item) => Effect.Effect<Result, E>, never, Scope.Scope> {
  const fork = yield* FiberSet.makeRuntime<never, void, never>()
  const lines = new Map<string, Array<Waiting<Item, Result, E>>>()
  let waiting = 0
  /** In how many statements that run an owner has items. */
  const running = new Map<string, number>()
  let statements = 0
  let isClosed = false

  /** One of each owner in turn, of those that nothing runs of or of all. */
  const take = (ofAll: boolean): ReadonlyArray<Waiting<Item, Result, E>> => {
    const taken: Array<Waiting<Item, Result, E>> = []
    let before = -1
    while (taken.length < options.itemsMax && taken.length > before) {
      before = taken.length
      for (const [owner, line] of lines) {
        if (!ofAll && running.has(owner)) continue
        const next = line.shift()
        if (next !== undefined) taken.push(next)
        // Behind the others, so that the next statement begins with whoever had no place in this one.
        lines.delete(owner)
        if (line.length > 0) lines.set(owner, line)
        if (taken.length >= options.itemsMax) break
      }
    }
    waiting -= taken.length
    return taken
  }

  const statement = (taken: ReadonlyArray<Waiting<Item, Result, E>>) => {
    const owners = new Set(taken.map(({ item }) => options.ownerOf(item)))
    statements++
    for (const owner of owners) running.set(owner, (running.get(owner) ?? 0) + 1)
    const end = (exit: Exit.Exit<ReadonlyArray<Result>, E>): void => {
      statements--
      for (const owner of owners) {
        const left = (running.get(owner) ?? 1) - 1
        if (left > 0) running.set(owner, left)
        else running.delete(owner)
      }
      // Before the answers are told: the database need not wait for that.
      start()
      for (const [index, { resume }] of taken.entries()) {
        resume(Exit.map(exit, (results) => results[index] as Result))
      }
    }
    const run = options.run(taken.map(({ item }) => item))
    return Effect.asVoid(Effect.exit(Effect.onExit(run, (exit) => Effect.sync(() => end(exit)))))
  }

  const start = (): void => {
    while (statements < options.atOnceMax && waiting > 0) {
      const others = take(false)
      const taken = others.length === 0 && waiting >= options.itemsMax ? take(true) : others
      if (taken.length === 0) return
      fork(statement(taken))
    }
  }

  // Nobody waits for a statement that is never sent.
  yield* Effect.addFinalizer(() =>
    Effect.sync(() => {
      isClosed = true
      for (const line of lines.values()) for (const { resume } of line) resume(Effect.interrupt)
      lines.clear()
      waiting = 0
    })
  )

  return (item) =>
    Effect.callback<Result, E>((resume) => {
      if (isClosed) return resume(Effect.interrupt)
      const owner = options.ownerOf(item)
      const line = lines.get(owner)
      if (line === undefined) lines.set(owner, [{ item, resume }])
      else line.push({ item, resume })
      waiting++
      start()
    })
})
