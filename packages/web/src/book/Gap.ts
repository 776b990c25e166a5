/** A span in which a book was not known. */
export interface Gap {
  /** Of its record. */
  readonly offset: number
  readonly cause: string
  readonly fromMicros: number
  /** `undefined` while it is open. */
  readonly toMicros: number | undefined
}

/** Both lists, in the order of their records; of the same gap what the second says. */
export const merged = (some: ReadonlyArray<Gap>, others: ReadonlyArray<Gap>): ReadonlyArray<Gap> =>
  others.length === 0
    ? some
    : [...new Map([...some, ...others].map((gap) => [gap.offset, gap])).values()].sort(
        (one, other) => one.offset - other.offset
      )
