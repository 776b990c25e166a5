/** What only a tape on a disk can suffer. */
import { copyFileSync, existsSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { zstdCompressSync } from "node:zlib"
import { assert, describe, it } from "@effect/vitest"
import type { TapeEntry } from "@kalshibook/core/TapeEntry"
import { Tape, type TapeError } from "@kalshibook/store/tape/Tape"
import * as TapeFolder from "@kalshibook/store/tape/TapeFolder"
import { blockMagic } from "@kalshibook/store/tape/TapeFormat"
import * as TapeReader from "@kalshibook/store/tape/TapeReader"
import type { TapeSettings } from "@kalshibook/store/tape/TapeSettings"
import * as TapeWalk from "@kalshibook/store/tape/TapeWalk"
import { Cause, Effect, Exit, Option } from "effect"
import { appendTexts, entriesFrom, textOf } from "./Entries.ts"
import { headerOf, segmentOf } from "./SegmentBytes.ts"
import { copyOf, cutOff, newFolder, segmentsOf } from "./TapeFolders.ts"

const opened = <A>(folder: string, use: Effect.Effect<A, TapeError, Tape>, settings?: Partial<TapeSettings>) =>
  Effect.provide(use, Tape.layer(folder, settings))

const texts = (from: number, to: number): ReadonlyArray<string> =>
  Array.from({ length: to - from + 1 }, (_, index) => `entry ${from + index}`)

/** A tape as it lies there when its writer has ended: segments with so many entries each, in one block. */
const written = (segmentEntries: ReadonlyArray<number>): string => {
  const folder = newFolder()
  let last = 0
  for (const [index, count] of segmentEntries.entries()) {
    const header = headerOf({ segment: index + 1, first_entry: last + 1, tape_id: folder })
    const entries = texts(last + 1, last + count).map(
      (text, at): TapeEntry => ({
        number: last + 1 + at,
        kind: "received",
        epoch: 1,
        tsReceivedMicros: 1_000_000 + last + at,
        tsMonotonicMicros: last + at,
        body: Buffer.from(text)
      })
    )
    const path = TapeFolder.pathOf(folder, index + 1, header.ts_wall_micros)
    writeFileSync(path, segmentOf(header, [entries], 1_000_000).bytes)
    last += count
  }
  return folder
}

const untilCompressed = Effect.gen(function* () {
  const tape = yield* Tape
  while ((yield* tape.status).segmentsUncompressed > 0) yield* Effect.sleep(5)
})

const allOf = (folder: string, query: Partial<TapeWalk.TapeQuery> = { isVerifying: true }) =>
  Effect.promise(async () => {
    const segments = await TapeFolder.list(folder)
    const readings: Array<TapeWalk.Reading> = []
    for await (const reading of TapeReader.read(segments, { ...TapeWalk.everything, ...query })) readings.push(reading)
    return {
      texts: readings.flatMap((reading) => (reading._tag === "entries" ? reading.entries.map(textOf) : [])),
      findings: readings.flatMap((reading) => (reading._tag === "finding" ? [reading.finding] : []))
    }
  })

const reasonOf = <A>(exit: Exit.Exit<A, TapeError>): string =>
  Exit.isFailure(exit) ? (Cause.squash(exit.cause) as TapeError).reason : "none"

describe("a tape in a folder", () => {
  it.live("cuts off what was not written to its end, says how much, and goes on behind it", () =>
    Effect.gen(function* () {
      const folder = written([10])
      const [path = ""] = segmentsOf(folder)
      const wholeBytes = statSync(path).size
      const block = readFileSync(path).subarray(readFileSync(path).indexOf(blockMagic))
      writeFileSync(path, block.subarray(0, block.length - 5), { flag: "a" })
      yield* opened(
        folder,
        Effect.gen(function* () {
          const tape = yield* Tape
          assert.strictEqual((yield* tape.status).tailBytesCut, block.length - 5)
          assert.strictEqual(statSync(path).size, wholeBytes)
          assert.strictEqual(tape.appended(), 10)
          appendTexts(tape, ["after"])
          yield* tape.untilSynced(11)
          assert.deepStrictEqual((yield* entriesFrom(1)).map(textOf), [...texts(1, 10), "after"])
        })
      )
    })
  )

  it.live("takes a file that was just begun when its writer ended as if it had not been begun", () =>
    Effect.gen(function* () {
      const folder = written([10, 5])
      const [first = "", second = ""] = segmentsOf(folder)
      for (const bytes of [0, 7, 100, readFileSync(second).indexOf(blockMagic), readFileSync(second).length - 1]) {
        const copy = copyOf(folder)
        const torn = second.replace(folder, copy)
        writeFileSync(torn, readFileSync(second).subarray(0, bytes))
        yield* opened(
          copy,
          Effect.gen(function* () {
            const tape = yield* Tape
            assert.strictEqual(tape.appended(), 10)
            assert.deepStrictEqual((yield* entriesFrom(1)).map(textOf), texts(1, 10))
            assert.isFalse(existsSync(torn))
          })
        )
      }
      assert.isTrue(existsSync(first))
    })
  )

  it.live("reads on behind damage in the middle, and names the entries that are missing", () =>
    Effect.gen(function* () {
      const folder = written([10, 5, 7])
      const [, middle = ""] = segmentsOf(folder)
      const bytes = readFileSync(middle)
      bytes[bytes.length - 3] = (bytes[bytes.length - 3] ?? 0) ^ 1
      writeFileSync(middle, bytes)
      const { findings, texts: found } = yield* allOf(folder)
      assert.deepStrictEqual(found, [...texts(1, 10), ...texts(16, 22)])
      assert.deepStrictEqual(
        findings.map(({ entriesMissing, file, kind }) => ({ entriesMissing, file, kind })),
        [{ kind: "damage", file: middle, entriesMissing: { from: 11, to: 15 } }]
      )
      yield* opened(
        folder,
        Effect.gen(function* () {
          assert.strictEqual((yield* Tape).appended(), 22)
          assert.deepStrictEqual((yield* entriesFrom(9)).map(textOf), [...texts(9, 10), ...texts(16, 22)])
        })
      )
    })
  )

  it.live("tells of a segment that is not there, of one that comes twice, and of one of another tape", () =>
    Effect.gen(function* () {
      const folder = written([10, 5, 7])
      const [first = "", second = "", third = ""] = segmentsOf(folder)
      renameSync(second, `${second}.away`)
      const gone = yield* allOf(folder)
      assert.deepStrictEqual(gone.texts, [...texts(1, 10), ...texts(16, 22)])
      assert.deepStrictEqual(
        gone.findings.map(({ entriesMissing, kind }) => ({ entriesMissing, kind })),
        [{ kind: "missing", entriesMissing: { from: 11, to: 15 } }]
      )
      copyFileSync(first, second)
      const twice = yield* allOf(folder)
      assert.deepStrictEqual(twice.texts, gone.texts)
      assert.deepStrictEqual(new Set(twice.findings.map(({ kind }) => kind)), new Set(["repeated", "missing"]))
      const [other = ""] = segmentsOf(written([3]))
      copyFileSync(other, third)
      const mixed = yield* allOf(folder)
      assert.include(
        mixed.findings.map(({ kind }) => kind),
        "other_tape"
      )
      yield* opened(
        folder,
        Effect.gen(function* () {
          const found = yield* entriesFrom(1)
          assert.isAtMost(found.length, 10)
        })
      )
    })
  )

  it.live("does not begin at a checkpoint of which a part is missing", () =>
    Effect.gen(function* () {
      const folder = newFolder()
      const kinds = ["checkpoint_begin", "checkpoint_part", "checkpoint_end"] as const
      for (const segment of [1, 2]) {
        const header = headerOf({ segment, first_entry: segment * 3 - 2 })
        const groups = kinds.map((kind, index) => [
          {
            number: header.first_entry + index,
            kind,
            epoch: 0,
            tsReceivedMicros: 1,
            tsMonotonicMicros: 1,
            body: Buffer.from(`${kind} of ${segment}`)
          }
        ])
        const { bytes } = segmentOf(header, groups)
        writeFileSync(TapeFolder.pathOf(folder, segment, header.ts_wall_micros), bytes)
      }
      const damaged = copyOf(folder)
      const [, second = ""] = segmentsOf(damaged)
      const bytes = readFileSync(second)
      bytes.write("X", bytes.indexOf("checkpoint_part of 2"))
      writeFileSync(second, bytes)
      const newest = Effect.flatMap(Tape, (tape) => tape.checkpointBefore(6))
      assert.deepStrictEqual(yield* opened(folder, newest), Option.some(4))
      assert.deepStrictEqual(yield* opened(damaged, newest), Option.some(1))
    })
  )

  it.live("keeps a file in which nothing can be read under another name", () =>
    Effect.gen(function* () {
      const folder = written([10])
      const strange = join(folder, "tape-0000000002-20261122T114900Z.kbt")
      writeFileSync(strange, Buffer.alloc(10_000, 7))
      yield* opened(
        folder,
        Effect.gen(function* () {
          const tape = yield* Tape
          assert.strictEqual(tape.appended(), 10)
          appendTexts(tape, ["after"])
          yield* tape.untilSynced(11)
          assert.deepStrictEqual((yield* entriesFrom(1)).map(textOf), [...texts(1, 10), "after"])
        })
      )
      assert.isTrue(existsSync(`${strange}.unreadable`))
    })
  )

  it.live("compresses closed segments, and gives the same entries from them", () =>
    Effect.gen(function* () {
      const folder = newFolder()
      yield* opened(
        folder,
        Effect.gen(function* () {
          const tape = yield* Tape
          appendTexts(tape, texts(1, 5_000))
          yield* tape.rotate
          appendTexts(tape, texts(5_001, 6_000))
          yield* tape.untilSynced(6_000)
          yield* untilCompressed
          const [closed = "", open = ""] = segmentsOf(folder)
          assert.match(closed, /\.kbt\.zst$/)
          assert.match(open, /\.kbt$/)
          assert.isBelow(statSync(closed).size, 100_000)
          assert.deepStrictEqual((yield* entriesFrom(1)).map(textOf), texts(1, 6_000))
          assert.deepStrictEqual((yield* entriesFrom(4_999)).map(textOf), texts(4_999, 6_000))
        })
      )
      assert.deepStrictEqual(yield* allOf(folder), { texts: [...texts(1, 6_000)], findings: [] })
      yield* opened(folder, untilCompressed)
      assert.isTrue(segmentsOf(folder).every((path) => path.endsWith(".zst")))
      yield* opened(
        folder,
        Effect.gen(function* () {
          assert.strictEqual((yield* Tape).appended(), 6_000)
        })
      )
    })
  )

  it.live("does a compression again that was interrupted at any point", () =>
    Effect.gen(function* () {
      const whole = written([500, 5])
      const [first = ""] = segmentsOf(whole)
      const compressed = zstdCompressSync(readFileSync(first))
      const leftovers: ReadonlyArray<readonly [string, Buffer]> = [
        [".zst.partial", compressed.subarray(0, 100)],
        [".zst.partial", compressed],
        [".zst", compressed]
      ]
      for (const [suffix, bytes] of leftovers) {
        const folder = copyOf(whole)
        writeFileSync(first.replace(whole, folder) + suffix, bytes)
        assert.deepStrictEqual((yield* allOf(folder)).texts, texts(1, 505))
        yield* opened(folder, untilCompressed)
        const names = readdirSync(folder)
        assert.strictEqual(names.length, 2)
        assert.isTrue(names.every((name) => name.endsWith(".kbt.zst")))
        assert.deepStrictEqual(yield* allOf(folder), { texts: [...texts(1, 505)], findings: [] })
      }
    })
  )

  it.live("finds damage in a compressed segment", () =>
    Effect.gen(function* () {
      const folder = written([2_000, 5])
      yield* opened(folder, untilCompressed)
      const [first = ""] = segmentsOf(folder)
      const bytes = readFileSync(first)
      const flipped = Buffer.from(bytes)
      flipped[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 4
      for (const damaged of [flipped, bytes.subarray(0, bytes.length - 1), bytes.subarray(0, bytes.length >> 1)]) {
        writeFileSync(first, damaged)
        const found = yield* allOf(folder)
        assert.include(
          found.findings.map(({ kind }) => kind),
          "damage"
        )
        assert.deepStrictEqual(found.texts.slice(-5), texts(2_001, 2_005))
      }
    })
  )

  it.live("is taken over from a process that has ended, also when another has its number by now", () =>
    Effect.gen(function* () {
      const folder = newFolder()
      const lock = join(folder, "tape.lock")
      const stale = [
        JSON.stringify({ pid: 2 ** 22 + 1, started: "", token: "gone" }),
        JSON.stringify({ pid: process.pid, started: "long ago", token: "a life before" }),
        JSON.stringify({ pid: process.ppid, started: "long ago", token: "a life before" }),
        "",
        "no note at all"
      ]
      for (const text of stale) {
        writeFileSync(lock, text)
        yield* opened(folder, Effect.asVoid(Tape))
        assert.isFalse(existsSync(lock))
      }
    })
  )

  it.live("is refused while another process writes it", () =>
    Effect.gen(function* () {
      const folder = newFolder()
      writeFileSync(join(folder, "tape.lock"), JSON.stringify({ pid: process.ppid, started: "", token: "another" }))
      assert.strictEqual(reasonOf(yield* Effect.exit(opened(folder, Effect.asVoid(Tape)))), "locked")
    })
  )

  it.live("is not opened where there is less room than it leaves to others", () =>
    Effect.gen(function* () {
      const exit = yield* Effect.exit(
        opened(newFolder(), Effect.asVoid(Tape), { freeBytesMin: Number.MAX_SAFE_INTEGER })
      )
      assert.strictEqual(reasonOf(exit), "disk_full")
    })
  )

  it.live("says that room is low", () =>
    opened(
      newFolder(),
      Effect.gen(function* () {
        const { freeBytes, isFreeLow } = yield* (yield* Tape).status
        assert.isTrue(isFreeLow)
        assert.isAbove(freeBytes ?? 0, 0)
      }),
      { freeBytesAlarm: Number.MAX_SAFE_INTEGER }
    )
  )

  it.live("fails when the disk takes less than comes in, keeps what is synced, and can be opened again", () =>
    Effect.gen(function* () {
      const folder = newFolder()
      yield* opened(
        folder,
        Effect.gen(function* () {
          const tape = yield* Tape
          appendTexts(tape, texts(1, 10))
          yield* tape.untilSynced(10)
          // Without a pause in which anything could be written.
          appendTexts(
            tape,
            Array.from({ length: 300 }, () => "x".repeat(1_000))
          )
          const error = yield* Effect.flip(tape.failed)
          assert.strictEqual(error.reason, "disk_slow")
          assert.isTrue(error.isRetryable)
          assert.strictEqual(reasonOf(yield* Effect.exit(tape.untilSynced(310))), "disk_slow")
          assert.strictEqual(tape.append({ kind: "act", epoch: 0, tsReceivedMicros: 1, body: Buffer.from("{}") }), 311)
          const status = yield* tape.status
          assert.strictEqual(status.failure?.reason, "disk_slow")
          assert.strictEqual(status.entriesSynced, 10)
          assert.strictEqual(status.bytesWaiting, 0)
        }),
        { bufferBytesMax: 200_000, writeBytesMax: 100_000, blockBytesMax: 50_000 }
      )
      yield* opened(
        folder,
        Effect.gen(function* () {
          assert.strictEqual((yield* Tape).appended(), 10)
          assert.deepStrictEqual((yield* entriesFrom(1)).map(textOf), texts(1, 10))
        })
      )
    })
  )

  it.live("reads what it can of a tape whose end was cut off at any byte", () =>
    Effect.gen(function* () {
      const folder = written([3, 4])
      const [, second = ""] = segmentsOf(folder)
      const blockBytes = readFileSync(second).length - readFileSync(second).indexOf(blockMagic)
      for (let bytes = 1; bytes <= blockBytes; bytes += 11) {
        const copy = copyOf(folder)
        cutOff(second.replace(folder, copy), bytes)
        assert.deepStrictEqual((yield* allOf(copy)).texts, texts(1, 3))
        yield* opened(
          copy,
          Effect.gen(function* () {
            assert.strictEqual((yield* Tape).appended(), 3)
          })
        )
      }
    })
  )
})
