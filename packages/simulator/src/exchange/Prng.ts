/**
 * Seeded pseudo-random numbers (sfc32): the same seed gives the same exchange, on every machine.
 *
 * Not for secrets. Each part of the simulator owns its own generator, so that what a client does never changes the market.
 */

export interface Prng {
  a: number
  b: number
  c: number
  counter: number
}

/** Rounds that mix the seed into all of the state before the first number is used. */
const warmUpRounds = 15

/** A generator for `seed` (a 32-bit number) and `stream`, which tells independent generators of one seed apart. */
export const make = (seed: number, stream: number): Prng => {
  const prng: Prng = { a: seed >>> 0, b: Math.imul(stream + 1, 0x9e3779b1) >>> 0, c: 0x243f6a88, counter: 1 }
  for (let round = 0; round < warmUpRounds; round++) uint32(prng)
  return prng
}

/** A whole number from 0 to 2^32 - 1. */
const uint32 = (prng: Prng): number => {
  const sum = (prng.a + prng.b + prng.counter) | 0
  prng.counter = (prng.counter + 1) | 0
  prng.a = prng.b ^ (prng.b >>> 9)
  prng.b = (prng.c + (prng.c << 3)) | 0
  prng.c = (((prng.c << 21) | (prng.c >>> 11)) + sum) | 0
  return sum >>> 0
}

/** A fraction in [0, 1). */
export const fraction = (prng: Prng): number => uint32(prng) / 4_294_967_296

/** A whole number in [0, count). */
export const below = (prng: Prng, count: number): number => Math.floor(fraction(prng) * count)

/** A whole number in [low, high]. */
export const between = (prng: Prng, low: number, high: number): number => low + below(prng, high - low + 1)

/** Whether an event of this probability happens. */
export const chance = (prng: Prng, probability: number): boolean => fraction(prng) < probability

/** One of the items, which must not be empty. */
export const pick = <A>(prng: Prng, items: ReadonlyArray<A>): A => items[below(prng, items.length)] as A

/** A waiting time with this mean (exponential). */
export const exponential = (prng: Prng, mean: number): number => -Math.log(1 - fraction(prng)) * mean

/** A number around 0 with standard deviation 1, never beyond 3.5. */
export const bell = (prng: Prng): number =>
  (fraction(prng) + fraction(prng) + fraction(prng) + fraction(prng) - 2) * 1.732

/** The items in a random order, as a new array. */
export const shuffled = <A>(prng: Prng, items: ReadonlyArray<A>): Array<A> => {
  const result = [...items]
  for (let last = result.length - 1; last > 0; last--) {
    const other = below(prng, last + 1)
    const swap = result[last] as A
    result[last] = result[other] as A
    result[other] = swap
  }
  return result
}

/** A UUID-shaped text. Like the exchange's own ids, its version bits mean nothing. */
export const uuid = (prng: Prng): string => {
  const hex = [0, 1, 2, 3].map(() => uint32(prng).toString(16).padStart(8, "0")).join("")
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
