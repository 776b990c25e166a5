import { ConfigProvider, Effect, Option } from "effect"
import { assert, describe, it } from "vitest"
import { simulatorConfig } from "../src/SimulatorConfig.ts"

const read = (env: Record<string, string>) =>
  Effect.runPromise(
    Effect.provideService(
      Effect.catch(simulatorConfig, (error) => Effect.succeed(error.message)),
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
      recordingPath: Option.none(),
      recordingPace: "recorded"
    })
  })

  it("names the variable that cannot be read, or whose value is not allowed", async () => {
    for (const [name, text] of [
      ["KALSHIBOOK_SIMULATOR_SEED", "x"],
      ["KALSHIBOOK_SIMULATOR_PORT", "7e9"]
    ] as const) {
      assert.match(String(await read({ [name]: text })), new RegExp(`${name} must be a whole number .*not "${text}"`))
    }
  })
})
