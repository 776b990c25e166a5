/** The checks that need no running program, in the order in which their failures are worth reading. */
import type { Command } from "./Command.ts"

export const staticChecks: ReadonlyArray<Command> = [
  { title: "types", program: "tsc", args: ["-b"], output: "kept" },
  {
    title: "effects: nothing floats or leaks",
    program: "effect-tsgo",
    args: ["diagnostics", "--project", "tsconfig.json", "--format", "text", "--severity", "error"],
    output: "kept"
  },
  { title: "lint and format", program: "biome", args: ["check", "--error-on-warnings", "."], output: "kept" },
  { title: "dead code and dependencies", program: "knip", args: ["--no-progress"], output: "kept" }
]

/** Import direction, sizes, banned words, links: see test/tidy. Part of the tests, and alone for a quick check. */
export const tidyCheck: Command = {
  title: "tidy",
  program: "vitest",
  args: ["run", "test/tidy"],
  output: "kept"
}
