/** Starting, running in real time, and stopping. */
import { type ChildProcess, spawn } from "node:child_process"
import { mkdtempSync, rmSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect, Exit, Scope } from "effect"
import { afterEach, assert, describe, it } from "vitest"
import { SimulatedExchange, startSimulatedExchange } from "../src/SimulatedExchange.ts"
import { assertTruth, following, isContiguous } from "./Following.ts"
import { overSockets } from "./TestExchange.ts"
import { activeTickers, ownKey, withExchange } from "./WithExchange.ts"

describe("the exchange in real time", () => {
  it(
    "stamps changes with the present time, at the rate that was asked for, and they add up to the truth",
    withExchange({ drive: "real_time", deltasPerSecond: 2_000, marketsOpen: 50 }, async (running) => {
      const tickers = activeTickers(running)
      const client = await following(overSockets(running), tickers)
      const startedMillis = Date.now()
      await client.until(() => client.of(1).length > 2_000)
      const seconds = (Date.now() - startedMillis) / 1000
      assert.isAbove(seconds, 0.5)
      const last = client.of(1).at(-1)
      assert.closeTo(last?.msg.ts_ms, Date.now(), 2_000)
      assert.isTrue(isContiguous(client.of(1)))
      assertTruth(overSockets(running), client, tickers)
    })
  )

  it("refuses a port that is taken, and settings out of bounds, with a reason", async () => {
    const program = Effect.gen(function* () {
      const first = yield* startSimulatedExchange({ ownKey })
      const port = yield* Effect.flip(startSimulatedExchange({ ownKey, port: first.port }))
      const settings = yield* Effect.flip(startSimulatedExchange({ ownKey, marketsOpen: 4 }))
      assert.deepStrictEqual([port.reason, port.problem], ["port_in_use", `port ${first.port} of 127.0.0.1 is in use`])
      assert.deepStrictEqual([settings.reason, settings.problem], ["settings", "marketsOpen must be 5..10000, not 4"])
    })
    await Effect.runPromise(Effect.scoped(program))
  })

  it("ends its connections and frees its port when its scope closes, also as a layer", async () => {
    const scope = Scope.makeUnsafe()
    const running = await Effect.runPromise(Scope.provide(startSimulatedExchange({ ownKey }), scope))
    const client = await following(overSockets(running), activeTickers(running))
    await Effect.runPromise(Scope.close(scope, Exit.void))
    await client.until(() => client.closeCode === 1001)
    const program = Effect.map(SimulatedExchange, (again) => again.port)
    const layer = SimulatedExchange.layer({ ownKey, port: running.port })
    assert.strictEqual(await Effect.runPromise(Effect.provide(program, layer)), running.port)
  })
})

describe("the program", () => {
  const started: Array<ChildProcess> = []
  const folders: Array<string> = []
  afterEach(() => {
    for (const child of started.splice(0)) if (child.pid !== undefined && child.exitCode === null) child.kill("SIGKILL")
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
  })

  const start = (environment: Record<string, string>) => {
    const child = spawn(process.execPath, [join(import.meta.dirname, "../src/main.ts")], {
      env: { ...process.env, ...environment }
    })
    started.push(child)
    let output = ""
    const heard: Array<() => void> = []
    const hear = (chunk: Buffer): void => {
      output += chunk.toString()
      for (const check of heard) check()
    }
    child.stdout.on("data", hear)
    child.stderr.on("data", hear)
    const ended = new Promise<number | null>((resolve) => child.once("close", (code) => resolve(code)))
    const says = (pattern: RegExp): Promise<RegExpExecArray> =>
      new Promise((resolve) => {
        const check = (): void => {
          const match = pattern.exec(output)
          if (match !== null) resolve(match)
        }
        heard.push(check)
        check()
      })
    return { child, ended, says, output: () => output }
  }

  it("says where it is and where its key lies, keeps the key, and stops at Ctrl-C", async () => {
    const folder = mkdtempSync(join(tmpdir(), "simulator-"))
    folders.push(folder)
    const environment = { KALSHIBOOK_SIMULATOR_PORT: "0", KALSHIBOOK_DATA_DIR: folder }
    const keyIds: Array<string | undefined> = []
    for (let run = 0; run < 2; run++) {
      const program = start(environment)
      const [, curl = ""] = await program.says(/curl '(.*)'/)
      keyIds.push(/key id +(\S+)/.exec(program.output())?.[1])
      assert.strictEqual((await fetch(curl)).status, 200)
      program.child.kill("SIGINT")
      assert.include([0, 130], await program.ended)
    }
    assert.strictEqual(keyIds[0], keyIds[1])
    assert.strictEqual(statSync(join(folder, "simulator-private-key.pem")).mode & 0o777, 0o600)
  })

  it("says in one line why it cannot start", async () => {
    const folder = mkdtempSync(join(tmpdir(), "simulator-"))
    folders.push(folder)
    const program = start({
      KALSHIBOOK_DATA_DIR: folder,
      KALSHIBOOK_SIMULATOR_PORT: "0",
      KALSHIBOOK_SIMULATOR_MARKETS: "2"
    })
    assert.strictEqual(await program.ended, 1)
    assert.strictEqual(
      program.output().trim(),
      'KALSHIBOOK_SIMULATOR_MARKETS must be a whole number from 5 to 10000, not "2".'
    )
  })
})
