/**
 * Puts `Admission` into practice: gives markets their places among the connections, takes them back, and keeps the list of those
 * that there is no room for. Synchronous, and never within a frame; whoever waits is woken by latches.
 */
import type { GapCause, MarketTicker } from "@kalshibook/core/BookRecord"
import * as PriceGrid from "@kalshibook/core/PriceGrid"
import * as Admission from "./Admission.ts"
import * as Journal from "./Journal.ts"
import type { MarketPlan } from "./MarketPlan.ts"
import type { Cell, RecordingState } from "./Recording.ts"
import * as Slots from "./Slots.ts"

/** Markets in one act of the tape. */
const marketsPerAct = 200

/**
 * Gives the market a place, and begins, or goes on with, its log; a market that is lower by rule may have to go for it. Returns
 * whether it has one.
 */
export const place = (recording: RecordingState, cell: Cell): boolean => {
  const { clock, slots } = recording
  let slot = Slots.assign(slots, cell.ticker, clock.nowMicros())
  if (slot === undefined && mayPlace(recording, cell.weight)) {
    const lower = Admission.displaced(placed(recording), cell.weight)
    if (lower !== undefined) turnAway(recording, lower.cell)
    slot = Slots.assign(slots, cell.ticker, clock.nowMicros())
  }
  if (slot === undefined) return false
  cell.slot = slot
  cell.unplaced.closeUnsafe()
  count(recording, cell, 1)
  begin(recording, cell.ticker)
  allowPrices(recording, cell)
  return true
}

/** Whether there is room for a market like this, or one that is lower by rule would have to go for it. */
export const mayPlace = ({ placedByRank, slots }: RecordingState, { rank }: Admission.Weight): boolean =>
  Slots.room(slots) > 0 || [...placedByRank].some(([each, markets]) => each > rank && markets > 0)

/** The market's log goes on where it ended. */
const begin = (recording: RecordingState, ticker: MarketTicker): void => {
  if (recording.recorder.logs.has(ticker)) return
  const end = recording.ends.get(ticker) ?? null
  Journal.act(recording, 0, { act: "begin", ticker, end })
  recording.ends.delete(ticker)
}

/** Tells the market's log which prices are right. */
export const allowPrices = (recording: RecordingState, { grid, ticker }: Cell): void => {
  const log = recording.recorder.logs.get(ticker)
  if (log === undefined || PriceGrid.isSame(log.grid, grid)) return
  Journal.act(recording, 0, { act: "prices", ticker, bands: grid.bands })
}

/** The market is not recorded any more. Its fiber, which need not be told otherwise, ends. */
export const letGo = (recording: RecordingState, cell: Cell, cause: GapCause): void => {
  const { cells, recorder, slots } = recording
  const { slot, ticker } = cell
  if (cells.get(ticker) !== cell) return
  cells.delete(ticker)
  cell.slot = null
  if (recorder.logs.has(ticker)) Journal.act(recording, 0, { act: "forget", tickers: [ticker], cause })
  slot?.link?.subscriber.remove(ticker)
  cell.rescheduled.openUnsafe()
  if (slot === null) return
  count(recording, cell, -1)
  Slots.leave(slots, slot, ticker)
}

/** There is no room for the market, or none any more. */
export const turnAway = (recording: RecordingState, cell: Cell): void => {
  recording.noRoom.set(cell.ticker, planOf(recording, cell))
  letGo(recording, cell, "unsubscribed")
}

/** These markets lose their places, and look for others; their logs go on. None of them is followed. */
export const vacate = (recording: RecordingState, tickers: Iterable<MarketTicker>): void => {
  const cells: Array<Cell> = []
  for (const ticker of tickers) {
    const cell = recording.cells.get(ticker)
    if (cell === undefined || cell.slot === null) continue
    const { slot } = cell
    cell.slot = null
    count(recording, cell, -1)
    Slots.leave(recording.slots, slot, ticker)
    cells.push(cell)
  }
  // Those that come first choose first.
  for (const { cell } of Admission.choose(cells.map(standing), cells.length)) cell.unplaced.openUnsafe()
}

/** The first of those that wait, as many as there is room for: they wait no more. */
export const takeWaiting = (recording: RecordingState): ReadonlyArray<MarketPlan> => {
  const { clock, noRoom, slots } = recording
  const nowMicros = clock.nowMicros()
  for (const { closeMicros, phase, ticker } of noRoom.values()) {
    if (phase === "closed" && closeMicros <= nowMicros) noRoom.delete(ticker)
  }
  const plans = Admission.choose(waiting(recording), Slots.room(slots)).map(({ plan }) => plan)
  for (const { ticker } of plans) noRoom.delete(ticker)
  return plans
}

/**
 * Now that all markets were looked at once, puts the whole in order (rule 4 of `Admission`), and closes the books on markets that
 * an earlier run left recorded and that are not any more.
 */
export const settle = (recording: RecordingState): void => {
  const { cells, noRoom, recorder, slots } = recording
  if (noRoom.size > 0) {
    const all = [...placed(recording), ...waiting(recording)]
    const chosen = new Set(Admission.choose<Admission.Standing>(all, Slots.capacity(slots)).map(({ ticker }) => ticker))
    for (const { cell } of placed(recording)) if (!chosen.has(cell.ticker)) turnAway(recording, cell)
    slots.freed.openUnsafe()
  }
  const left = [...recorder.logs.keys()].filter((ticker) => !cells.has(ticker))
  for (let from = 0; from < left.length; from += marketsPerAct) {
    const tickers = left.slice(from, from + marketsPerAct)
    Journal.act(recording, 0, { act: "forget", tickers, cause: "market_closed" })
  }
}

type PlacedStanding = Admission.Standing & { readonly cell: Cell }

const standing = (cell: Cell): PlacedStanding => ({
  ...cell.weight,
  ticker: cell.ticker,
  isIncumbent: cell.isIncumbent,
  cell
})

/** The markets that have a place. O(markets). */
const placed = ({ cells }: RecordingState): ReadonlyArray<PlacedStanding> =>
  [...cells.values()].filter(({ slot }) => slot !== null).map(standing)

const waiting = ({ noRoom, recorder }: RecordingState): ReadonlyArray<Admission.Standing & { plan: MarketPlan }> =>
  [...noRoom.values()].map((plan) => ({
    ...plan.weight,
    ticker: plan.ticker,
    isIncumbent: recorder.logs.has(plan.ticker),
    plan
  }))

const planOf = (
  { clock }: RecordingState,
  { closeMicros, grid, openMicros, phase, ticker, weight }: Cell
): MarketPlan => ({
  ticker,
  openMicros,
  closeMicros,
  phase,
  grid,
  weight,
  tsObservedMicros: clock.nowMicros()
})

const count = ({ placedByRank }: RecordingState, { weight: { rank } }: Cell, markets: number): void => {
  placedByRank.set(rank, (placedByRank.get(rank) ?? 0) + markets)
}
