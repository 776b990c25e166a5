import { ConfigProvider, Effect } from "effect"
import { assert, describe, it } from "vitest"
import { problemText, simulatorConfig } from "../src/SimulatorConfig.ts"

const read = (env: Record<string, string>) =>
  Effect.runPromise(
    Effect.provideService(
      Effect.catch(simulatorConfig, (error) => Effect.succeed(problemText(error.message))),
      ConfigProvider.ConfigProvider,
      ConfigProvider.fromEnv({ env })
    )
  )

describe("SimulatorConfig", () => {
  it("has a believable small exchange as its default", async () => {
    assert.deepStrictEqual(await read({}), {
      port: 4010,
      marketsOpen: 60,
      deltasPerSecond: 200,
      seed: 1,
      quickLifeSeconds: 900,
      dataDir: ".kalshibook",
      recordingPath: "",
      recordingPace: "recorded"
    })
  })

  it("names the variable that cannot be read, or whose value is not allowed", async () => {
    const expected = "KALSHIBOOK_SIMULATOR_SEED must be a string representing a finite number"
    assert.strictEqual(await read({ KALSHIBOOK_SIMULATOR_SEED: "x" }), expected)
    assert.strictEqual(
      problemText("port must be 0..65535, not 7e9"),
      "KALSHIBOOK_SIMULATOR_PORT must be 0..65535, not 7e9"
    )
    assert.strictEqual(problemText("seed must be 0..1, not 2"), "KALSHIBOOK_SIMULATOR_SEED must be 0..1, not 2")
  })
})
