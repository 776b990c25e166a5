/** The disk of a simulation, with the collector's tape on it: it survives the collector, and has room or not. */

import type { TapeAppend } from "@kalshibook/store/tape/Tape"
import { TapeError } from "@kalshibook/store/tape/TapeError"
import * as TapeMemory from "@kalshibook/store/tape/TapeMemory"
import { TapePlace } from "@kalshibook/store/tape/TapePlace"
import type { TapeSettings } from "@kalshibook/store/tape/TapeSettings"
import { Context, Effect, Layer } from "effect"
import type { VirtualProcess, VirtualTime } from "./VirtualTime.ts"

export interface VirtualDisk {
  readonly tape: TapeMemory.TapeMemory
  /** How long an entry waits to be synced, and the moments at which the tape failed, microseconds of the simulation. */
  readonly syncMicros: number
  readonly failures: ReadonlyArray<number>
  /** Without room the tape fails, and cannot be opened. */
  readonly setRoom: (hasRoom: boolean) => void
  /** The way to it; `onAppend` is told of each entry, and of the number that it gets. */
  readonly placeFor: (
    process: VirtualProcess,
    onAppend: (entry: TapeAppend, number: number) => void
  ) => TapePlace["Service"]
}

export const make = (
  time: VirtualTime,
  settings: Pick<TapeSettings, "syncMillisMax"> & Partial<TapeSettings>
): VirtualDisk => {
  const failures: Array<number> = []
  const tape = TapeMemory.make("5eed0000-0000-4000-8000-000000000000")
  const inner = Effect.runSync(
    Effect.scoped(Effect.map(Layer.build(TapePlace.layerMemory(tape, settings)), Context.get(TapePlace)))
  )
  let hasRoom = true
  const full = new TapeError({ reason: "disk_full", problem: "There is no room on the disk." })
  return {
    tape,
    syncMicros: settings.syncMillisMax * 1000,
    failures,
    setRoom: (next) => {
      hasRoom = next
      if (hasRoom || tape.writer === undefined) return
      failures.push(time.nowMicros)
      TapeMemory.fail(tape, "disk_full")
    },
    placeFor: (process, onAppend) => ({
      open: (idKnown) =>
        Effect.suspend(() => {
          if (!process.isAlive()) return Effect.never
          return hasRoom ? inner.open(idKnown) : Effect.fail(full)
        }).pipe(
          Effect.map((opened) => ({
            ...opened,
            append: (entry) => {
              const number = opened.append(entry)
              onAppend(entry, number)
              return number
            }
          }))
        )
    })
  }
}
