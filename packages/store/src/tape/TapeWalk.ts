/**
 * From the pieces of segments, one segment after the other, to entries in order: leaves out what is not asked for, and compares
 * the numbers, so that what is missing is told with its numbers wherever it went missing.
 *
 * Pure: pieces in, readings out.
 */
import { type TapeEntry, tapeEntryKinds } from "@kalshibook/core/TapeEntry"
import { type BlockHeader, entriesOf, kindBitsOf, kindCode, type SegmentHeader } from "./TapeFormat.ts"
import type { Piece } from "./TapeScan.ts"

export interface TapeQuery {
  /** The first and the last number that is wanted. */
  readonly fromEntry: number
  readonly toEntry: number
  /** Kinds that are wanted (`kindBitsOf`); blocks without any of them are passed over. */
  readonly kindBits: number
  /** Segments of other tapes are left out; `undefined`: whatever comes. */
  readonly tapeId: string | undefined
  /** Whether every checksum and every time is looked at, also where nothing is wanted. */
  readonly isVerifying: boolean
}

export const everything: TapeQuery = {
  fromEntry: 1,
  toEntry: Number.MAX_SAFE_INTEGER,
  kindBits: kindBitsOf(tapeEntryKinds),
  tapeId: undefined,
  isVerifying: false
}

export interface TapeFinding {
  /**
   * - `damage`: bytes that belong to no sound block.
   * - `torn_tail`: the same at the end of the last segment: what was being written when its writer ended, or is being written.
   * - `missing`: numbers that are on no segment, without any damage to see.
   * - `repeated`: numbers that came before; left out.
   * - `times`: a clock went back within a segment.
   * - `other_tape`: a segment of another tape.
   */
  readonly kind: "damage" | "torn_tail" | "missing" | "repeated" | "times" | "other_tape"
  /** Path of the segment. */
  readonly file: string
  /** Where in the segment, before compression; and how many bytes are of no use. */
  readonly fromByte: number
  readonly bytes: number
  /** Numbers that are missing for it; `null` when none are, or it is not known which. */
  readonly entriesMissing: { readonly from: number; readonly to: number } | null
  readonly problem: string
}

export type Reading =
  | { readonly _tag: "segment"; readonly path: string; readonly header: SegmentHeader }
  /** In order and without holes: a hole is told between groups. */
  | { readonly _tag: "entries"; readonly entries: ReadonlyArray<TapeEntry> }
  | { readonly _tag: "finding"; readonly finding: TapeFinding }

export interface Walk {
  readonly query: TapeQuery
  /** The segment that is being read. */
  path: string
  isLastSegment: boolean
  tapeId: string | undefined
  /** The number that must come next; `undefined` before the first. */
  expected: number | undefined
  /** Damage of which is not known yet what is missing for it. */
  damage: TapeFinding | undefined
  group: Array<TapeEntry>
  tsReceivedMicros: number
  tsMonotonicMicros: number
  /** `segment_over`: the rest of this segment is not wanted. `over`: nothing more is. */
  state: "reading" | "segment_over" | "over"
}

/** A group is given on when it has so many entries: enough that its cost is theirs. */
const groupEntries = 2_048

export const make = (query: TapeQuery): Walk => ({
  query,
  path: "",
  isLastSegment: false,
  tapeId: query.tapeId,
  expected: undefined,
  damage: undefined,
  group: [],
  tsReceivedMicros: 0,
  tsMonotonicMicros: 0,
  state: "reading"
})

/** The next pieces are of this segment. */
export const begin = (walk: Walk, path: string, isLastSegment: boolean): void => {
  walk.path = path
  walk.isLastSegment = isLastSegment
  walk.tsReceivedMicros = 0
  walk.tsMonotonicMicros = 0
  walk.state = "reading"
}

/** Whether a block's payload has to be read. */
export const isWanted = ({ query }: Walk, header: BlockHeader): boolean =>
  query.isVerifying || (lastEntryOf(header) >= query.fromEntry && (header.kindBits & query.kindBits) !== 0)

const lastEntryOf = (header: BlockHeader): number => header.firstEntry + header.entryCount - 1

/** What follows from the next piece. */
export const take = (walk: Walk, piece: Piece): ReadonlyArray<Reading> => {
  switch (piece._tag) {
    case "header":
      return takeHeader(walk, piece.header)
    case "block":
      return takeBlock(walk, piece)
    case "damage":
    case "tail": {
      const isTorn = piece._tag === "tail" && walk.isLastSegment
      const finding = findingOf(walk, isTorn ? "torn_tail" : "damage", piece.problem, piece.fromByte, piece.toByte)
      if (isTorn) return tell(walk, finding)
      const before = walk.damage
      walk.damage = finding
      return before === undefined ? [] : tell(walk, before)
    }
    default:
      return []
  }
}

