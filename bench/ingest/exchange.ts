/**
 * The exchange of the ingest benchmark as a process of its own: serves the recording that the command line names as fast as
 * the client reads. Says on its first line of output where it is, and ends with its input.
 */
import { NodeRuntime } from "@effect/platform-node"
import { startSimulatedExchange } from "@kalshibook/simulator/SimulatedExchange"
import { Console, Effect } from "effect"
import type { ExchangeAddress } from "./ExchangeProcess.ts"

const inputEnded = Effect.callback<void>((resume) => {
  process.stdin.once("end", () => resume(Effect.void)).resume()
})

Effect.gen(function* () {
  const { keyId, privateKeyPem, restUrl, wsUrl } = yield* startSimulatedExchange({
    recording: { path: process.argv[2] ?? "", pace: "as_read" },
    readTokensPerSecond: 100_000,
    readTokensMax: 100_000
  })
  const address: ExchangeAddress = { keyId, privateKeyPem, restUrl, wsUrl }
  yield* Console.log(JSON.stringify(address))
  yield* inputEnded
}).pipe(Effect.scoped, NodeRuntime.runMain)
