/**
 * The sizes of all levels of one book, both sides, by key: an open-addressing table in one array.
 *
 * One array on purpose: thousands of books do not fit into a core's cache, so a change costs what it touches, and a change of
 * a level's size touches, mostly, one line of this array. Every operation on one level is O(1); a level takes 32 to 64 bytes.
 */

/** Key and size (1/100 contract) of each slot in turn; key 0 for a free slot. A power of two of slots, at most half of them taken. */
export type Cells = Float64Array

const slotsMin = 16
const slotWidth = 2

/** Room for so many levels; it grows beyond them. */
export const make = (levels = 0): Cells => {
  let slots = slotsMin
  while (slots < levels * 2) slots *= 2
  return new Float64Array(slots * slotWidth)
}

/** Whether so many levels fit without growing. */
export const hasRoom = (cells: Cells, levels: number): boolean => levels * 2 * slotWidth <= cells.length

/** Where a key would be if no other were in its way. */
const home = (key: number, mask: number): number => (Math.imul(key, 0x9e3779b1) >>> 15) & mask

/**
 * Where the key is, or the free slot where it would go: valid until the next insertion or removal. `key` is a whole number above
 * 0. Ends because half of the slots are free.
 */
export const place = (cells: Cells, key: number): number => {
  const mask = cells.length - slotWidth
  let at = home(key, mask)
  while (cells[at] !== key && cells[at] !== 0) at = (at + slotWidth) & mask
  return at
}

/** The size at a place, 0 where the slot is free. */
export const sizeAt = (cells: Cells, at: number): number => (cells[at] === 0 ? 0 : (cells[at + 1] as number))

/** Changes the size at a place that is taken. */
export const resize = (cells: Cells, at: number, sizeE2: number): void => {
  cells[at + 1] = sizeE2
}

/** Puts a key and its size into its free place. Returns the table, a larger one when `count` keys are too many for this one. */
export const insert = (cells: Cells, at: number, key: number, sizeE2: number, count: number): Cells => {
  cells[at] = key
  cells[at + 1] = sizeE2
  return hasRoom(cells, count) ? cells : grown(cells)
}

/** Frees a place that is taken. */
export const removeAt = (cells: Cells, removed: number): void => {
  const mask = cells.length - slotWidth
  // Backward shift: closes the hole so that every key stays reachable from its home without tombstones.
  let hole = removed
  for (let at = (hole + slotWidth) & mask; cells[at] !== 0; at = (at + slotWidth) & mask) {
    const distance = (at - home(cells[at] as number, mask)) & mask
    if (distance >= ((at - hole) & mask)) {
      cells[hole] = cells[at] as number
      cells[hole + 1] = cells[at + 1] as number
      hole = at
    }
  }
  cells[hole] = 0
}

const grown = (cells: Cells): Cells => {
  const larger = new Float64Array(cells.length * 2)
  for (let from = 0; from < cells.length; from += slotWidth) {
    const key = cells[from] as number
    if (key === 0) continue
    const at = place(larger, key)
    larger[at] = key
    larger[at + 1] = cells[from + 1] as number
  }
  return larger
}
