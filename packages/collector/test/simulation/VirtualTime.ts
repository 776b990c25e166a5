/**
 * The time of a simulation, and the processes that live in it. A process is a world of Effect fibers with a scheduler and a clock of
 * its own: nothing of it runs unless it is told to, and when it is killed nothing of it ever runs again, no finalizer either.
 */
import { Clock, Context, Duration, Effect, type Fiber, Random, References, type Scheduler } from "effect"

/** Moved by the simulation alone. */
export interface VirtualTime {
  /** Microseconds; never goes back. The exchange's own course of time, too. */
  nowMicros: number
  /** By how much the wall clock of the collector's machine is off. */
  wallOffsetMicros: number
}

interface Sleeper {
  readonly dueMicros: number
  readonly wake: () => void
}

export interface VirtualProcess {
  /** Runs an effect in it. */
  readonly run: <A, E>(effect: Effect.Effect<A, E>) => Fiber.Fiber<A, E>
  /** Runs what can be run now, until all fibers wait. Returns whether there was anything. */
  readonly settle: () => boolean
  /** When the next sleeper wakes, `Infinity` for never. */
  readonly nextDueMicros: () => number
  /** Wakes the sleepers whose time has come, each in its turn, and settles. */
  readonly wake: () => void
  /** It is as if the machine had been unplugged. */
  readonly kill: () => void
  readonly isAlive: () => boolean
}

/** More tasks than this without time passing: something turns in circles. */
const tasksPerMomentMax = 200_000

/** `random` gives fractions in [0, 1). */
export const makeProcess = (time: VirtualTime, random: () => number): VirtualProcess => {
  let isAlive = true
  /** By priority, lower first; within one in the order of their coming. */
  let buckets: Array<{ readonly priority: number; readonly tasks: Array<() => void> }> = []
  /** The last is due first; of one moment the last came first. */
  const sleepers: Array<Sleeper> = []
  let momentMicros = -1
  let tasksThisMoment = 0

  const scheduleTask = (task: () => void, priority: number): void => {
    if (!isAlive) return
    const bucket = buckets.find((each) => each.priority === priority)
    if (bucket !== undefined) bucket.tasks.push(task)
    else buckets = [...buckets, { priority, tasks: [task] }].sort((one, other) => one.priority - other.priority)
  }

  const settle = (): boolean => {
    const any = buckets.length > 0
    while (isAlive && buckets.length > 0) {
      const due = buckets
      buckets = []
      for (const { tasks } of due) {
        for (const task of tasks) {
          if (!isAlive) return any
          countTask()
          task()
        }
      }
    }
    return any
  }

  const countTask = (): void => {
    if (momentMicros !== time.nowMicros) {
      momentMicros = time.nowMicros
      tasksThisMoment = 0
    }
    if (++tasksThisMoment > tasksPerMomentMax) throw new Error("the collector turns in circles: time stands still")
  }

  const sleep = (duration: Duration.Duration): Effect.Effect<void> =>
    Effect.callback<void>((resume) => {
      const micros = Math.ceil(Duration.toMillis(duration) * 1000)
      const sleeper: Sleeper = { dueMicros: time.nowMicros + Math.max(0, micros), wake: () => resume(Effect.void) }
      let low = 0
      let high = sleepers.length
      while (low < high) {
        const middle = (low + high) >>> 1
        if ((sleepers[middle] as Sleeper).dueMicros > sleeper.dueMicros) low = middle + 1
        else high = middle
      }
      sleepers.splice(low, 0, sleeper)
      return Effect.sync(() => {
        const at = sleepers.indexOf(sleeper)
        if (at !== -1) sleepers.splice(at, 1)
      })
    })

  const wallMicros = (): number => time.nowMicros + time.wallOffsetMicros
  const currentTimeMillisUnsafe = (): number => Math.floor(wallMicros() / 1000)
  const currentTimeNanosUnsafe = (): bigint => BigInt(wallMicros()) * 1000n
  const monotonicTimeNanosUnsafe = (): bigint => BigInt(time.nowMicros) * 1000n
  const clock: Clock.Clock = {
    currentTimeMillisUnsafe,
    currentTimeMillis: Effect.sync(currentTimeMillisUnsafe),
    currentTimeNanosUnsafe,
    currentTimeNanos: Effect.sync(currentTimeNanosUnsafe),
    monotonicTimeNanosUnsafe,
    monotonicTimeNanos: Effect.sync(monotonicTimeNanosUnsafe),
    sleep
  }
  const dispatcher: Scheduler.SchedulerDispatcher = { scheduleTask, flush: settle }
  const scheduler: Scheduler.Scheduler = {
    executionMode: "async",
    shouldYield: (fiber) => fiber.currentOpCount >= opsBeforeYield,
    makeDispatcher: () => dispatcher
  }
  const world = Context.empty().pipe(
    Context.add(Clock.Clock, clock),
    Context.add(Random.Random, { nextIntUnsafe: () => Math.floor(random() * 2 ** 53), nextDoubleUnsafe: random }),
    Context.add(References.TracerEnabled, false)
  )

  const nextDueMicros = (): number => (isAlive ? (sleepers.at(-1)?.dueMicros ?? Infinity) : Infinity)

  return {
    run: (effect) => Effect.runFork(Effect.provideContext(effect, world), { scheduler }),
    settle,
    nextDueMicros,
    wake: () => {
      while (nextDueMicros() <= time.nowMicros) {
        sleepers.pop()?.wake()
        settle()
      }
    },
    kill: () => {
      isAlive = false
      buckets = []
      sleepers.length = 0
    },
    isAlive: () => isAlive
  }
}

/** As Effect's own scheduler. */
const opsBeforeYield = 2048
