/** A book as anybody would write it at first: a map of sizes by side and price. What the real one is compared with. */
import type { BookLevels, Level, Side } from "@kalshibook/core/BookRecord"

export type NaiveBook = Map<string, number>

export const sizeE2 = (book: NaiveBook, side: Side, priceE4: number): number => book.get(`${side}@${priceE4}`) ?? 0

/** Adds to a level, whatever comes out. */
export const add = (book: NaiveBook, side: Side, priceE4: number, deltaE2: number): void => {
  const after = sizeE2(book, side, priceE4) + deltaE2
  if (after === 0) book.delete(`${side}@${priceE4}`)
  else book.set(`${side}@${priceE4}`, after)
}

const ladderOf = (book: NaiveBook, side: Side): ReadonlyArray<Level> =>
  [...book]
    .flatMap(([key, size]) => {
      const [each, price] = key.split("@")
      return each === side ? [{ priceE4: Number(price), sizeE2: size }] : []
    })
    .sort((left, right) => left.priceE4 - right.priceE4)

/** Ascending by price; only the best `depth` of each side when that is above 0. */
export const levels = (book: NaiveBook, depth = 0): BookLevels => {
  const yes = ladderOf(book, "yes")
  const no = ladderOf(book, "no")
  return depth > 0 ? { yes: yes.slice(-depth), no: no.slice(-depth) } : { yes, no }
}

/** Equal for equal books. */
export const text = ({ yes, no }: BookLevels): string =>
  `${yes.map(({ priceE4, sizeE2 }) => `${priceE4}:${sizeE2}`).join(" ")}|${no.map(({ priceE4, sizeE2 }) => `${priceE4}:${sizeE2}`).join(" ")}`
