// adapter: a timer that costs nothing while nobody waits, where an Effect that sleeps would be a fiber for each tick
/**
 * When the next tick is: at once when the last one was long ago, else as late as lets what comes meanwhile share its frames.
 */

export interface StreamClock {
  /** There is something for a tick. */
  readonly wake: () => void
  readonly stop: () => void
}

/** `tick` is called between callbacks, at most once in `everyMillis`. What it throws goes to `onDefect`, and the ticks go on. */
export const make = (everyMillis: number, tick: () => void, onDefect: (defect: unknown) => void): StreamClock => {
  let timer: NodeJS.Timeout | NodeJS.Immediate | undefined
  let lastMillis = Number.NEGATIVE_INFINITY
  let isStopped = false
  const run = (): void => {
    timer = undefined
    lastMillis = performance.now()
    try {
      tick()
    } catch (defect) {
      onDefect(defect)
    }
  }
  return {
    wake: () => {
      if (timer !== undefined || isStopped) return
      const waitMillis = lastMillis + everyMillis - performance.now()
      timer = waitMillis <= 0 ? setImmediate(run) : setTimeout(run, waitMillis)
    },
    stop: () => {
      isStopped = true
      clearTimeout(timer as NodeJS.Timeout)
      clearImmediate(timer as NodeJS.Immediate)
    }
  }
}
