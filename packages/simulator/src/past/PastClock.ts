/**
 * How long after the exchange's time a frame arrives in made-up days: 5 to 60 ms, drawn for each second and gliding from one to the
 * next, so that nothing overtakes what came before. A function of time and seed alone: it can be asked both ways, and nothing has
 * to be remembered for it.
 */

const wayMicrosMin = 5_000
const wayMicrosSpread = 55_000
const secondMicros = 1_000_000

/** The way at the beginning of a second, microseconds. */
const wayOfSecond = (seed: number, second: number): number => {
  let hash = Math.imul((second ^ seed) >>> 0, 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 15), 0xc2b2ae35)
  hash ^= hash >>> 13
  return wayMicrosMin + ((hash >>> 0) % wayMicrosSpread)
}

/** When what the exchange sends at this moment of its clock is received; later moments never arrive earlier. Unix microseconds. */
export const receivedMicros = (seed: number, exchangeMicros: number): number => {
  const second = Math.floor(exchangeMicros / secondMicros)
  const within = (exchangeMicros - second * secondMicros) / secondMicros
  const way = wayOfSecond(seed, second)
  return exchangeMicros + Math.floor(way + (wayOfSecond(seed, second + 1) - way) * within)
}

/** The last moment of the exchange's clock of which everything is received by then. */
export const exchangeMicros = (seed: number, atMicros: number): number => {
  let low = atMicros - wayMicrosMin - wayMicrosSpread
  let high = atMicros
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if (receivedMicros(seed, middle) <= atMicros) low = middle
    else high = middle - 1
  }
  return low
}
