/** `npm run tape` as a person or a script uses it. */
import { spawnSync } from "node:child_process"
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import path from "node:path"
import { Tape } from "@kalshibook/store/tape/Tape"
import { Effect, Result } from "effect"
import { afterAll, assert, beforeAll, it } from "vitest"
import * as TapeArguments from "../../scripts/tape/TapeArguments.ts"
import * as TapePaths from "../../scripts/tape/TapePaths.ts"

const program = path.resolve(import.meta.dirname, "../../scripts/tape.ts")
const folder = mkdtempSync(path.join(tmpdir(), "kalshibook-tape-command-"))
const startMicros = 1_795_345_200_000_000
const entryCount = 5_000

const frameOf = (number: number): string =>
  `{"type":"orderbook_delta","sid":1,"seq":${number},"msg":{"market_ticker":"KXTEST-${number % 10}"}}`

const write = Effect.gen(function* () {
  const tape = yield* Tape
  const append = (kind: "received" | "act", epoch: number, body: string | Buffer) =>
    tape.append({ kind, epoch, tsReceivedMicros: startMicros + tape.appended() * 1_000, body: Buffer.from(body) })
  append("act", 0, '{"act":"opened","epoch":1}')
  for (let number = 2; number < entryCount; number++) append("received", 1 + (number % 2), frameOf(number))
  yield* tape.rotate
  append("received", 7, Buffer.from([0xff, 0xfe, 0x0a]))
}).pipe(Effect.provide(Tape.layer(folder)))

beforeAll(() => Effect.runPromise(write))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const run = (...args: ReadonlyArray<string>) => {
  const { status, stderr, stdout } = spawnSync(process.execPath, [program, ...args], { encoding: "utf8" })
  return { status, stderr, lines: stdout.split("\n").slice(0, -1) }
}

it("prints one line an entry, in order, with number, time, kind, epoch and body", () => {
  const { lines, status, stderr } = run(folder)
  assert.strictEqual(stderr, "")
  assert.strictEqual(status, 0)
  assert.strictEqual(lines.length, entryCount)
  assert.match(lines[0] ?? "", /^ +1 2026-11-22T11:00:00\.000000Z act +0 \{"act":"opened","epoch":1\}$/)
  assert.match(lines[1] ?? "", /^ +2 2026-11-22T11:00:00\.001000Z received +1 \{"type":"orderbook_delta".*\}$/)
  assert.match(lines.at(-1) ?? "", /^ +5000 .* received +7 base64:\/\/4K$/)
})

it("filters by number, kind, connection, market and text", () => {
  const numbers = (...args: ReadonlyArray<string>) =>
    run(folder, "--json", ...args).lines.map((line) => JSON.parse(line).number)
  assert.deepStrictEqual(numbers("--kind", "act,sent"), [1])
  assert.deepStrictEqual(numbers("--epoch", "2", "--from", "3", "--to", "6"), [3, 5])
  assert.deepStrictEqual(numbers("--ticker", "KXTEST-7", "--grep", '"seq":77,'), [77])
  assert.deepStrictEqual(numbers("--ticker", "KXTEST"), [])
})

it("gives each entry as JSON, whatever its body", () => {
  const [text, bytes] = run(folder, "--json", "--from", "4999").lines.map((line) => JSON.parse(line))
  assert.strictEqual(text.body, frameOf(4_999))
  assert.strictEqual(text.ts_received_micros, startMicros + 4_998_000)
  assert.deepStrictEqual(Buffer.from(bytes.body_base64, "base64"), Buffer.from([0xff, 0xfe, 0x0a]))
})

it("sums up what is there", () => {
  const { lines } = run(folder, "--summary", "--json")
  const summary = JSON.parse(lines[0] ?? "")
  assert.strictEqual(summary.segments, 2)
  assert.strictEqual(summary.entries, entryCount)
  assert.deepStrictEqual(summary.epochs, [0, 1, 2, 7])
  assert.strictEqual(summary.kinds.act.entries, 1)
  assert.match(run(folder, "--summary").lines.join("\n"), /entries {3}5000, from 1 to 5000/)
})

it("verifies a whole tape, and finds one changed byte in a copy of it", () => {
  const { lines, status } = run(folder, "--verify")
  assert.strictEqual(status, 0)
  assert.deepStrictEqual(lines, [`whole: 2 segments, ${entryCount} entries (1 to ${entryCount})`])
  const first = readdirSync(folder).find((name) => name.startsWith("tape-0000000001"))
  const copy = path.join(folder, "copy.kbt")
  const bytes = readFileSync(path.join(folder, first ?? ""))
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 0x20
  writeFileSync(copy, bytes)
  const damaged = run(copy, "--verify")
  assert.strictEqual(damaged.status, 1)
  assert.match(damaged.lines[0] ?? "", /^(damage|torn_tail) .*copy\.kbt: bytes \d+ to \d+: wrong checksum of a block/)
  assert.match(damaged.lines.at(-1) ?? "", /^DAMAGED: 1 problems/)
  rmSync(copy)
})

it("says in one line what it does not understand", () => {
  for (const [args, problem] of [
    [[], /^Which tape\?/],
    [[folder, "--colour"], /^Unknown option '--colour'$/],
    [[folder, "--kind", "frames"], /^Unknown kind "frames".*received, sent/],
    [[folder, "--from", "first"], /^--from needs a number, not "first"$/],
    [[folder, "--to"], /^Option '--to <value>' argument missing$/]
  ] as const) {
    assert.match(Result.getOrThrow(Result.flip(TapeArguments.parse(args))), problem)
  }
  const { lines, status, stderr } = run(folder, "--colour")
  assert.strictEqual(status, 2)
  assert.deepStrictEqual(lines, [])
  assert.match(stderr, /^Unknown option '--colour'\. See: npm run tape -- --help\.\n$/)
})

it("says in one line which file is not there, or is no tape", async () => {
  for (const [given, problem] of [
    ["/nowhere/tape", /^There is no file or folder \/nowhere\/tape$/],
    [path.dirname(program), /^There is no tape in .*scripts: no file tape-\*\.kbt/],
    [program, /tape\.ts is not a tape/]
  ] as const) {
    const error = await TapePaths.segmentsOf([given]).then(
      () => assert.fail(given),
      (cause: unknown) => cause
    )
    assert.match(error instanceof TapePaths.UnusablePath ? error.message : String(error), problem)
  }
  const { status, stderr } = run("/nowhere/tape", "--verify")
  assert.strictEqual(status, 2)
  assert.strictEqual(stderr, "There is no file or folder /nowhere/tape.\n")
})

it("ends quietly when its reader has had enough", () => {
  const command = '"$0" "$@" | head -n 1; printf "%s\n" "$PIPESTATUS"'
  const { stderr, stdout } = spawnSync("bash", ["-c", command, process.execPath, program, folder], { encoding: "utf8" })
  assert.strictEqual(stderr, "")
  assert.match(stdout, /^ +1 .*\n0\n$/)
})
