/**
 * Runs a program until it ends or somebody wishes it to stop: Ctrl-C, `kill`, a closed terminal, or the end of the process that
 * started this one. The first wish stops in order; a second one, or a stop that takes too long, ends at once.
 */
import { Effect, type Exit } from "effect"

/** One wish may arrive twice, from the terminal and from the program in front. */
const echoMillisMax = 500

/** The database may need some of it to write what it holds; then nothing more is to be hoped for. */
const stopMillisMax = 45_000

/** What the reader of the terminal is told. */
export interface Announcements {
  readonly stopping: () => void
  readonly forced: (reason: string) => void
}

/** Ends the process by force when a stop is not enough; else resolves with how the program ended. */
export const runUntilStopped = <A, E>(
  program: Effect.Effect<A, E>,
  announce: Announcements
): Promise<Exit.Exit<A, E>> => {
  const fiber = Effect.runFork(program)
  let wishedMillis: number | undefined
  const force = (reason: string): void => {
    announce.forced(reason)
    process.exit(1)
  }
  const wish = (): void => {
    const nowMillis = performance.now()
    if (wishedMillis === undefined) {
      wishedMillis = nowMillis
      announce.stopping()
      setTimeout(() => force("it took too long"), stopMillisMax).unref()
      fiber.interruptUnsafe()
    } else if (nowMillis - wishedMillis > echoMillisMax) {
      force("asked twice")
    }
  }
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, wish)
  process.on("disconnect", () => (wishedMillis === undefined ? wish() : undefined))
  return new Promise((resolve) => {
    fiber.addObserver(resolve)
  })
}
