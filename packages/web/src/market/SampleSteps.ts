/**
 * Which samples of a market's book a picture needs, and which of them are not here yet: times are whole steps of a grid, so that what was
 * asked once is never asked again. Pure; the hook that asks gives it the window and what it has.
 */

/** From the first step up to the last one, which is left out. A step is `index * everyMicros`. */
export interface Steps {
  readonly from: number
  readonly to: number
}

/** Columns of a picture at most; a hundred of them are a credit. */
export const columnsMax = 400
/** What is new is asked for so often at most. */
const askMicros = 5_000_000

const everyMillis = [
  250, 500, 1_000, 2_500, 5_000, 10_000, 15_000, 30_000, 60_000, 120_000, 240_000, 600_000, 900_000, 1_800_000,
  3_600_000, 7_200_000, 21_600_000, 86_400_000
]

/** From one column to the next, so that a range has `columnsMax` at most. */
export const everyMicrosOf = (spanMicros: number): number =>
  1_000 * (everyMillis.find((millis) => millis * 1_000 * columnsMax >= spanMicros) ?? 86_400_000)

export interface Wanted {
  readonly fromMicros: number
  /** The end of the picture, which may lie ahead. */
  readonly toMicros: number
  /** Up to when there is anything: now, or the close. */
  readonly endMicros: number
  readonly isOpen: boolean
  /** From when on every book is told anyway, while the present is followed. */
  readonly toldFromMicros: number | undefined
}

/** What a picture needs of the past. Its end stands still while the present is followed, and else moves on in steps. */
export const wanted = (everyMicros: number, picture: Wanted): Steps => {
  const { endMicros, fromMicros, isOpen, toMicros, toldFromMicros } = picture
  const ask = Math.max(askMicros, everyMicros)
  const untilMicros = toldFromMicros ?? (isOpen ? Math.floor(endMicros / ask) * ask : endMicros)
  const from = Math.ceil(fromMicros / everyMicros)
  return { from, to: Math.max(from + 1, Math.ceil(Math.min(toMicros, endMicros, untilMicros) / everyMicros)) }
}

/** Of ranges that meet. */
export const union = (some: Steps, others: Steps): Steps => ({
  from: Math.min(some.from, others.from),
  to: Math.max(some.to, others.to)
})

/** What of it is not here; nothing of what is. Disjoint ranges start over. */
export const missing = (have: Steps | undefined, want: Steps): ReadonlyArray<Steps> => {
  if (have === undefined || want.from > have.to || want.to < have.from) return [want]
  return [
    { from: want.from, to: have.from },
    { from: have.to, to: want.to }
  ].filter(({ from, to }) => from < to)
}
