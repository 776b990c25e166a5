/**
 * Applying changes to books: ours, with its digest, against the `OrderBook` of npm `tardis-dev`, on the same changes.
 *
 * Each engine gets the changes in its own form, prepared beforehand: ours signed whole numbers, theirs absolute amounts in
 * dollars. Both run in one process and take turns; afterwards every book is compared level by level.
 */
import * as Book from "@kalshibook/core/Book"
import type { Side } from "@kalshibook/core/BookRecord"
import * as PriceGrid from "@kalshibook/core/PriceGrid"
import { dollarE4 } from "@kalshibook/core/Units"
import * as Prng from "@kalshibook/simulator/exchange/Prng"
import * as Option from "effect/Option"
import { type BookChange, OrderBook } from "tardis-dev"
import { type BenchRow, median, rate } from "./BenchTable.ts"

const marketCount = 2_000
const changeCount = 200_000
/** Ours and theirs take turns so often: both meet the same neighbours on the machine, and a median forgets the worst of them. */
const sliceChanges = 100_000
const roundCount = 7
const ratioPromised = 5

/**
 * The grids of the markets, in turn, with the share of prices that hold a level when the book opens: as in books recorded from the
 * exchange, about 95 levels on whole cents and 200 on finer grids.
 */
const grids = [
  { label: "linear_cent", filledShare: 0.95 },
  { label: "deci_cent", filledShare: 0.2 },
  { label: "tapered_deci_cent", filledShare: 0.75 }
]

/** How often a change takes a whole level away, and how often it makes a new one; the rest changes a size. Recorded: 2 and 2 of 100. */
const removeShare = 0.05
const insertShare = 0.05

interface Change {
  readonly market: number
  readonly side: Side
  readonly priceE4: number
  readonly deltaE2: number
}

interface Workload {
  readonly opening: ReadonlyArray<Change>
  readonly changes: ReadonlyArray<Change>
  readonly openingTheirs: ReadonlyArray<TheirChange>
  readonly changesTheirs: ReadonlyArray<TheirChange>
}

interface TheirChange {
  readonly market: number
  readonly change: BookChange
}

const priceLevels = (label: string): ReadonlyArray<number> =>
  PriceGrid.prices(Option.getOrThrow(PriceGrid.gridOf(label)))

/** A bid for yes stays below `middle`, a bid for no below its complement, so that no book is crossed. */
const sidePrices = (prices: ReadonlyArray<number>, side: Side, middleE4: number): ReadonlyArray<number> =>
  prices.filter((priceE4) => (side === "yes" ? priceE4 < middleE4 : priceE4 < dollarE4 - middleE4))

/** One side of one market while the workload is made: its sizes by price, and the prices that have one. */
interface SideState {
  readonly prices: ReadonlyArray<number>
  readonly sizes: Map<number, number>
}

