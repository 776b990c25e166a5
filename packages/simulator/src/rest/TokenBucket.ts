/** Rate limits as the exchange has them: a bucket of tokens per caller that refills with time. */

export interface TokenBucket {
  readonly tokensPerSecond: number
  readonly tokensMax: number
  tokens: number
  filledAtMillis: number
}

export const make = (tokensPerSecond: number, tokensMax: number, nowMillis: number): TokenBucket => ({
  tokensPerSecond,
  tokensMax,
  tokens: tokensMax,
  filledAtMillis: nowMillis
})

/** Takes `cost` tokens if they are there. */
export const take = (bucket: TokenBucket, cost: number, nowMillis: number): boolean => {
  const filled = bucket.tokens + ((nowMillis - bucket.filledAtMillis) / 1000) * bucket.tokensPerSecond
  bucket.tokens = Math.min(bucket.tokensMax, filled)
  bucket.filledAtMillis = nowMillis
  if (bucket.tokens < cost) return false
  bucket.tokens -= cost
  return true
}
