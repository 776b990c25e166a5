/** A seeded source of chance. */
export interface Luck {
  /** A whole number from 0 to below the limit. */
  readonly below: (limit: number) => number
  readonly oneOf: <A>(values: ReadonlyArray<A>) => A
}

export const make = (seed: number): Luck => {
  let state = seed * 2_654_435_761
  const below = (limit: number): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit
  }
  return { below, oneOf: (values) => values[below(values.length)] as (typeof values)[number] }
}
