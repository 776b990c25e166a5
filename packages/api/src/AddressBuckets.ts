/**
 * How much an address may ask without a key, and how many wrong keys it may try. Kept by each node for itself: it protects the node, and
 * whoever has no key has nothing that nodes would have to agree on.
 */
import * as TokenBucket from "@kalshibook/core/TokenBucket"
import { addressesMax } from "./ApiLimits.ts"

export interface AddressBuckets {
  /** Takes one token. Microseconds to wait until there is one, 0 when it was taken. */
  readonly take: (address: string, nowMicros: number) => number
  /** Microseconds until there is a token; takes none. */
  readonly waitMicros: (address: string, nowMicros: number) => number
}

export const make = (size: TokenBucket.BucketSize): AddressBuckets => {
  const buckets = new Map<string, TokenBucket.TokenBucket>()
  const level = (address: string, nowMicros: number) =>
    TokenBucket.filled(buckets.get(networkOf(address)), size, nowMicros)
  return {
    take: (address, nowMicros) => {
      const bucket = level(address, nowMicros)
      const wait = TokenBucket.waitMicros(bucket, size, 1)
      if (wait > 0) return wait
      const network = networkOf(address)
      // In the order of last use, so that the one that leaves is the one that has filled for longest.
      buckets.delete(network)
      const [oldest] = buckets.size >= addressesMax ? buckets.keys() : []
      if (oldest !== undefined) buckets.delete(oldest)
      buckets.set(network, TokenBucket.taken(bucket, 1))
      return 0
    },
    waitMicros: (address, nowMicros) => TokenBucket.waitMicros(level(address, nowMicros), size, 1)
  }
}

/** Whoever has an IPv6 address has 2^64 of them. */
const networkOf = (address: string): string =>
  address.includes(":") && !address.includes(".") ? address.split(":", 4).join(":") : address
