/** Random logs of several markets, the batches they might arrive in, and their keyframes. */
import type { BookRecord } from "@kalshibook/core/BookRecord"
import type { Keyframe } from "@kalshibook/core/Keyframe"
import * as Replay from "@kalshibook/core/Replay"
import fc from "fast-check"
import * as LogArbitrary from "../../core/test/LogArbitrary.ts"

/** So that times of a log, some hundred units apart in all, spread over several hours. */
const microsPerUnit = 30_000_000

const stretched = (record: BookRecord): BookRecord => ({
  ...record,
  tsReceivedMicros: record.tsReceivedMicros * microsPerUnit,
  tsExchangeMicros: record.tsExchangeMicros === null ? null : record.tsExchangeMicros * microsPerUnit,
  ...(record.kind === "gap" ? { tsDetectedMicros: record.tsDetectedMicros * microsPerUnit } : {})
})

export const log: fc.Arbitrary<ReadonlyArray<BookRecord>> = LogArbitrary.log.map((records) => records.map(stretched))

/** A moment around the times of such logs, often exactly that of a record. */
export const moment: fc.Arbitrary<number> = fc.oneof(
  LogArbitrary.moment.map((unit) => unit * microsPerUnit),
  fc.tuple(LogArbitrary.moment, fc.integer({ min: -1, max: 1 })).map(([unit, micros]) => unit * microsPerUnit + micros)
)

/** Where to cut a log into batches: the share of the rest that the next batch takes, and whether it repeats what came before. */
export const cuts: fc.Arbitrary<ReadonlyArray<Cut>> = fc.array(
  fc.record({
    records: fc.integer({ min: 1, max: 30 }),
    repeated: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 20 }))
  }),
  { minLength: 1, maxLength: 6 }
)

export interface Cut {
  readonly records: number
  /** How many of the records before are in the batch once more. */
  readonly repeated: number
}

/** The log in batches, each record in at least one; the cuts are used over and over. */
export const batchesOf = (
  records: ReadonlyArray<BookRecord>,
  cutsUsed: ReadonlyArray<Cut>
): ReadonlyArray<ReadonlyArray<BookRecord>> => {
  const batches: Array<ReadonlyArray<BookRecord>> = []
  for (let start = 0; start < records.length; ) {
    const { records: count, repeated } = cutsUsed[batches.length % cutsUsed.length] as Cut
    batches.push(records.slice(Math.max(0, start - repeated), start + count))
    start += count
  }
  return batches
}

export const renamed = (records: ReadonlyArray<BookRecord>, marketTicker: string): ReadonlyArray<BookRecord> =>
  records.map((record) => ({ ...record, marketTicker }))

/** A keyframe of every `everyRecords`-th record, where the book is trusted then. */
export const keyframesOf = (records: ReadonlyArray<BookRecord>, everyRecords: number): ReadonlyArray<Keyframe> => {
  const replay = Replay.make()
  const keyframes: Array<Keyframe> = []
  for (const record of records) {
    Replay.apply(replay, record)
    const keyframe = record.offset % everyRecords === 0 ? Replay.toKeyframe(replay) : undefined
    if (keyframe !== undefined) keyframes.push(keyframe)
  }
  return keyframes
}
