/**
 * A tape without a disk: the same contract in memory, by the Effect clock, so that a simulation decides when a sync happens and what
 * a crash leaves. An entry is synced `syncMillisMax` after the first that was not.
 */
import { randomUUID } from "node:crypto"
import * as LagHistogram from "@kalshibook/core/LagHistogram"
import type { TapeEntry } from "@kalshibook/core/TapeEntry"
import { Clock, Deferred, Duration, Effect, Latch, Option, Stream } from "effect"
import type { Tape } from "./Tape.ts"
import { TapeError } from "./TapeError.ts"
import { defaults, type TapeSettings } from "./TapeSettings.ts"

/** What is on the disk, so to speak, and who writes to it. */
export interface TapeMemory {
  readonly id: string
  readonly entries: Array<TapeEntry>
  /** Numbers of the first entries of the segments. */
  readonly segments: Array<number>
  /** All entries up to this one survive a crash. */
  synced: number
  writer: Writer | undefined
}

interface Writer {
  /** As the memory's; stays when the writer has failed. */
  synced: number
  failure: TapeError | undefined
  readonly failed: Deferred.Deferred<never, TapeError>
  readonly waiters: Set<{ readonly entryNumber: number; readonly done: Deferred.Deferred<void, TapeError> }>
}

/** A new tape with nothing on it. */
export const make = (id: string = randomUUID()): TapeMemory => ({
  id,
  entries: [],
  segments: [],
  synced: 0,
  writer: undefined
})

/**
 * The process dies, or the machine: the tape is left with the entries up to `lastEntry`, which is at least what was synced (the
 * default). Whoever wrote writes on into nothing; open it again.
 */
export const crash = (memory: TapeMemory, lastEntry = memory.synced): void => {
  const last = Math.min(Math.max(lastEntry, memory.synced), memory.entries.length)
  end(memory, new TapeError({ reason: "io", problem: "The process that wrote the tape has ended." }))
  memory.entries.length = last
  memory.synced = last
  while ((memory.segments.at(-1) ?? 0) > last) memory.segments.pop()
}

/** The disk gives out: the tape fails, with what was synced on it. It may be opened again. */
export const fail = (memory: TapeMemory, reason: "disk_full" | "disk_slow" | "io"): void => {
  const { synced, writer } = memory
  const error = new TapeError({ reason, problem: `The tape in memory was made to fail (${reason}).` })
  crash(memory, synced)
  if (writer !== undefined) {
    writer.failure = error
    Deferred.doneUnsafe(writer.failed, Effect.fail(error))
  }
}

const end = (memory: TapeMemory, error: TapeError): void => {
  const { writer } = memory
  memory.writer = undefined
  if (writer === undefined) return
  writer.failure ??= error
  for (const { done } of writer.waiters) Deferred.doneUnsafe(done, Effect.fail(error))
  writer.waiters.clear()
}