const prepare = (): Workload => {
  const prng = Prng.make(20261121, 0)
  const pricesOf = new Map(grids.map(({ label }) => [label, priceLevels(label)]))
  const states = new Map<string, SideState>()
  const sizes = new Map<string, number>()
  const opening: Array<Change> = []
  const changes: Array<Change> = []
  const openingTheirs: Array<TheirChange> = []
  const changesTheirs: Array<TheirChange> = []

  const record = (ours: Array<Change>, theirs: Array<TheirChange>, change: Change): void => {
    const key = `${change.market} ${change.side} ${change.priceE4}`
    const sizeE2 = (sizes.get(key) ?? 0) + change.deltaE2
    sizes.set(key, sizeE2)
    ours.push(change)
    theirs.push({ market: change.market, change: theirChange(change, sizeE2) })
  }

  for (let market = 0; market < marketCount; market++) {
    const { label, filledShare } = grids[market % grids.length] as (typeof grids)[number]
    const middleE4 = Prng.between(prng, dollarE4 / 5, (dollarE4 * 4) / 5)
    for (const side of ["yes", "no"] as const) {
      const prices = sidePrices(pricesOf.get(label) ?? [], side, middleE4)
      const state: SideState = { prices, sizes: new Map() }
      states.set(`${market} ${side}`, state)
      for (const priceE4 of Prng.shuffled(prng, prices)) {
        if (!Prng.chance(prng, filledShare)) continue
        const deltaE2 = Prng.between(prng, 1, 500_000)
        state.sizes.set(priceE4, deltaE2)
        record(opening, openingTheirs, { market, side, priceE4, deltaE2 })
      }
    }
  }
  const pickMarket = zipf(marketCount)
  while (changes.length < changeCount) {
    const market = pickMarket(Prng.fraction(prng))
    const side = Prng.chance(prng, 0.5) ? "yes" : "no"
    const state = states.get(`${market} ${side}`) as SideState
    const change = nextChange(prng, state)
    if (change !== undefined) record(changes, changesTheirs, { market, side, ...change })
  }
  // Copies, so that each form lies together in memory, as if it had just been received.
  return {
    opening,
    changes: changes.map((change) => ({ ...change })),
    openingTheirs,
    changesTheirs: changesTheirs.map(({ market, change }) => ({ market, change: copyOf(change) }))
  }
}

/** A market for a fraction in [0, 1): a few hot ones and many quiet ones, the k-th 1/k times as busy as the first. */
const zipf = (count: number): ((fraction: number) => number) => {
  const bounds = new Float64Array(count)
  let total = 0
  for (let rank = 0; rank < count; rank++) {
    total += 1 / (rank + 1)
    bounds[rank] = total
  }
  return (fraction) => {
    let low = 0
    let high = count - 1
    while (low < high) {
      const middle = (low + high) >> 1
      if ((bounds[middle] as number) > fraction * total) high = middle
      else low = middle + 1
    }
    return low
  }
}

/** A price near the best one more often than one far away, as orders lie. */
const nearTop = (prng: Prng.Prng, prices: ReadonlyArray<number>): number =>
  prices[prices.length - 1 - skewed(prng, prices.length)] as number

/** A whole number in [0, count), small ones more often. */
const skewed = (prng: Prng.Prng, count: number): number => Math.floor(count * Prng.fraction(prng) ** 3)

const nextChange = (prng: Prng.Prng, state: SideState): { priceE4: number; deltaE2: number } | undefined => {
  const action = Prng.fraction(prng)
  if (action < insertShare || state.sizes.size === 0) {
    const priceE4 = nearTop(prng, state.prices)
    const deltaE2 = Prng.between(prng, 1, 500_000)
    state.sizes.set(priceE4, (state.sizes.get(priceE4) ?? 0) + deltaE2)
    return { priceE4, deltaE2 }
  }
  const priceE4 = nearTop(prng, state.prices)
  const sizeE2 = state.sizes.get(priceE4)
  if (sizeE2 === undefined) return undefined
  if (action < insertShare + removeShare) {
    state.sizes.delete(priceE4)
    return { priceE4, deltaE2: -sizeE2 }
  }
  const target = Prng.between(prng, 1, 500_000)
  if (target === sizeE2) return undefined
  state.sizes.set(priceE4, target)
  return { priceE4, deltaE2: target - sizeE2 }
}

const theirChange = ({ side, priceE4 }: Change, sizeE2: number): BookChange => {
  const level = { price: (side === "yes" ? priceE4 : dollarE4 - priceE4) / dollarE4, amount: sizeE2 / 100 }
  const timestamp = new Date(0)
  const head = {
    type: "book_change",
    symbol: "",
    exchange: "bitmex",
    isSnapshot: false,
    timestamp,
    localTimestamp: timestamp
  } as const
  return side === "yes" ? { ...head, bids: [level], asks: [] } : { ...head, bids: [], asks: [level] }
}

const copyOf = (change: BookChange): BookChange => ({
  ...change,
  bids: change.bids.map((level) => ({ ...level })),
  asks: change.asks.map((level) => ({ ...level }))
})

