/** What is due when: a binary heap by time; entries of one time leave in the order they came. Its owner chooses the unit of time. */

interface Entry<A> {
  readonly at: number
  readonly order: number
  readonly item: A
}

export interface Agenda<A> {
  readonly heap: Array<Entry<A>>
  added: number
}

export const make = <A>(): Agenda<A> => ({ heap: [], added: 0 })

const isBefore = <A>(one: Entry<A>, other: Entry<A>): boolean =>
  one.at < other.at || (one.at === other.at && one.order < other.order)

/** Adds an item for a moment, in the unit of the agenda's owner. O(log n). */
export const add = <A>(agenda: Agenda<A>, at: number, item: A): void => {
  const { heap } = agenda
  const entry: Entry<A> = { at, order: agenda.added++, item }
  let index = heap.length
  heap.push(entry)
  while (index > 0) {
    const parent = (index - 1) >> 1
    if (!isBefore(entry, heap[parent] as Entry<A>)) break
    heap[index] = heap[parent] as Entry<A>
    index = parent
  }
  heap[index] = entry
}

/** When the first item is due, `Infinity` when there is none. */
export const firstAt = <A>(agenda: Agenda<A>): number => agenda.heap[0]?.at ?? Number.POSITIVE_INFINITY

/** Takes the first item out. O(log n). */
export const take = <A>(agenda: Agenda<A>): A | undefined => {
  const { heap } = agenda
  const first = heap[0]
  const last = heap.pop()
  if (first === undefined || last === undefined) return undefined
  if (heap.length > 0) sink(heap, last)
  return first.item
}

const sink = <A>(heap: Array<Entry<A>>, entry: Entry<A>): void => {
  let index = 0
  for (;;) {
    let child = 2 * index + 1
    if (child >= heap.length) break
    if (child + 1 < heap.length && isBefore(heap[child + 1] as Entry<A>, heap[child] as Entry<A>)) child++
    if (!isBefore(heap[child] as Entry<A>, entry)) break
    heap[index] = heap[child] as Entry<A>
    index = child
  }
  heap[index] = entry
}
