/** Runs a test against an exchange of its own, driven by hand unless it asks for real time. */
import { Effect } from "effect"
import { it } from "vitest"
import {
  type RunningExchange,
  type SimulatedExchangeOptions,
  startSimulatedExchange
} from "../src/SimulatedExchange.ts"
import * as AccessKeys from "../src/server/AccessKeys.ts"
import { inVirtualTime, overSockets, type TestExchange } from "./TestExchange.ts"

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

/** A promise that is kept over sockets and in virtual time. */
export const both = (
  title: string,
  options: SimulatedExchangeOptions,
  body: (running: TestExchange) => Promise<void>
): void => {
  it(
    `${title} (over sockets)`,
    withExchange(options, (running) => body(overSockets(running)))
  )
  it(`${title} (in virtual time)`, () => body(inVirtualTime(options)))
}

/** Tickers of the markets that trade, in ascending order. */
export const activeTickers = (running: Pick<RunningExchange, "exchange">): ReadonlyArray<string> =>
  [...running.exchange.markets.values()]
    .filter((market) => market.status === "active")
    .map((market) => market.ticker)
    .sort()
