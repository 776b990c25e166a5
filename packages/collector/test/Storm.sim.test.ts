import { describe, it } from "@effect/vitest"
import type { Fault } from "@kalshibook/simulator/fault/Fault"
import { Effect } from "effect"
import * as Station from "./Station.ts"
import * as Verdict from "./Verdict.ts"

/** Small and fast, the same for the same seed. */
const dice = (seed: number) => {
  let state = seed
  return (sides: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state % sides
  }
}

const chance = { probability: 0.05, count: 3 }
const storm: ReadonlyArray<(roll: (sides: number) => number) => Fault> = [
  () => ({ fault: "frame", action: { _tag: "drop" }, ...chance }),
  () => ({ fault: "frame", action: { _tag: "duplicate" }, ...chance }),
  (roll) => ({ fault: "frame", action: { _tag: "delay", millis: 1 + roll(100) }, ...chance }),
  () => ({ fault: "frame", action: { _tag: "reorder" }, ...chance }),
  (roll) => ({ fault: "frame", action: { _tag: "corrupt", how: roll(2) === 0 ? "truncate" : "field" }, ...chance }),
  () => ({ fault: "frame", action: { _tag: "drop" }, type: "orderbook_snapshot", count: 2 }),
  () => ({ fault: "frame", action: { _tag: "drop" }, type: "ok", count: 1 }),
  () => ({ fault: "cut" }),
  () => ({ fault: "cut", code: 1011 }),
  (roll) => ({ fault: "freeze", mode: roll(2) === 0 ? "data" : "all", millis: 50 + roll(400) }),
  (roll) => ({ fault: "subscription_error", code: roll(2) === 0 ? 10 : 25 }),
  (roll) => ({ fault: "ignore_commands", count: 1 + roll(3) }),
  (roll) => ({ fault: "refuse_commands", code: [1, 7, 10, 11, 18, 25, 26, 27][roll(8)] ?? 27, count: 1 + roll(3) }),
  (roll) => ({ fault: "rest", status: roll(2) === 0 ? 429 : 503, count: 1 + roll(8) }),
  (roll) => ({ fault: "refuse_handshakes", status: 503, millis: roll(300) }),
  () => ({ fault: "unannounced_market" })
]

const seeds = (process.env["KALSHIBOOK_STORM_SEEDS"] ?? "1").split(",").map(Number)
const faults = Number(process.env["KALSHIBOOK_STORM_FAULTS"] ?? "40")
const faultEveryMillis = 50

describe("everything that can go wrong, one thing after the other", () => {
  for (const seed of seeds) {
    it.live(
      `ends in exact books, and no book was ever trusted that was wrong (seed ${seed})`,
      () =>
        Effect.gen(function* () {
          const roll = dice(seed)
          const station = yield* Station.start(
            {
              seed,
              marketsOpen: 40,
              deltasPerSecond: 1_000,
              quickLifeSeconds: 1,
              commandDelayMillisMax: 60,
              pingMillis: 50
            },
            {
              chunkMarketsMax: 16,
              chunkMarketsMin: 4,
              pingSilenceMillisMax: 400,
              dataSilenceMillisMax: 400,
              openLeadMillis: 300,
              closeGraceMillis: 50,
              reconcileMillis: 500
            }
          )
          for (let done = 0; done < faults; done++) {
            const fault = storm[roll(storm.length)]
            if (fault !== undefined) yield* Station.inflict(station.exchange, fault(roll))
            yield* Effect.sleep(roll(2 * faultEveryMillis))
          }
          yield* Station.inflict(station.exchange, { fault: "clear" })
          yield* Station.untilAllLive(station)
          yield* Verdict.isTrue(station)
          const { cells, recorder } = station.recording
          const areRecorded = (tickers: Iterable<string>) => [...tickers].every((ticker) => cells.has(ticker))
          yield* Station.until("nothing is left of markets that are over", () => {
            return areRecorded(recorder.logs.keys()) && areRecorded(Station.followed(station))
          })
        }).pipe(Effect.scoped),
      60_000
    )
  }
})
