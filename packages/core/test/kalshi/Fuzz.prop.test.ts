import { assert, describe, it } from "vitest"
import * as Fuzz from "./Fuzz.ts"
import * as Mutations from "./Mutations.ts"

const frames = Number(process.env["KALSHIBOOK_FUZZ_FRAMES"] ?? 20_000)
const seed = Number(process.env["KALSHIBOOK_FUZZ_SEED"] ?? Math.floor(Math.random() * 2 ** 31))

describe("frames that are spoilt", () => {
  it(`never throw, hang or make the two ways of decoding differ, and leave logs that are right: ${frames} frames (repeat with KALSHIBOOK_FUZZ_SEED=${seed})`, () => {
    const { gapsWritten, messages, mutations, recordsWritten } = Fuzz.run({ seed, frames })
    // Each kind of message came, and each mutation was tried; the recorder had something to do.
    if (frames >= 20_000) {
      for (const name of Mutations.mutationNames) assert.isAbove(mutations[name] ?? 0, 0, name)
      for (const kind of ["orderbook_delta", "orderbook_snapshot", "trade", "ticker", "market_lifecycle_v2"]) {
        assert.isAbove(messages[kind] ?? 0, 0, kind)
      }
      for (const kind of ["subscribed", "ok", "unsubscribed", "error", "unknown", "undecodable"]) {
        assert.isAbove(messages[kind] ?? 0, 0, kind)
      }
      assert.isAbove(recordsWritten, frames / 10)
      assert.isAbove(gapsWritten, 100)
    }
  }, 600_000)
})