const openOurs = (workload: Workload): ReadonlyArray<Book.Book> => {
  const books = Array.from({ length: marketCount }, () => Book.make())
  applyOurs(books, workload.opening)
  return books
}

const applyOurs = (books: ReadonlyArray<Book.Book>, changes: ReadonlyArray<Change>, from = 0, to = changes.length) => {
  for (let index = from; index < to; index++) {
    const change = changes[index] as Change
    const problem = Book.apply(books[change.market] as Book.Book, change.side, change.priceE4, change.deltaE2)
    if (problem !== undefined) throw new Error(`change ${index}: ${problem}`)
  }
}

const openTheirs = (workload: Workload): ReadonlyArray<OrderBook> => {
  const books = Array.from({ length: marketCount }, () => {
    const book = new OrderBook()
    book.update({ ...theirChange({ market: 0, side: "yes", priceE4: 1, deltaE2: 0 }, 0), isSnapshot: true, bids: [] })
    return book
  })
  applyTheirs(books, workload.openingTheirs)
  return books
}

const applyTheirs = (
  books: ReadonlyArray<OrderBook>,
  changes: ReadonlyArray<TheirChange>,
  from = 0,
  to = changes.length
) => {
  for (let index = from; index < to; index++) {
    const { market, change } = changes[index] as TheirChange
    ;(books[market] as OrderBook).update(change)
  }
}

/** Processor seconds of this thread: other programs on the machine do not count. */
const timed = (work: () => void): number => {
  const started = process.threadCpuUsage()
  work()
  const { system, user } = process.threadCpuUsage(started)
  return (system + user) / 1e6
}

/** Compares both books of a market, price and size, level by level, best first. Returns how many levels were compared. */
const compare = (ours: Book.Book, theirs: OrderBook): number => {
  const { yes, no } = Book.levels(ours)
  const expected = {
    bids: yes.map(({ priceE4, sizeE2 }) => `${priceE4} ${sizeE2}`).reverse(),
    asks: no.map(({ priceE4, sizeE2 }) => `${dollarE4 - priceE4} ${sizeE2}`).reverse()
  }
  const text = ({ price, amount }: { price: number; amount: number }) =>
    `${Math.round(price * dollarE4)} ${Math.round(amount * 100)}`
  const found = { bids: [...theirs.bids()].map(text), asks: [...theirs.asks()].map(text) }
  if (JSON.stringify(expected) !== JSON.stringify(found)) throw new Error("the books differ")
  return yes.length + no.length
}

export const run = async (): Promise<ReadonlyArray<BenchRow>> => {
  const workload = prepare()
  const secondsOurs: Array<number> = []
  const secondsTheirs: Array<number> = []
  let levels = 0
  for (let round = 0; round <= roundCount; round++) {
    const ours = openOurs(workload)
    const theirs = openTheirs(workload)
    for (let from = 0; from < changeCount; from += sliceChanges) {
      const to = from + sliceChanges
      const oursSeconds = timed(() => applyOurs(ours, workload.changes, from, to))
      const theirsSeconds = timed(() => applyTheirs(theirs, workload.changesTheirs, from, to))
      if (round === 0) continue // the first round warms both up
      secondsOurs.push(oursSeconds)
      secondsTheirs.push(theirsSeconds)
    }
    if (round === 0) levels = ours.reduce((sum, book, market) => sum + compare(book, theirs[market] as OrderBook), 0)
  }
  const ratio = median(secondsTheirs.map((seconds, slice) => seconds / (secondsOurs[slice] as number)))
  return [
    {
      what: `book apply with digest, ${marketCount} markets on mixed grids, ${levels} levels equal; baseline tardis-dev OrderBook`,
      ours: rate(sliceChanges / median(secondsOurs)),
      baseline: rate(sliceChanges / median(secondsTheirs)),
      ratio: `${ratio.toFixed(1)}x`,
      promised: `at least ${ratioPromised}x`,
      passed: ratio >= ratioPromised
    }
  ]
}
