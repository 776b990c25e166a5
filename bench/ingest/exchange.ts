/**
 * The exchange of the ingest benchmarks as a process of its own: see `Hose`. Its settings are the command line, as JSON. Says on its
 * first line of output where it is and what comes of its frames, and ends with its input.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { startSimulatedExchange } from "@kalshibook/simulator/SimulatedExchange"
import { Console, Effect } from "effect"
import type { HoseAddress } from "./ExchangeProcess.ts"
import * as Hose from "./Hose.ts"

const inputEnded = Effect.callback<void>((resume) => {
  process.stdin.once("end", () => resume(Effect.void)).resume()
})

Effect.gen(function* () {
  const { changes, framesPerSecond, markets }: Hose.HoseSettings = JSON.parse(process.argv[2] ?? "{}")
  const settings = Hose.exchangeSettings(markets)
  const supply = Hose.supply(settings, changes)
  const exchange = yield* startSimulatedExchange({
    ...settings,
    drive: "manual",
    // Answers of REST are told to be up to 15 s old; nobody audits here.
    readTokensPerSecond: 100_000,
    readTokensMax: 100_000,
    outboundBytesMax: 1024 ** 3
  })
  Hose.pour(exchange, supply, framesPerSecond)
  const { keyId, privateKeyPem, restUrl, wsUrl } = exchange
  const { frameBytesMean, outcomes } = supply
  const address: HoseAddress = { keyId, privateKeyPem, restUrl, wsUrl, frameBytesMean, outcomes }
  yield* Console.log(JSON.stringify(address))
  yield* inputEnded
}).pipe(Effect.scoped, NodeRuntime.runMain)