export const open = Effect.fn("TapeMemory.open")(function* (memory: TapeMemory, changes: Partial<TapeSettings>) {
  const settings = { ...defaults, ...changes }
  if (memory.writer !== undefined) {
    return yield* new TapeError({ reason: "locked", problem: "The tape in memory is being written by another." })
  }
  const clock = yield* Clock.Clock
  const due = Latch.makeUnsafe(false)
  const writer: Writer = {
    synced: memory.synced,
    failure: undefined,
    failed: Deferred.makeUnsafe(),
    waiters: new Set()
  }
  memory.writer = writer
  /** Counts on when the tape has failed. */
  let appended = memory.entries.length
  let segmentBytes = 0
  let segmentStartMillis = 0
  let isRotating = true
  let tsUnsyncedMillis: number | undefined

  const syncLag = LagHistogram.make()
  const sync = Effect.sync(() => {
    const waitedMicros = (clock.currentTimeMillisUnsafe() - (tsUnsyncedMillis ?? 0)) * 1000
    if (tsUnsyncedMillis !== undefined) LagHistogram.record(syncLag, waitedMicros, appended - writer.synced)
    tsUnsyncedMillis = undefined
    due.closeUnsafe()
    if (writer.failure !== undefined) return
    const upTo = appended
    memory.synced = upTo
    writer.synced = upTo
    for (const waiter of writer.waiters) {
      // Whoever is told acts at once, and may append.
      if (waiter.entryNumber > upTo) continue
      writer.waiters.delete(waiter)
      Deferred.doneUnsafe(waiter.done, Effect.void)
    }
  })
  yield* due.await.pipe(
    Effect.andThen(Effect.sleep(Duration.millis(settings.syncMillisMax))),
    Effect.andThen(sync),
    Effect.forever,
    Effect.forkScoped
  )
  yield* Effect.addFinalizer(() =>
    Effect.andThen(
      sync,
      Effect.sync(() => {
        if (memory.writer === writer) memory.writer = undefined
      })
    )
  )

  const append: Tape["Service"]["append"] = ({ body, epoch, kind, tsReceivedMicros }) => {
    const number = ++appended
    if (writer.failure !== undefined) return number
    if (isRotating) {
      memory.segments.push(number)
      segmentBytes = 0
      segmentStartMillis = clock.currentTimeMillisUnsafe()
      isRotating = false
    }
    segmentBytes += body.length
    const tsMonotonicMicros = Number(clock.monotonicTimeNanosUnsafe() / 1000n)
    memory.entries.push({ number, kind, epoch, tsReceivedMicros, tsMonotonicMicros, body: Buffer.from(body) })
    if (tsUnsyncedMillis === undefined) {
      tsUnsyncedMillis = clock.currentTimeMillisUnsafe()
      due.openUnsafe()
    }
    return number
  }

  const untilSynced = (entryNumber: number): Effect.Effect<void, TapeError> =>
    Effect.suspend(() => {
      if (entryNumber <= writer.synced) return Effect.void
      if (writer.failure !== undefined) return Effect.fail(writer.failure)
      const waiter = { entryNumber, done: Deferred.makeUnsafe<void, TapeError>() }
      writer.waiters.add(waiter)
      return Effect.ensuring(
        Deferred.await(waiter.done),
        Effect.sync(() => writer.waiters.delete(waiter))
      )
    })

  const read = (fromEntry: number): Stream.Stream<ReadonlyArray<TapeEntry>, TapeError> =>
    Stream.suspend(() => {
      const groups: Array<ReadonlyArray<TapeEntry>> = []
      for (let from = Math.max(1, fromEntry); from <= writer.synced; from += groupEntries) {
        groups.push(memory.entries.slice(from - 1, Math.min(from - 1 + groupEntries, writer.synced)))
      }
      return Stream.fromIterable(groups)
    })

  const checkpointBefore = (entryNumber: number) =>
    Effect.sync(() => {
      let hasEnd = false
      for (let number = Math.min(entryNumber, writer.synced); number > 0; number--) {
        const kind = memory.entries[number - 1]?.kind
        if (kind === "checkpoint_end") hasEnd = true
        if (kind === "checkpoint_begin" && hasEnd) return Option.some(number)
      }
      return Option.none<number>()
    })

  return {
    id: memory.id,
    append,
    appended: () => appended,
    synced: () => writer.synced,
    untilSynced,
    isRotationDue: () =>
      !isRotating &&
      (segmentBytes >= settings.segmentBytesMax ||
        clock.currentTimeMillisUnsafe() - segmentStartMillis >= settings.segmentMillisMax),
    rotate: Effect.sync(() => {
      isRotating = true
    }),
    read,
    checkpointBefore,
    failed: Deferred.await(writer.failed),
    syncLag,
    status: Effect.sync(() => ({
      id: memory.id,
      folder: "memory",
      segments: memory.segments.length,
      bytes: memory.entries.reduce((bytes, { body }) => bytes + body.length, 0),
      segment: isRotating ? 0 : memory.segments.length,
      entriesAppended: appended,
      entriesSynced: writer.synced,
      bytesWaiting: 0,
      syncLagMicros: tsUnsyncedMillis === undefined ? 0 : (clock.currentTimeMillisUnsafe() - tsUnsyncedMillis) * 1000,
      syncMicros: 0,
      freeBytes: null,
      isFreeLow: false,
      tailBytesCut: 0,
      segmentsUncompressed: 0,
      compressionProblem: null,
      failure: writer.failure ?? null
    }))
  } satisfies Tape["Service"]
})

/** Few, so that a caller meets more than one group. */
const groupEntries = 100
