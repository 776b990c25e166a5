// adapter: moves files
/**
 * Where a recorder's tape lies, for whoever opens it again and again. The database says which tape is its own; another one that lies
 * there is set aside, never continued and never mixed in.
 */
import { mkdir, rename } from "node:fs/promises"
import { basename, join } from "node:path"
import * as Environment from "@kalshibook/core/settings/Environment"
import { type Config, Context, Effect, Exit, Layer, Option, Scope } from "effect"
import { Tape } from "./Tape.ts"
import { refused, type TapeError } from "./TapeError.ts"
import * as TapeFolder from "./TapeFolder.ts"
import type * as TapeMemory from "./TapeMemory.ts"
import type { TapeSettings } from "./TapeSettings.ts"

const mebibyte = 1024 * 1024

export class TapePlace extends Context.Service<
  TapePlace,
  {
    /** Opens the tape with this id, or a new one where it is not there or `null`; closing the scope closes it. */
    readonly open: (idKnown: string | null) => Effect.Effect<Tape["Service"], TapeError, Scope.Scope>
  }
>()("@kalshibook/store/tape/TapePlace") {
  /** In a folder, which is made where it is missing. */
  static readonly layer = (folder: string, settings: Partial<TapeSettings> = {}): Layer.Layer<TapePlace> =>
    Layer.succeed(TapePlace, {
      open: (idKnown) =>
        openKnown(idKnown, Tape.layer(folder, settings), (id) =>
          Effect.tryPromise({
            try: () => setAside(folder, id),
            catch: (cause) => refused(`set aside the tape in ${folder}`, cause)
          })
        )
    })

  /** From the environment: `KALSHIBOOK_TAPE_DIR` (`tape` in `KALSHIBOOK_DATA_DIR`), and the other variables of the tape. */
  static readonly layerConfig: Layer.Layer<TapePlace, Config.ConfigError> = Layer.unwrap(
    Effect.gen(function* () {
      const dataFolder = yield* Environment.config("KALSHIBOOK_DATA_DIR")
      const tapeFolder = yield* Environment.config("KALSHIBOOK_TAPE_DIR")
      return TapePlace.layer(
        Option.getOrElse(tapeFolder, () => join(dataFolder, "tape")),
        {
          syncMillisMax: yield* Environment.config("KALSHIBOOK_TAPE_SYNC_MILLIS"),
          freeBytesMin: mebibyte * (yield* Environment.config("KALSHIBOOK_TAPE_FREE_MEBIBYTES_MIN")),
          freeBytesAlarm: mebibyte * (yield* Environment.config("KALSHIBOOK_TAPE_FREE_MEBIBYTES_ALARM"))
        }
      )
    })
  )

  /** The same contract in memory, for simulations: what `memory` holds survives. */
  static readonly layerMemory = (
    memory: TapeMemory.TapeMemory,
    settings: Partial<TapeSettings> = {}
  ): Layer.Layer<TapePlace> =>
    Layer.succeed(TapePlace, {
      open: (idKnown) =>
        openKnown(idKnown, Tape.layerMemory(memory, settings), () =>
          Effect.sync(() => {
            memory.entries.length = 0
            memory.segments.length = 0
            memory.synced = 0
          })
        )
    })
}

const openKnown = Effect.fnUntraced(function* (
  idKnown: string | null,
  layer: Layer.Layer<Tape, TapeError>,
  aside: (id: string) => Effect.Effect<void, TapeError>
) {
  const scope = yield* Effect.scope
  const first = yield* Scope.fork(scope)
  const tape = yield* Effect.map(Layer.buildWithScope(layer, first), Context.get(Tape))
  if (tape.id === idKnown || tape.appended() === 0) return tape
  yield* Scope.close(first, Exit.void)
  yield* aside(tape.id)
  yield* Effect.logWarning(
    idKnown === null
      ? "the tape that lies here is not this database's: it is set aside, and a new one begins"
      : "the tape that lies here is another one than this database's: it is set aside, and a new one begins"
  ).pipe(Effect.annotateLogs({ tapeFound: tape.id, tapeWanted: idKnown }))
  return yield* Effect.map(Layer.build(layer), Context.get(Tape))
})

/** Moves the segments into a folder of their own, named by the tape. */
const setAside = async (folder: string, id: string): Promise<void> => {
  const target = join(folder, `set-aside-${id}`)
  await mkdir(target, { recursive: true })
  for (const { path } of await TapeFolder.list(folder)) await rename(path, join(target, basename(path)))
  await TapeFolder.syncFolder(folder)
}
