/**
 * `npm run soak`: the proofs of `npm test`, for as long as somebody wants. Each option is a proof and how much of it; several run one
 * after the other, and the first that fails ends it.
 *
 * `npm run soak -- --seeds 5000 [--seed 7]`: so many simulations, from this seed on; without one, from a fresh one.
 * `npm run soak -- --kills 1000 [--seed 7]`: so many times the collector is killed, as a process, under load.
 * `npm run soak -- --frames 1000000 [--seed 7]`: so many frames are spoilt, and decoded and recorded all the same.
 * `npm run soak -- --subscribers 1000 [--minutes 2] [--seed 7]`: so many subscribers of the live stream, in a process of their own.
 */
import { parseArgs } from "node:util"
import * as FuzzSoak from "./soak/FuzzSoak.ts"
import * as KillSoak from "./soak/KillSoak.ts"
import * as SimulationSoak from "./soak/SimulationSoak.ts"
import * as SubscriberSoak from "./soak/SubscriberSoak.ts"

const { values } = parseArgs({
  options: {
    seeds: { type: "string" },
    kills: { type: "string" },
    frames: { type: "string" },
    subscribers: { type: "string" },
    minutes: { type: "string" },
    seed: { type: "string" }
  }
})

/** A whole number from an option, `undefined` when it is not given. */
const count = (name: keyof typeof values): number | undefined => {
  const text = values[name]
  if (text === undefined) return undefined
  const value = Number(text)
  if (Number.isInteger(value) && value >= 0) return value
  process.stderr.write(`--${name} must be a whole number, not "${text}".\n`)
  process.exit(1)
}

const seeds = count("seeds")
const kills = count("kills")
const frames = count("frames")
const subscribers = count("subscribers")
const minutes = count("minutes") ?? 2
const seed = count("seed")
/** A seed alone is one simulation, which is how a failed one is repeated. */
const isRepetition = seed !== undefined && [kills, frames, subscribers].every((asked) => asked === undefined)

/** What is asked for, in the order in which it runs. Each says itself what it found, and gives whether all is well. */
const proofs: ReadonlyArray<() => Promise<boolean>> = [
  ...(frames === undefined ? [] : [() => FuzzSoak.run({ frames, seedFirst: seed })]),
  ...(seeds === undefined && !isRepetition ? [] : [() => SimulationSoak.run({ seeds: seeds ?? 1, seedFirst: seed })]),
  ...(kills === undefined ? [] : [() => KillSoak.run({ kills, seedFirst: seed })]),
  ...(subscribers === undefined ? [] : [() => SubscriberSoak.run({ subscribers, minutes, seed })])
]

if (proofs.length === 0) {
  process.stderr.write(
    "Say what to prove and how much of it: npm run soak -- --seeds 1000 --kills 100 --frames 1000000 --subscribers 1000\n"
  )
  process.exit(1)
}
for (const proof of proofs) if (!(await proof())) process.exit(1)
process.exit(0)