/** What is left when there are no more segments. */
export const finish = (walk: Walk): ReadonlyArray<Reading> =>
  walk.damage === undefined ? flush(walk) : tell(walk, walk.damage)

const takeHeader = (walk: Walk, header: SegmentHeader): ReadonlyArray<Reading> => {
  const readings: Array<Reading> = []
  if (walk.tapeId !== undefined && header.tape_id !== walk.tapeId) {
    const problem = `this segment belongs to another tape (${header.tape_id})`
    readings.push(...tell(walk, findingOf(walk, "other_tape", problem)))
    if (walk.query.tapeId !== undefined) {
      walk.state = "segment_over"
      return readings
    }
    walk.expected = undefined
  }
  walk.tapeId = header.tape_id
  readings.push(...flush(walk), ...tellMissing(walk, header.first_entry, "entries are missing before this segment", 0))
  readings.push({ _tag: "segment", path: walk.path, header })
  walk.expected = Math.max(walk.expected ?? 0, header.first_entry)
  return readings
}

const takeBlock = (walk: Walk, piece: Extract<Piece, { readonly _tag: "block" }>): ReadonlyArray<Reading> => {
  const { query } = walk
  const { header, payload, toByte } = piece
  if (header.firstEntry > query.toEntry) {
    walk.state = "over"
    return []
  }
  const readings: Array<Reading> = []
  const fromByte = toByte - payload.length
  readings.push(...tellMissing(walk, header.firstEntry, "entries are missing before this block", fromByte))
  const from = Math.max(query.fromEntry, walk.expected ?? 0)
  if (walk.expected !== undefined && header.firstEntry < walk.expected) {
    const problem = `entry ${header.firstEntry} comes a second time`
    readings.push(...tell(walk, findingOf(walk, "repeated", problem, fromByte, toByte)))
  }
  walk.expected = Math.max(walk.expected ?? 0, lastEntryOf(header) + 1)
  // What comes behind the last one that is wanted may be half written.
  if (walk.expected > query.toEntry) walk.state = "over"
  if (!isWanted(walk, header)) return readings
  const entries = entriesOf(header, payload)
  if (query.isVerifying) {
    if (entries.length < header.entryCount) {
      const problem = "the entries of a block cannot be told apart"
      readings.push(...tell(walk, findingOf(walk, "damage", problem, fromByte, toByte)))
    }
    const problem = timesProblem(walk, entries)
    if (problem !== undefined) readings.push(...tell(walk, findingOf(walk, "times", problem, fromByte)))
  }
  for (const entry of entries) {
    if (entry.number < from || entry.number > query.toEntry) continue
    if ((query.kindBits & (1 << kindCode(entry.kind))) !== 0) walk.group.push(entry)
  }
  if (walk.group.length >= groupEntries) readings.push(...flush(walk))
  return readings
}

/** Tells of damage that ended, and of numbers that are missing before `entry`. */
const tellMissing = (walk: Walk, entry: number, problem: string, fromByte: number): ReadonlyArray<Reading> => {
  const { damage, expected } = walk
  const isMissing = expected !== undefined && entry > expected
  if (damage === undefined && !isMissing) return []
  walk.damage = undefined
  const finding = damage ?? findingOf(walk, "missing", problem, fromByte)
  return tell(walk, isMissing ? { ...finding, entriesMissing: { from: expected, to: entry - 1 } } : finding)
}

const tell = (walk: Walk, finding: TapeFinding): ReadonlyArray<Reading> => [
  ...flush(walk),
  { _tag: "finding", finding }
]

const flush = (walk: Walk): ReadonlyArray<Reading> => {
  if (walk.group.length === 0) return []
  const entries = walk.group
  walk.group = []
  return [{ _tag: "entries", entries }]
}

const findingOf = (
  { path }: Walk,
  kind: TapeFinding["kind"],
  problem: string,
  fromByte = 0,
  toByte = fromByte
): TapeFinding => ({ kind, file: path, fromByte, bytes: toByte - fromByte, entriesMissing: null, problem })

/** Whether a clock goes back from one entry of a segment to the next. */
const timesProblem = (walk: Walk, entries: ReadonlyArray<TapeEntry>): string | undefined => {
  let problem: string | undefined
  for (const { number, tsMonotonicMicros, tsReceivedMicros } of entries) {
    if (tsReceivedMicros < walk.tsReceivedMicros) problem ??= `the receive clock goes back at entry ${number}`
    if (tsMonotonicMicros < walk.tsMonotonicMicros) problem ??= `the monotonic clock goes back at entry ${number}`
    walk.tsReceivedMicros = tsReceivedMicros
    walk.tsMonotonicMicros = tsMonotonicMicros
  }
  return problem
}
