/** Runs a test against an exchange of its own, driven by hand unless it asks for real time. */
import { Effect } from "effect"
import {
  type RunningExchange,
  type SimulatedExchangeOptions,
  startSimulatedExchange
} from "../src/SimulatedExchange.ts"
import * as AccessKeys from "../src/server/AccessKeys.ts"

/** One key for all tests of a file: making one takes long. */
export const ownKey = AccessKeys.generate()

export const withExchange = (
  options: SimulatedExchangeOptions,
  body: (running: RunningExchange) => Promise<void>
): (() => Promise<void>) => {
  const isTimeless = options.drive !== "real_time" && options.recording === undefined
  const program = Effect.gen(function* () {
    const running = yield* startSimulatedExchange({
      drive: "manual",
      // The same exchange at every hour of the day; in real time its clock is this machine's.
      ...(isTimeless ? { startMicros: 1_795_000_000_000_000 } : {}),
      seed: 7,
      marketsOpen: 30,
      commandDelayMillisMax: 0,
      ownKey,
      readTokensPerSecond: 100_000,
      readTokensMax: 100_000,
      restBookCacheMillis: 0,
      ...options
    })
    yield* Effect.promise(() => body(running))
  })
  return () => Effect.runPromise(Effect.scoped(program))
}

/** Tickers of the markets that trade, in ascending order. */
export const activeTickers = (running: RunningExchange): ReadonlyArray<string> =>
  [...running.exchange.markets.values()]
    .filter((market) => market.status === "active")
    .map((market) => market.ticker)
    .sort()
