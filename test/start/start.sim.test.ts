/** What a newcomer sees: `npm start`, the lines it prints, Ctrl-C, and the second start. */
import { execFileSync } from "node:child_process"
import fs from "node:fs"
import net from "node:net"
import os from "node:os"
import path from "node:path"
import { afterAll, assert, beforeAll, it } from "vitest"
import { endAll, start } from "./RunningStart.ts"

const startMillisMax = 120_000
const stopMillisMax = 20_000

let folder = ""
beforeAll(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "kalshibook start-"))
})
afterAll(async () => {
  await endAll()
  fs.rmSync(folder, { recursive: true, force: true })
})

/** `npm run accounts`, which uses the database of the start that runs. */
const operators = path.resolve(import.meta.dirname, "../../scripts/accounts.ts")

const anyPorts = { KALSHIBOOK_API_PORT: "0", KALSHIBOOK_SIMULATOR_PORT: "0" }

/** What a shell makes of the address in a curl line. */
const expand = (curl: string): string =>
  execFileSync("sh", ["-c", `echo ${curl.replace(/^\s*curl -H "Authorization: Bearer \$KALSHIBOOK_KEY" /, "")}`])
    .toString()
    .trim()

const ask = async (url: string, key = "") => {
  // Programs run in between, for which this process stands still: the server closes connections that idle for so long.
  const headers = { connection: "close", ...(key === "" ? {} : { "X-API-Key": key }) }
  const response = await fetch(url, { headers })
  assert.strictEqual(response.status, 200, url)
  return (await response.json()) as { readonly [key: string]: unknown; readonly book_hash: string; readonly at: string }
}

it("a start records, prints questions that work as pasted, stops at Ctrl-C, and the next one still knows the answers", {
  timeout: 2 * startMillisMax
}, async () => {
  const variables = { ...anyPorts, KALSHIBOOK_DATA_DIR: path.join(folder, "whole") }
  const first = start(variables)
  const url = await first.printed(/API +(http:\S+)/)
  await first.printed(/Ctrl-C stops everything/)
  const lines = first.output()
  assert.match(lines, /simulated at .*MADE UP/)
  assert.match(lines, /markets +\d+ found/)
  assert.match(lines, /recording +[1-9]\d* records a second/)

  const questions = lines.match(/curl .*/g) ?? []
  assert.strictEqual(questions.length, 3)
  const [, key = ""] = /export KALSHIBOOK_KEY=(kb_live_\w+)\n/.exec(lines) ?? []
  for (const question of questions) await ask(expand(question), key)
  const book = await ask(expand(questions[1] ?? ""), key)
  assert.strictEqual((await fetch(expand(questions[0] ?? ""), { headers: { connection: "close" } })).status, 401)
  await ask(`${url}/v1/markets?series_ticker=KXBTC15M`)
  const usage = execFileSync(process.execPath, [operators, "usage", "demo"], { env: { ...process.env, ...variables } })
  assert.match(usage.toString(), /demo: enterprise; [1-9]\d* credits used this month/)
  const status = await ask(`${url}/v1/status`)
  assert.deepInclude(status.source as object, { kind: "simulator", simulated: true })

  const stoppedMillis = performance.now()
  first.signal("SIGINT")
  first.signal("SIGINT") // the terminal's and npm's: one wish
  assert.strictEqual(await first.ended, 0, first.output())
  assert.isBelow(performance.now() - stoppedMillis, stopMillisMax)
  assert.match(first.output(), /Stopped\.\n$/)

  const second = start(variables)
  const urlAgain = await second.printed(/API +(http:\S+)/)
  const market = /markets\/([^/]+)\/orderbook/.exec(questions[1] ?? "")?.[1] ?? ""
  const bookAgain = await ask(`${urlAgain}/v1/markets/${market}/orderbook?at=${book.at}`, key)
  assert.strictEqual(bookAgain.book_hash, book.book_hash)
  assert.strictEqual(fs.statSync(path.join(folder, "whole", "key-pepper")).mode & 0o777, 0o600)
  const kept = fs.readFileSync(path.join(folder, "whole", "kalshibook.log"), "utf8")
  assert.notInclude(kept, key.slice(20))
  assert.notInclude(second.output(), key.slice(20))
  second.signal("SIGTERM")
  assert.strictEqual(await second.ended, 0, second.output())
})

it("a port in use is said plainly, with the variable that chooses another", { timeout: startMillisMax }, async () => {
  const other = net.createServer()
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve))
  const { port } = other.address() as net.AddressInfo
  for (const variable of ["KALSHIBOOK_API_PORT", "KALSHIBOOK_SIMULATOR_PORT"]) {
    const run = start({ ...anyPorts, [variable]: String(port), KALSHIBOOK_DATA_DIR: path.join(folder, variable) })
    assert.strictEqual(await run.ended, 1, run.output())
    assert.match(run.output(), new RegExp(`^Port ${port} .* in use.*${variable}.\\n$`))
  }
  await new Promise((resolve) => other.close(resolve))
})

it("an unusable setting is named before anything begins", { timeout: startMillisMax }, async () => {
  const run = start({ ...anyPorts, KALSHIBOOK_SIMULATOR_SEED: "-1", KALSHIBOOK_DATA_DIR: path.join(folder, "never") })
  assert.strictEqual(await run.ended, 1)
  assert.match(run.output(), /^KALSHIBOOK_SIMULATOR_SEED must be .*\n$/)
  assert.isFalse(fs.existsSync(path.join(folder, "never")))
})

it("a data folder that cannot be used is said plainly", { timeout: startMillisMax }, async () => {
  const file = path.join(folder, "file")
  fs.writeFileSync(file, "")
  for (const unusable of [file, path.join(file, "below")]) {
    const run = start({ ...anyPorts, KALSHIBOOK_DATA_DIR: unusable })
    assert.strictEqual(await run.ended, 1)
    assert.match(
      run.output(),
      /^The data folder .*file.* cannot be used \(.*\): choose another with KALSHIBOOK_DATA_DIR\.\n$/
    )
  }
})

it("a start that finds nothing to record says so, and its API answers", { timeout: startMillisMax }, async () => {
  const nothing = { KALSHIBOOK_SERIES: "KXTYPO", KALSHIBOOK_DATA_DIR: path.join(folder, "nothing") }
  const run = start({ ...anyPorts, ...nothing })
  const url = await run.printed(/API +(http:\S+)/)
  assert.match(run.output(), /waiting +the exchange has no open market that is chosen \(KALSHIBOOK_SERIES/)
  await ask(`${url}/v1/status`)
  run.signal("SIGINT")
  assert.strictEqual(await run.ended, 0, run.output())
})
