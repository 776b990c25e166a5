/**
 * Which files are tests, how long one may take, and in which order they run.
 *
 * The suffix of a file says what it needs (`.pg.test.ts`: Postgres, `.sim.test.ts`: the simulated exchange, ...); each test
 * starts what it needs on a free port and stops it. Benchmarks (`.bench.ts`) are no tests: `npm run bench` runs them.
 */
import { availableParallelism } from "node:os"
import { defineConfig } from "vitest/config"
import { BaseSequencer, type TestSpecification } from "vitest/node"

/** As many files at once as there are cores: with one more the whole takes as long, and what depends on time is late. Vitest leaves one core free. */
const workersMax = Math.max(2, availableParallelism())
/** These end what hangs. Starting an embedded Postgres or a whole collector takes many seconds on a busy machine. */
const testMillisMax = 60_000
const hookMillisMax = 120_000

/** The files that take longest, longest first: one that is begun last keeps a single core busy when all others are done. */
const longest = [
  "test/processes/Kills.pg.test.ts",
  "packages/collector/test/simulation/Simulation1.sim.test.ts",
  "packages/collector/test/simulation/Simulation2.sim.test.ts",
  "test/web/Pages.web.test.ts",
  "test/start/start.sim.test.ts",
  "test/cold/TenThousandBooks.pg.test.ts",
  "packages/store/test/EmbeddedPostgres.pg.test.ts",
  "test/system/Truth.pg.test.ts",
  "test/processes/Database.pg.test.ts",
  "test/processes/Program.pg.test.ts",
  "test/demo/demo-history.sim.test.ts",
  "test/drill/RestoreDrill.pg.test.ts",
  "packages/archiver/test/Archiver.pg.test.ts",
  "packages/store/test/objects/ObjectStore.s3.test.ts",
  "packages/api/test/HostileMany.prop.test.ts",
  "packages/api/test/billing/Life.prop.test.ts"
]

class LongestFirst extends BaseSequencer {
  override async sort(files: Array<TestSpecification>): Promise<Array<TestSpecification>> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const at = longest.findIndex((file) => moduleId.endsWith(file))
      return at === -1 ? longest.length : at
    }
    return (await super.sort(files)).sort((one, other) => rank(one) - rank(other))
  }
}

/** Files that start processes, or tell of them what is true of a process alone. */
const apart = [
  "packages/api/test/Database.pg.test.ts",
  "packages/archiver/test/Crash.pg.test.ts",
  "packages/archiver/test/Killed.pg.test.ts",
  "packages/store/test/EmbeddedPostgres.pg.test.ts",
  "test/**/*.{pg,sim,web}.test.ts",
  "test/deploy/Image.test.ts",
  "test/tape/TapeCommand.test.ts"
]
const exclude = ["**/node_modules/**", "**/*.live.test.ts"]

export default defineConfig({
  test: {
    pool: "forks",
    maxWorkers: workersMax,
    testTimeout: testMillisMax,
    hookTimeout: hookMillisMax,
    teardownTimeout: hookMillisMax,
    sequence: { sequencer: LongestFirst },
    globalSetup: ["packages/store/test/ScratchFolder.ts", "packages/store/test/PgServers.ts"],
    // Node reads the sources itself, as the programs do: what is run is what is tested, and imports are bindings, not getters.
    experimental: { viteModuleRunner: false, nodeLoader: false },
    projects: [
      { extends: true, test: { name: "apart", include: apart, exclude } },
      // What stays within a process ends with its scope: these files share one, and load the same modules once.
      {
        extends: true,
        test: {
          name: "together",
          include: ["packages/*/test/**/*.test.ts", "test/**/*.test.ts"],
          exclude: [...exclude, ...apart],
          isolate: false
        }
      }
    ]
  }
})
