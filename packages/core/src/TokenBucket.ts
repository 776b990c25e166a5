/**
 * A bucket that fills with so many tokens a second up to its size; whoever wants to do something takes what it costs, or is told when
 * there will be enough. Pure: the bucket of the database and its twin in memory follow the same rule.
 */

export interface TokenBucket {
  readonly tokens: number
  /** Up to when it was filled, Unix microseconds. */
  readonly atMicros: number
}

export interface BucketSize {
  readonly perSecond: number
  readonly burst: number
}

/** The bucket now. A clock that was set back fills nothing. A bucket that nobody has used is full. */
export const filled = (bucket: TokenBucket | undefined, size: BucketSize, nowMicros: number): TokenBucket => {
  if (bucket === undefined) return { tokens: size.burst, atMicros: nowMicros }
  const elapsedSeconds = Math.max(0, nowMicros - bucket.atMicros) / 1_000_000
  return {
    tokens: Math.min(size.burst, bucket.tokens + elapsedSeconds * size.perSecond),
    atMicros: Math.max(bucket.atMicros, nowMicros)
  }
}

/** Microseconds until a filled bucket has so many tokens; 0 when it has. What is more than the bucket holds waits for a full one. */
export const waitMicros = (bucket: TokenBucket, size: BucketSize, cost: number): number => {
  const missing = Math.min(cost, size.burst) - bucket.tokens
  return missing <= 0 ? 0 : Math.ceil((missing / size.perSecond) * 1_000_000)
}

/** A filled bucket that has enough, after taking. What is more than it holds leaves a debt. */
export const taken = (bucket: TokenBucket, cost: number): TokenBucket => ({ ...bucket, tokens: bucket.tokens - cost })
