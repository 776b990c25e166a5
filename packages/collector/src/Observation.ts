/**
 * Looks at a collector once a second: what costs something to ask for, and what is a rate. The status, which may be asked for at any
 * time, is made of the last look.
 */
import * as LagHistogram from "@kalshibook/core/LagHistogram"
import type { TapeStatus } from "@kalshibook/store/tape/Tape"
import { Clock, Effect, Option, type Scope } from "effect"
import * as Faults from "./Faults.ts"
import * as ProcessFacts from "./ProcessFacts.ts"
import type { RecordingState } from "./Recording.ts"
import * as Sight from "./Sight.ts"
import type { Slot } from "./Slots.ts"

/** What was seen at the last look. */
export interface Observation {
  readonly process: ProcessFacts.ProcessFacts
  /** `null` while its disk does not answer. */
  readonly tape: TapeStatus | null
  readonly recordsPerSecond: number
  readonly framesPerSecond: (slot: Slot) => number
  /** The receive clock less the wall clock, microseconds. */
  readonly clockSkewMicros: number
  readonly clockSteps: number
}

export interface Observer {
  readonly look: (recording: RecordingState) => Effect.Effect<void>
  readonly last: () => Observation
}

/** A wall clock that moved by more against the monotonic one, from one look to the next, was set. */
const clockStepMicrosMin = 500_000
/** The disk of the tape may hang; what else there is to see must not wait for it. */
const tapeMillisMax = 900

export const make: Effect.Effect<Observer, never, Scope.Scope> = Effect.gen(function* () {
  const readProcess = yield* ProcessFacts.make
  const records = makeRateMeter()
  const frames = new WeakMap<Slot, RateMeter>()
  let wallLessMonotonicMicros: number | undefined
  let wasFreeLow = false
  const gapsLogged = new WeakSet<Faults.Fault>()
  let last: Observation = {
    process: readProcess(),
    tape: null,
    recordsPerSecond: 0,
    framesPerSecond: (slot) => frames.get(slot)?.perSecond() ?? 0,
    clockSkewMicros: 0,
    clockSteps: 0
  }

  const look = Effect.fnUntraced(function* (recording: RecordingState) {
    const { clock, sight, slots, tape } = recording
    const wallMicros = (yield* Clock.currentTimeMillis) * 1000
    const monotonicMicros = Number(yield* Clock.monotonicTimeNanos) / 1000
    const nowMicros = clock.nowMicros()
    for (const histogram of [sight.exchangeLag, sight.commitLag, tape.syncLag])
      LagHistogram.rotate(histogram, monotonicMicros)
    records.sample(monotonicMicros, Sight.totals(sight, recording).recordsCommitted)
    for (const slot of slots.all) {
      const meter = frames.get(slot) ?? makeRateMeter()
      frames.set(slot, meter)
      meter.sample(monotonicMicros, slot.frames)
    }
    const steppedMicros = wallMicros - monotonicMicros - (wallLessMonotonicMicros ?? wallMicros - monotonicMicros)
    wallLessMonotonicMicros = wallMicros - monotonicMicros
    const isStep = Math.abs(steppedMicros) > clockStepMicrosMin
    if (isStep) {
      Faults.note(sight.faults, nowMicros, {
        kind: "clock",
        cause: `the machine's clock was set ${steppedMicros > 0 ? "ahead" : "back"} by ${Math.abs(Math.round(steppedMicros / 1000))} ms`,
        action:
          steppedMicros > 0 ? "the receive clock follows at once" : "the receive clock goes slower until it agrees"
      })
    }
    for (const fault of sight.faults.last) {
      if (fault.kind !== "gap" || gapsLogged.has(fault)) continue
      gapsLogged.add(fault)
      yield* logGap(fault)
    }
    const tapeStatus = Option.getOrNull(yield* Effect.timeoutOption(tape.status, tapeMillisMax))
    if (tapeStatus !== null) {
      if (tapeStatus.isFreeLow && !wasFreeLow) {
        Faults.note(sight.faults, nowMicros, {
          kind: "tape",
          cause: `only ${tapeStatus.freeBytes} bytes are free on the disk of the tape`,
          action: "recording goes on; it stops before the disk is full"
        })
      }
      wasFreeLow = tapeStatus.isFreeLow
    }
    last = {
      process: readProcess(),
      tape: tapeStatus,
      recordsPerSecond: records.perSecond(),
      framesPerSecond: last.framesPerSecond,
      clockSkewMicros: nowMicros - wallMicros,
      clockSteps: last.clockSteps + (isStep ? 1 : 0)
    }
  })
  return { look, last: () => last }
})

/** Gaps are noticed within a frame, where nothing is logged; other faults are logged where they happen. */
const logGap = ({ action, cause, epoch, markets, sid, ticker }: Faults.Fault): Effect.Effect<void> =>
  Effect.logInfo(`books are not known (${cause}): ${action}`).pipe(
    Effect.annotateLogs({ epoch, markets, marketTicker: ticker, ...(sid === undefined ? {} : { sid }) })
  )

/** How fast a count grows, over the last seconds. */
interface RateMeter {
  readonly sample: (nowMicros: number, count: number) => void
  readonly perSecond: () => number
}

const windowSamples = 5

const makeRateMeter = (): RateMeter => {
  const samples: Array<{ readonly micros: number; readonly count: number }> = []
  return {
    sample: (micros, count) => {
      samples.push({ micros, count })
      if (samples.length > windowSamples + 1) samples.shift()
    },
    perSecond: () => {
      const [first] = samples
      const last = samples.at(-1)
      if (first === undefined || last === undefined || last.micros === first.micros) return 0
      return ((last.count - first.count) / (last.micros - first.micros)) * 1e6
    }
  }
}
