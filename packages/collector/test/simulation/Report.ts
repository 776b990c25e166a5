/** A simulation that failed, in words: how to repeat it, what was done when, which promise was broken, and what is stored around it. */
import type { BookRecord } from "@kalshibook/core/BookRecord"
import type { Violation } from "./Evidence.ts"
import type { Outcome } from "./Simulation.ts"

/** The command that repeats a seed. */
const commandOf = (seed: number): string =>
  `KALSHIBOOK_SIMULATION_SEED=${seed} npx vitest run packages/collector/test/simulation/Simulation1.sim.test.ts`

const recordsAround = 6
const violationsShown = 5

export const of = ({ evidence, schedule, violations }: Outcome): string => {
  const { deeds, world } = evidence
  const at = (micros: number): string => `${((micros - world.startMicros) / 1e6).toFixed(6)} s`
  const done = deeds.map(({ atMicros, connection, marketTicker, problem, trouble, untilMicros }) => {
    const whom = [connection === undefined ? [] : `connection ${connection}`, marketTicker ?? []].flat().join(", ")
    const until = Number.isFinite(untilMicros) ? ` until ${at(untilMicros)}` : ""
    return `  ${at(atMicros)}${until} ${JSON.stringify(trouble)} ${whom}${problem === undefined ? "" : ` (not done: ${problem})`}`
  })
  const [first] = violations
  return [
    `Seed ${schedule.seed} broke ${violations.length} promises. Repeat it with`,
    `  ${commandOf(schedule.seed)}`,
    "",
    ...violations.slice(0, violationsShown).map((violation) => `* ${textOf(violation)}`),
    "",
    ...(first === undefined ? [] : recordsOf(first, evidence, at)),
    "What was done:",
    ...done,
    `The collector was killed at ${world.machine.kills.map(at).join(", ") || "no time"}.`,
    "",
    "What it said:",
    ...world.machine.lines
      .filter(({ level }) => level !== "Info")
      .map(({ atMicros, level, text }) => `  ${at(atMicros)} ${level} ${text}`),
    "",
    `Settings: ${JSON.stringify({ exchange: schedule.exchange, settings: schedule.settings, tape: schedule.tape })}`
  ].join("\n")
}

const textOf = ({ detail, marketTicker, offset, rule }: Violation): string =>
  `${rule}${marketTicker === undefined ? "" : `: ${marketTicker}`}${offset === undefined ? "" : ` at offset ${offset}`}: ${detail}`

const recordsOf = (
  { marketTicker, offset }: Violation,
  { logs }: Outcome["evidence"],
  at: (micros: number) => string
): ReadonlyArray<string> => {
  const log = logs.get(marketTicker ?? "") ?? []
  if (log.length === 0) return []
  const middle = offset ?? log.length
  return [
    `Records of ${marketTicker}, with the tape entries that they come from:`,
    ...log
      .slice(Math.max(0, middle - recordsAround - 1), middle + recordsAround)
      .map(
        ({ entry, value }) =>
          `  ${value.offset === offset ? ">" : " "} ${at(entry.tsMonotonicMicros)} entry ${entry.number} ${shown(value)}`
      ),
    ""
  ]
}

const shown = ({ epoch, kind, offset, seq, sid, tsExchangeMicros, tsReceivedMicros, ...rest }: BookRecord): string => {
  const more =
    "cause" in rest
      ? rest.cause
      : "levels" in rest
        ? `${rest.levels.yes.length + rest.levels.no.length} levels`
        : `${rest.side} ${rest.priceE4} ${rest.deltaE2}`
  return `${offset} ${kind} ${epoch}/${sid}/${seq} received ${tsReceivedMicros} ${more}`
}
