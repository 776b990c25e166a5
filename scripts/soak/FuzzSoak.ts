/** Any number of spoilt frames (packages/core/test/kalshi/Fuzz.ts), in runs of a seed each, until one breaks a promise. */
import * as Fuzz from "../../packages/core/test/kalshi/Fuzz.ts"

export interface FuzzSoakOptions {
  readonly frames: number
  /** That of the first run; the others follow it. `undefined` for a fresh one. */
  readonly seedFirst: number | undefined
}

/** Frames of one seed: few enough that to repeat one takes seconds. */
const framesPerSeed = 20_000
const seedsBelow = 2 ** 31

/** Whether every frame kept every promise; prints how far it is, and the frame that did not. */
export const run = async ({ frames, seedFirst }: FuzzSoakOptions): Promise<boolean> => {
  const first = seedFirst ?? Math.floor(Math.random() * seedsBelow)
  const beganMillis = performance.now()
  let records = 0
  let millisMax = 0
  for (let done = 0, seed = first; done < frames; done += framesPerSeed, seed++) {
    // So that a signal is heard between two of them.
    await new Promise(setImmediate)
    try {
      const counts = Fuzz.run({ seed, frames: Math.min(framesPerSeed, frames - done) })
      records += counts.recordsWritten
      millisMax = Math.max(millisMax, counts.millisMax)
    } catch (broken) {
      process.stdout.write(`seed ${seed}: a promise is broken\n`)
      process.stdout.write(`${broken instanceof Error ? `${broken.stack}\n${broken.cause}` : broken}\n`)
      process.stdout.write(`Again: npm run soak -- --frames ${framesPerSeed} --seed ${seed}\n`)
      return false
    }
    const seconds = ((performance.now() - beganMillis) / 1000).toFixed(0)
    const sofar = `${Math.min(done + framesPerSeed, frames)} of ${frames} frames, ${seconds} s`
    process.stdout.write(`${sofar}: seed ${seed}, ${records} records, slowest ${millisMax.toFixed(1)} ms\n`)
  }
  return true
}
