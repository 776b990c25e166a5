/**
 * The tape: frames appended and synced to the disk, as fast as they can be made, and read again from the first.
 *
 * The baseline is what the same disk takes when the same bytes are written and synced in one piece of 8 MiB after the other, without
 * any format. Rounds of both take turns.
 */
import { mkdtemp, open, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Tape } from "@kalshibook/store/tape/Tape"
import { Effect, Stream } from "effect"
import { type BenchRow, median, rate } from "./BenchTable.ts"

const frameBytes = 266
const frameCount = 1_000_000
/** As many as a socket gives at once. */
const burstFrames = 2_000
/** Frames appended and not synced; more would only measure memory. */
const unsyncedMax = 100_000
const roundCount = 5
const rawBytes = 8 * 1024 * 1024
const appendPromised = 600_000
/** Three times the promised rate of recording, and a little: so fast a writer that fell behind can read what it missed. */
const readPromised = 500_000
/** An eighth of a core at 150,000 frames/s. */
const cpuMicrosPromised = 1

const frames = Array.from({ length: 1_000 }, (_, index) =>
  Buffer.from(
    `{"type":"orderbook_delta","sid":1,"seq":${250_000 + index},"msg":{"market_ticker":"KXBTC15M-26MAY${140_000 + index}"`.padEnd(
      frameBytes,
      "."
    )
  )
)

export const run = async (): Promise<ReadonlyArray<BenchRow>> => {
  const appended: Array<number> = []
  const cpuMicros: Array<number> = []
  const read: Array<number> = []
  const raw: Array<number> = []
  for (let round = -1; round < roundCount; round++) {
    const folder = await mkdtemp(join(tmpdir(), "kalshibook-bench-"))
    const rawSeconds = await writeRaw(join(folder, "raw"))
    const { appendSeconds, cpuSeconds, readSeconds } = await Effect.runPromise(
      measure.pipe(Effect.provide(Tape.layer(join(folder, "tape"))))
    )
    await rm(folder, { recursive: true })
    if (round < 0) continue
    appended.push(frameCount / appendSeconds)
    cpuMicros.push((cpuSeconds * 1e6) / frameCount)
    read.push(frameCount / readSeconds)
    raw.push(frameCount / rawSeconds)
  }
  const what = `${frameCount / 1e6} M frames of ${frameBytes} bytes`
  const appendRate = median(appended)
  const cpu = median(cpuMicros)
  const readRate = median(read)
  return [
    {
      what: `append to the tape and sync, ${what}`,
      ours: rate(appendRate),
      baseline: rate(median(raw)),
      ratio: `${(appendRate / median(raw)).toFixed(2)}x`,
      promised: `at least ${rate(appendPromised)}`,
      passed: appendRate >= appendPromised
    },
    {
      what: "the same, CPU of all threads a frame",
      ours: `${cpu.toFixed(2)} us`,
      baseline: "",
      ratio: "",
      promised: `at most ${cpuMicrosPromised} us`,
      passed: cpu <= cpuMicrosPromised
    },
    {
      what: `read the tape, ${what}`,
      ours: rate(readRate),
      baseline: "",
      ratio: "",
      promised: `at least ${rate(readPromised)}`,
      passed: readRate >= readPromised
    }
  ]
}

const measure = Effect.gen(function* () {
  const tape = yield* Tape
  const startMillis = performance.now()
  const startCpu = process.cpuUsage()
  while (tape.appended() < frameCount) {
    for (let index = 0; index < burstFrames; index++) {
      const body = frames[index % frames.length] as Buffer
      tape.append({ kind: "received", epoch: 1, tsReceivedMicros: 1_795_345_200_000_000 + tape.appended(), body })
    }
    yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
    if (tape.appended() - tape.synced() > unsyncedMax) yield* tape.untilSynced(tape.appended() - unsyncedMax)
  }
  yield* tape.untilSynced(frameCount)
  const appendSeconds = (performance.now() - startMillis) / 1_000
  const { system, user } = process.cpuUsage(startCpu)
  const readMillis = performance.now()
  let count = 0
  yield* Stream.runForEach(tape.read(1), (entries) =>
    Effect.sync(() => {
      count += entries.length
    })
  )
  const readSeconds = (performance.now() - readMillis) / 1_000
  if (count !== frameCount) return yield* Effect.die(new Error(`${count} of ${frameCount} frames came back`))
  return { appendSeconds, cpuSeconds: (user + system) / 1e6, readSeconds }
})

const rawPiece = Buffer.alloc(rawBytes, frames[0])

/** Seconds for writing as many bytes as the frames have, and syncing them. */
const writeRaw = async (path: string): Promise<number> => {
  const startMillis = performance.now()
  const file = await open(path, "w")
  for (let left = frameCount * frameBytes; left > 0; left -= rawBytes) {
    await file.write(rawPiece, 0, Math.min(left, rawBytes))
    await file.datasync()
  }
  await file.close()
  return (performance.now() - startMillis) / 1_000
}
