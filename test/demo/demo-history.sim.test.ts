/** Past days as a newcomer gets them: the command, the start that goes on from it, and the question that it printed. */
import { spawnSync } from "node:child_process"
import fs from "node:fs"
import os from "node:os"
import path from "node:path"
import { afterAll, assert, beforeAll, it } from "vitest"
import { endAll, start } from "../start/RunningStart.ts"

const millisMax = 240_000
const program = path.resolve(import.meta.dirname, "../../scripts/demo-history.ts")

let folder = ""
beforeAll(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "kalshibook demo-"))
})
afterAll(async () => {
  await endAll()
  fs.rmSync(folder, { recursive: true, force: true })
})

const demo = (...args: ReadonlyArray<string>) => {
  const { DATABASE_URL, KALSHI_API_KEY_ID, KALSHI_PRIVATE_KEY, KALSHI_PRIVATE_KEY_PATH, ...environment } = process.env
  const { status, stderr, stdout } = spawnSync(process.execPath, [program, ...args], {
    encoding: "utf8",
    env: { ...environment, KALSHIBOOK_DATA_DIR: folder }
  })
  return { status, stderr, stdout }
}

interface Gap {
  readonly cause: string
}

it("fills an empty folder once; a start goes on from it after a gap, and answers the question that was printed", {
  timeout: millisMax
}, async () => {
  const filled = demo("--days", "0.1", "--markets", "20", "--deltas-per-second", "5")
  assert.strictEqual(filled.status, 0, filled.stderr)
  assert.match(filled.stdout, /ALL MADE UP/)
  assert.match(filled.stdout, /stored +\d+,\d+ records/)
  const question = /http:\/\/127\.0\.0\.1:4000(\S+orderbook\?at=[^"]+)/.exec(filled.stdout)?.[1] ?? ""

  const again = demo()
  assert.strictEqual(again.status, 1)
  assert.match(again.stderr, /is filled up to .* already/)

  const running = start({ KALSHIBOOK_API_PORT: "0", KALSHIBOOK_SIMULATOR_PORT: "0", KALSHIBOOK_DATA_DIR: folder })
  const url = await running.printed(/API +(http:\S+)/)
  const key = await running.printed(/key +(kb_live_\w+)/)
  await running.printed(/recording +[1-9]/)
  const beside = demo()
  assert.strictEqual(beside.status, 1)
  assert.match(beside.stderr, /A recorder runs on this data folder/)

  const past = await json(`${url}${question}`, key)
  assert.strictEqual((past["trust"] as { readonly state: string }).state, "trusted")
  const ticker = String(past["market_ticker"])
  assert.match(ticker, /^KXDEMO/)
  const now = await json(`${url}/v1/markets/${ticker}/orderbook`, key)
  const trust = now["trust"] as { readonly state: string; readonly gap: Gap }
  assert.deepStrictEqual([trust.state, trust.gap.cause], ["stale", "recorder_stopped"])
  running.signal("SIGINT")
  assert.strictEqual(await running.ended, 0)
})

const json = async (url: string, key: string): Promise<Readonly<Record<string, unknown>>> => {
  const response = await fetch(url, { headers: { authorization: `Bearer ${key}` } })
  const text = await response.text()
  assert.strictEqual(response.status, 200, `${url}: ${text}`)
  return JSON.parse(text) as Readonly<Record<string, unknown>>
}
