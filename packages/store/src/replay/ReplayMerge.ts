/**
 * Many lanes, each in the order of time, as one: a heap of the lanes by what each gives next. Pure: a lane that has no more in memory is
 * given back to whoever can fill it.
 */
import type { LogRows } from "@kalshibook/core/cold/LogRows"
import * as LogRowsReplay from "@kalshibook/core/cold/LogRowsReplay"
import type { ReplayEntry } from "@kalshibook/core/ReplayEntry"

/** What is in memory of one log: entries, or rows [at, end) without keyframes. */
export interface Lane {
  /** Decides between lanes at one microsecond: the lower one first. Each lane has one of its own. */
  readonly rank: number
  rows: LogRows | undefined
  entries: ReadonlyArray<ReplayEntry>
  at: number
  end: number
  /** Whether nothing follows what is in memory. */
  isLast: boolean
  /** Time of the entry at `at`. */
  micros: number
}

export const laneOfRows = (rank: number, rows: LogRows, start: number, end: number): Lane =>
  timed({ rank, rows, entries: [], at: start, end, isLast: true, micros: 0 })

export const laneOfEntries = (rank: number, entries: ReadonlyArray<ReplayEntry>, isLast = true): Lane =>
  timed({ rank, rows: undefined, entries, at: 0, end: entries.length, isLast, micros: 0 })

/** Gives a lane what follows, which is not empty unless it is the last. */
export const fill = (lane: Lane, entries: ReadonlyArray<ReplayEntry>, isLast: boolean): void => {
  lane.rows = undefined
  lane.entries = entries
  lane.at = 0
  lane.end = entries.length
  lane.isLast = isLast
  timed(lane)
}

const timed = (lane: Lane): Lane => {
  if (lane.at < lane.end) {
    const { rows } = lane
    lane.micros =
      rows === undefined
        ? (lane.entries[lane.at] as ReplayEntry).tsReceivedMicros
        : (rows.tsReceivedMicros[lane.at] as number)
  }
  return lane
}

/** Lanes that are not at their end, as a heap: the first is the one that gives next. */
export interface ReplayMerge {
  readonly heap: Array<Lane>
}

/** Of lanes that have something in memory, or are last. O(lanes). */
export const make = (lanes: ReadonlyArray<Lane>): ReplayMerge => {
  const heap = lanes.filter((lane) => lane.at < lane.end)
  for (let place = (heap.length >> 1) - 1; place >= 0; place--) siftDown(heap, place)
  return { heap }
}

/**
 * Appends what comes next to `into`, until it has `entriesMax`, all lanes have ended, or a lane must be filled first: that lane is
 * returned. After filling it, call again.
 */
export const take = ({ heap }: ReplayMerge, into: Array<ReplayEntry>, entriesMax: number): Lane | undefined => {
  while (true) {
    const top = heap[0]
    if (top === undefined) return undefined
    if (top.at === top.end) {
      if (!top.isLast) return top
      removeTop(heap)
      continue
    }
    siftDown(heap, 0)
    if (heap[0] !== top) continue
    if (into.length >= entriesMax) return undefined
    advance(top, into, entriesMax, runnerUp(heap))
  }
}

/** The lane that would be first without the first. */
const runnerUp = (heap: ReadonlyArray<Lane>): Lane | undefined => {
  const left = heap[1]
  const right = heap[2]
  return left !== undefined && right !== undefined && isBefore(right, left) ? right : left
}

/** Gives what the lane has before the other's next. */
const advance = (lane: Lane, into: Array<ReplayEntry>, entriesMax: number, other: Lane | undefined): void => {
  const limit = other === undefined ? Number.POSITIVE_INFINITY : other.micros
  const winsTies = other === undefined || lane.rank < other.rank
  const { end, rows } = lane
  let { at, micros } = lane
  while (into.length < entriesMax && (micros < limit || (micros === limit && winsTies))) {
    if (rows === undefined) {
      into.push(lane.entries[at] as ReplayEntry)
      at++
      if (at === end) break
      micros = (lane.entries[at] as ReplayEntry).tsReceivedMicros
    } else {
      const next = LogRowsReplay.recordEnd(rows, at, end)
      into.push(LogRowsReplay.recordAt(rows, at, next))
      at = next
      if (at === end) break
      micros = rows.tsReceivedMicros[at] as number
    }
  }
  lane.at = at
  lane.micros = micros
}

const isBefore = (left: Lane, right: Lane): boolean =>
  left.micros < right.micros || (left.micros === right.micros && left.rank < right.rank)

const removeTop = (heap: Array<Lane>): void => {
  const last = heap.pop()
  if (last === undefined || heap.length === 0) return
  heap[0] = last
  siftDown(heap, 0)
}

const siftDown = (heap: Array<Lane>, from: number): void => {
  const lane = heap[from] as Lane
  let place = from
  while (true) {
    let child = 2 * place + 1
    if (child >= heap.length) break
    if (child + 1 < heap.length && isBefore(heap[child + 1] as Lane, heap[child] as Lane)) child++
    if (!isBefore(heap[child] as Lane, lane)) break
    heap[place] = heap[child] as Lane
    place = child
  }
  heap[place] = lane
}
