/**
 * Which files are tests, and how long one may take.
 *
 * The suffix of a file says what it needs (`.pg.test.ts`: Postgres, `.sim.test.ts`: the simulated exchange, ...); each test
 * starts what it needs on a free port and stops it. Benchmarks (`.bench.ts`) are no tests: `npm run bench` runs them.
 */
import { availableParallelism } from "node:os"
import { defineConfig } from "vitest/config"

/** As many files at once as there are cores: most of what takes long waits for others. Vitest leaves one core free. */
const workersMax = Math.max(2, availableParallelism())
/** Starting an embedded Postgres or a whole collector takes seconds on a busy machine. */
const testMillisMax = 30_000
const hookMillisMax = 60_000

export default defineConfig({
  test: {
    include: ["packages/*/test/**/*.test.ts", "test/**/*.test.ts"],
    exclude: ["**/node_modules/**", "**/*.live.test.ts"],
    pool: "forks",
    maxWorkers: workersMax,
    testTimeout: testMillisMax,
    hookTimeout: hookMillisMax,
    teardownTimeout: hookMillisMax
  }
})
