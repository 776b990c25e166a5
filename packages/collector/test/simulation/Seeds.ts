/** Seeds that nobody has seen yet. */

/** Seeds are 32-bit numbers. */
const seedMax = 0x7fffffff
/** How many ranges of their own are told apart. */
const shardsMax = 8

/** So many, by the clock; other ones in each shard. */
export const fresh = (count: number, shard = 0): ReadonlyArray<number> => {
  const first = (Math.floor(Date.now() / 1000) * 1_000 + shard * Math.ceil(seedMax / shardsMax)) % seedMax
  return Array.from({ length: count }, (_, at) => (first + at) % seedMax)
}
