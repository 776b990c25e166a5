/** The command line of `npm run archive`: what it means, and what is said of what means nothing. */
import { Result } from "effect"
import { assert, it } from "vitest"
import * as ArchiveArguments from "../../scripts/archive/ArchiveArguments.ts"

const parsed = (...args: ReadonlyArray<string>) => {
  const found = Result.getOrThrow(ArchiveArguments.parse(args))
  return found === "help" ? assert.fail("no help was asked for") : found
}
const problemOf = (...args: ReadonlyArray<string>) =>
  Result.getOrElse(Result.flip(ArchiveArguments.parse(args)), () => "")

/** 2026-11-21T13:00:00Z. */
const hour = 1_795_266_000_000_000

it("an hour is a range of one, by the hour or by any moment of it", () => {
  for (const text of ["2026-11-21T13", "2026-11-21T13:00Z", "2026-11-21T13:42:10Z"]) {
    const { fromMicros, hasRange, toMicros } = parsed("seal", "--hour", text)
    assert.deepStrictEqual([fromMicros, toMicros, hasRange], [hour, hour + 3_600_000_000, true])
  }
})

it("without a range all is meant, and a date is its beginning", () => {
  const { fromMicros, hasRange, span, toMicros } = parsed("verify", "--days", "--from", "2026-11-21")
  assert.deepStrictEqual(
    [fromMicros, toMicros, hasRange, span],
    [hour - 13 * 3_600_000_000, Number.MAX_SAFE_INTEGER, false, "day"]
  )
})

it("what is missing or makes no sense is said in a sentence", () => {
  assert.match(problemOf(), /Which command\? There are: list, seal, backfill, reseal, verify/)
  assert.match(problemOf("prune"), /Which command/)
  assert.match(problemOf("reseal", "--reason", "x"), /Which hours/)
  assert.match(problemOf("reseal", "--hour", "2026-11-21T13"), /Why\? Give --reason/)
  assert.match(problemOf("list", "--hour", "yesterday"), /--hour needs an hour or a date/)
  assert.match(problemOf("list", "--hour", "2026-11-21T13", "--to", "2026-11-22"), /Give --hour, or --from and --to/)
  assert.match(problemOf("list", "--all"), /Unknown option/)
})
