/** The checks that need no running program. */
import { type Command, run } from "./Command.ts"

/** What follows from the types, the second from what the first one has written. */
const typeChecks: ReadonlyArray<Command> = [
  { title: "types", program: "tsc", args: ["-b"], output: "kept" },
  {
    title: "effects: nothing floats or leaks",
    program: "effect-tsgo",
    args: ["diagnostics", "--project", "tsconfig.json", "--format", "text", "--severity", "error"],
    output: "kept"
  }
]

const textChecks: ReadonlyArray<Command> = [
  { title: "lint and format", program: "biome", args: ["check", "--error-on-warnings", "."], output: "kept" },
  { title: "dead code and dependencies", program: "knip", args: ["--no-progress"], output: "kept" }
]

export const checksCount = typeChecks.length + textChecks.length

const failuresOf = async (checks: ReadonlyArray<Command>): Promise<number> => {
  let failures = 0
  for (const check of checks) if (!(await run(check)).passed) failures++
  return failures
}

/** Runs all of them, two at a time: each leaves a core idle now and then. Gives how many failed. Never rejects. */
export const failures = async (): Promise<number> => {
  const failed = await Promise.all([failuresOf(typeChecks), failuresOf(textChecks)])
  return failed.reduce((sum, count) => sum + count, 0)
}

/** Import direction, sizes, banned words, links: see test/tidy. Part of the tests, and alone for a quick check. */
export const tidyCheck: Command = {
  title: "tidy",
  program: "vitest",
  args: ["run", "test/tidy"],
  output: "kept"
}
