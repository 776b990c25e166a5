/**
 * Which moment of the exchange each `seq` of a subscription belongs to: the number of the last book change that a client has
 * seen when it has read the frame. Bounded: the oldest entries go first.
 */

const chunkEntries = 4096

export interface SequenceLog {
  readonly chunks: Array<Float64Array>
  readonly entriesMax: number
  /** The first `seq` still held, and the last one written. */
  seqFirst: number
  seqLast: number
}

export const make = (entriesMax: number): SequenceLog => ({ chunks: [], entriesMax, seqFirst: 1, seqLast: 0 })

/** Notes the moment of the next `seq`. O(1). */
export const push = (log: SequenceLog, changeNumber: number): void => {
  const place = log.seqLast % chunkEntries
  if (place === 0) log.chunks.push(new Float64Array(chunkEntries))
  const chunk = log.chunks[log.chunks.length - 1] as Float64Array
  chunk[place] = changeNumber
  log.seqLast++
  if (log.chunks.length * chunkEntries > log.entriesMax && log.chunks.length > 1) {
    log.chunks.shift()
    log.seqFirst += chunkEntries
  }
}

/** The moment of a `seq`, `undefined` when it was never used or is forgotten. */
export const changeNumberAt = (log: SequenceLog, seq: number): number | undefined => {
  if (!(seq >= log.seqFirst && seq <= log.seqLast)) return undefined
  const index = seq - log.seqFirst
  return log.chunks[Math.floor(index / chunkEntries)]?.[index % chunkEntries]
}
