/** The command line of `npm run demo-history`, as people get it right and wrong. */
import { Result } from "effect"
import { assert, it } from "vitest"
import * as DemoArguments from "../../scripts/demo/DemoArguments.ts"

/** 2026-11-22T11:49:42.5Z. */
const nowMicros = 1_795_348_182_500_000

const parse = (...args: ReadonlyArray<string>) => DemoArguments.parse(args, nowMicros)

it("without options it is three days until now", () => {
  assert.deepStrictEqual(Result.getOrThrow(parse()), {
    days: 3,
    markets: 60,
    deltasPerSecond: 10,
    seed: 1,
    untilMicros: 1_795_348_140_000_000,
    isHelp: false
  })
})

it("every option is heeded", () => {
  const args = ["--days", "0.5", "--markets", "9", "--deltas-per-second", "2.5", "--seed", "7", "--until", "2026-11-21"]
  assert.deepInclude(Result.getOrThrow(parse(...args)), {
    days: 0.5,
    markets: 9,
    deltasPerSecond: 2.5,
    seed: 7,
    untilMicros: 1_795_219_200_000_000
  })
})

it("what cannot be is refused with a sentence that names the option", () => {
  for (const [option, value] of [
    ["days", "0"],
    ["days", "many"],
    ["markets", "4"],
    ["markets", "7.5"],
    ["deltas-per-second", "60000"],
    ["seed", "-1"],
    ["until", "yesterday"],
    ["until", "2026-11-23"],
    ["weeks", "1"]
  ] as const) {
    const refused = parse(`--${option}=${value}`)
    assert.isTrue(Result.isFailure(refused), option)
    if (Result.isFailure(refused)) assert.include(refused.failure, `--${option}`)
  }
})
