/**
 * How long things took, over the last minute: a histogram on a logarithmic scale, with a window of slices that replace one another.
 * Recording costs an increment and allocates nothing, so that every frame can be measured; memory is fixed.
 *
 * Sixteen buckets to each doubling: what a bucket stands for is off by at most 1/32 of the value. The greatest value is exact.
 */

const bucketsPerDoubling = 16
const bitsExact = 4
/** Greater values count as this one: 35 minutes. What stands still for longer shows elsewhere. */
const lagMicrosMax = 2 ** 31 - 1
const buckets = bucketsPerDoubling * (31 - bitsExact + 1)

/** Six slices of ten seconds are over, one is being filled: the last 60 to 70 seconds. */
const slices = 7
const sliceMicros = 10_000_000

/** At most this far from the true quantile, relative to it, for lags of up to half an hour. */
export const relativeErrorMax = 1 / 32

export interface LagHistogram {
  /** Counts by slice and bucket. */
  readonly counts: Uint32Array
  /** Greatest value by slice, microseconds. */
  readonly maxMicros: Uint32Array
  /** Of the slice that is being filled, and when it began. */
  slice: number
  tsSliceMicros: number
}

/** Microseconds; `null` when nothing was recorded within the window. */
export interface LagQuantiles {
  readonly p50Micros: number
  readonly p99Micros: number
  readonly maxMicros: number
}

export const make = (): LagHistogram => ({
  counts: new Uint32Array(slices * buckets),
  maxMicros: new Uint32Array(slices),
  slice: 0,
  tsSliceMicros: 0
})

/** Takes note of a lag, as that of `weight` things (a whole number). One below 0 (the clocks disagree) counts as 0. */
export const record = (histogram: LagHistogram, lagMicros: number, weight = 1): void => {
  const { counts, maxMicros, slice } = histogram
  const micros = lagMicros < 0 ? 0 : lagMicros > lagMicrosMax ? lagMicrosMax : lagMicros | 0
  const index = slice * buckets + bucketOf(micros)
  counts[index] = (counts[index] ?? 0) + weight
  if (micros > (maxMicros[slice] ?? 0)) maxMicros[slice] = micros
}

/** Lets go of what is older than the window. Called about once a second, by any clock in microseconds. */
export const rotate = (histogram: LagHistogram, nowMicros: number): void => {
  if (histogram.tsSliceMicros === 0) histogram.tsSliceMicros = nowMicros
  const due = Math.floor((nowMicros - histogram.tsSliceMicros) / sliceMicros)
  for (let over = 0; over < Math.min(due, slices); over++) {
    const slice = (histogram.slice + 1) % slices
    histogram.slice = slice
    histogram.counts.fill(0, slice * buckets, (slice + 1) * buckets)
    histogram.maxMicros[slice] = 0
  }
  histogram.tsSliceMicros += Math.max(0, due) * sliceMicros
}

/** How long it took within the window; `null` when nothing was recorded. O(buckets). */
export const quantiles = (histogram: LagHistogram): LagQuantiles | null => {
  const counts = sums(histogram)
  const total = counts.reduce((sum, count) => sum + count, 0)
  if (total === 0) return null
  const maxMicros = histogram.maxMicros.reduce((most, micros) => Math.max(most, micros), 0)
  const at = (share: number): number => Math.min(maxMicros, quantile(counts, total * share))
  return { p50Micros: at(0.5), p99Micros: at(0.99), maxMicros }
}

/** Of all slices together, by bucket. */
const sums = ({ counts }: LagHistogram): Float64Array => {
  const total = new Float64Array(buckets)
  for (const [index, count] of counts.entries()) {
    const bucket = index % buckets
    total[bucket] = (total[bucket] ?? 0) + count
  }
  return total
}

/** The middle of the bucket in which the count reaches `rank`. */
const quantile = (counts: Float64Array, rank: number): number => {
  let seen = 0
  for (const [bucket, count] of counts.entries()) {
    seen += count
    if (seen >= rank && count > 0) return (lowest(bucket) + lowest(bucket + 1) - 1) / 2
  }
  return lagMicrosMax
}

/** Values below 16 have a bucket each; then the first five binary digits decide. */
const bucketOf = (micros: number): number => {
  if (micros < bucketsPerDoubling) return micros
  const shift = 31 - Math.clz32(micros) - bitsExact
  return (shift << bitsExact) + (micros >>> shift)
}

/** The smallest value of a bucket. */
const lowest = (bucket: number): number => {
  if (bucket < bucketsPerDoubling) return bucket
  const shift = (bucket >>> bitsExact) - 1
  return (bucket - (shift << bitsExact)) * 2 ** shift
}
