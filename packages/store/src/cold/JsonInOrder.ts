/** JSON whose keys are in order, so that equal values have equal texts: Postgres keeps bodies in an order of its own. */

/** The value as JSON, the keys of each object ascending. */
export const jsonInOrder = (value: unknown): string => JSON.stringify(inOrder(value))

const inOrder = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(inOrder)
  if (typeof value !== "object" || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([left], [right]) => (left < right ? -1 : left > right ? 1 : 0))
      .map(([key, inner]) => [key, inOrder(inner)])
  )
}
