/** Settings of the simulated exchange, of tests and benchmarks, and what examples in the documents call a customer's own. */
import type { Program } from "./Setting.ts"
import * as Setting from "./Setting.ts"

const simulator: ReadonlyArray<Program> = ["simulator", "start"]

const ofTests = (meaning: string) => Setting.optional(Setting.text, { programs: ["tests"], otherwise: "", meaning })
const ofClients = (meaning: string) => Setting.optional(Setting.text, { programs: ["clients"], otherwise: "", meaning })
const seed = ofTests("repeats the run with this seed")
const count = ofTests("how much a test or benchmark tries, in place of its own number")

export const simulatorSettings = {
  KALSHIBOOK_SIMULATOR_PORT: Setting.withDefault(Setting.port, 4_010, {
    programs: simulator,
    meaning: "where the simulated exchange listens"
  }),
  KALSHIBOOK_SIMULATOR_MARKETS: Setting.withDefault(Setting.whole(5, 10_000), 60, {
    programs: simulator,
    meaning: "how many of its markets are open"
  }),
  KALSHIBOOK_SIMULATOR_DELTAS_PER_SECOND: Setting.withDefault(Setting.whole(1, 50_000), 200, {
    programs: simulator,
    meaning: "changes of all its books together"
  }),
  KALSHIBOOK_SIMULATOR_SEED: Setting.withDefault(Setting.whole(0, 0xffffffff), 1, {
    programs: simulator,
    meaning: "its luck"
  }),
  KALSHIBOOK_SIMULATOR_QUICK_LIFE_SECONDS: Setting.withDefault(Setting.whole(1, 86_400), 900, {
    programs: simulator,
    unit: "s",
    meaning: "how long its quick markets live"
  }),
  KALSHIBOOK_SIMULATOR_RECORDING: Setting.optional(Setting.text, {
    programs: simulator,
    otherwise: "invented markets",
    meaning: "a file of recorded frames to serve, one a line"
  }),
  KALSHIBOOK_SIMULATOR_RECORDING_PACE: Setting.withDefault(Setting.oneOf("recorded", "as_read"), "recorded", {
    programs: simulator,
    meaning: "how fast"
  })
}

/** Nobody who runs KalshiBook needs them. */
export const trialSettings = {
  KALSHIBOOK_TEST_CHROMIUM: ofTests("the browser that tests of pages drive"),
  KALSHIBOOK_TEST_PICTURES: ofTests("a folder for pictures of the pages that tests walk through"),
  KALSHIBOOK_TEST_PYTHON: ofTests("the Python that tests of exports run"),
  KALSHIBOOK_TEST_QUESTIONS: count,
  KALSHIBOOK_TEST_S3_ENDPOINT: ofTests("an S3 server in place of the one that tests start"),
  KALSHIBOOK_TEST_S3_BUCKET: ofTests("its bucket"),
  KALSHIBOOK_TEST_S3_REGION: ofTests("its region"),
  KALSHIBOOK_TEST_S3_ACCESS_KEY_ID: ofTests("a key for it"),
  KALSHIBOOK_TEST_S3_SECRET_ACCESS_KEY: ofTests("belongs to it"),
  KALSHIBOOK_TEST_SERVERS_DIR: ofTests("where processes of tests find the servers that they share"),
  KALSHIBOOK_TEST_DISK_DIR: ofTests("a folder on a disk for what tests cannot keep in memory"),
  KALSHI_RECORDED_DIR: ofTests("recorded frames of the production exchange"),
  KALSHIBOOK_WRITE_DOCS: ofTests("`1`: the tests of documents write them"),
  KALSHIBOOK_PROPERTY_FACTOR: ofTests("how many times as many cases properties are tried with"),
  KALSHIBOOK_PROOF_DAYS: count,
  KALSHIBOOK_SIMULATION_SEED: seed,
  KALSHIBOOK_SIMULATION_SEEDS: count,
  KALSHIBOOK_STORM_SEEDS: seed,
  KALSHIBOOK_STORM_FAULTS: count,
  KALSHIBOOK_STREAM_JOINS: count,
  KALSHIBOOK_HOSTILE_SEED: seed,
  KALSHIBOOK_KILLS_SEED: seed,
  KALSHIBOOK_BILLING_SEED: seed,
  KALSHIBOOK_FUZZ_SEED: seed,
  KALSHIBOOK_FUZZ_FRAMES: count,
  KALSHIBOOK_BENCH_FRAMES: count,
  KALSHIBOOK_BENCH_RECORDS: count,
  KALSHIBOOK_BENCH_MILLIS: count,
  KALSHIBOOK_BENCH_SECONDS: count,
  KALSHIBOOK_KEY: ofClients("a key of KalshiBook"),
  KALSHIBOOK_URL: ofClients("where an API is"),
  KALSHIBOOK_API: ofClients("where an API is, in the examples for backtests"),
  KALSHIBOOK_STREAM_URL: ofClients("where its stream is")
}
