// adapter: the machine's name and the process's number
/** Every bound and interval of the archiver, with its reason. */
import { hostname } from "node:os"
import { resolve } from "node:path"
import * as Environment from "@kalshibook/core/settings/Environment"
import { type Config, Context, Effect, Layer, Option } from "effect"

export interface ArchiverSettings {
  /** Files are cut at market boundaries so that none is larger: what a reader of one market fetches. A huge market may exceed it alone. */
  readonly fileBytesMax: number
  /** An hour is sealed when everything up to its end and so much more is stored: what is told a little late is in it then. */
  readonly settleMicros: number
  /** So long after its end an hour leaves the hot tier. */
  readonly hotMicros: number
  /** So long after it was written to last a tape's file stays on the recorder's disk, once its copy is proved and all of it stored. */
  readonly tapeKeepMicros: number
  /** What nobody refers to is removed when it is so old: until then an archiver may be about to. */
  readonly sweepGraceMicros: number
  /** Where files lie while an hour is sealed. */
  readonly workFolder: string
  /** Where the recorder's tape lies, when it lies on this machine. */
  readonly tapeFolder: string
  /** For people, in the manifests. */
  readonly sealedBy: string
  readonly codeRevision: string
  /** How often is looked whether there is something to do; after a failure the pause grows from the first to the second. */
  readonly pollMillis: number
  readonly retryMillisMin: number
  readonly retryMillisMax: number
  /** How often is looked for what nobody refers to. */
  readonly sweepMillis: number
  /** Objects that are under way at a time, to or from the bucket. */
  readonly transfersMax: number
}

const mebibyte = 1024 * 1024
const minuteMicros = 60_000_000
const hourMicros = 60 * minuteMicros

const { settings } = Environment

const defaults: ArchiverSettings = {
  fileBytesMax: settings.KALSHIBOOK_SEGMENT_FILE_MEBIBYTES.absent * mebibyte,
  settleMicros: settings.KALSHIBOOK_SEAL_SETTLE_MINUTES.absent * minuteMicros,
  hotMicros: settings.KALSHIBOOK_HOT_HOURS.absent * hourMicros,
  tapeKeepMicros: settings.KALSHIBOOK_TAPE_KEEP_HOURS.absent * hourMicros,
  sweepGraceMicros: settings.KALSHIBOOK_SWEEP_HOURS.absent * hourMicros,
  workFolder: resolve(settings.KALSHIBOOK_DATA_DIR.absent, "archive"),
  tapeFolder: resolve(settings.KALSHIBOOK_DATA_DIR.absent, "tape"),
  sealedBy: `kalshibook-archiver on ${hostname()}, process ${process.pid}`,
  codeRevision: settings.KALSHIBOOK_REVISION.absent,
  pollMillis: 5_000,
  retryMillisMin: 1_000,
  retryMillisMax: 60_000,
  sweepMillis: 3_600_000,
  transfersMax: 4
}

export class Settings extends Context.Service<Settings, ArchiverSettings>()("@kalshibook/archiver/Settings") {
  /** The defaults with some values replaced. */
  static readonly layerOf = (changes: Partial<ArchiverSettings>): Layer.Layer<Settings> =>
    Layer.succeed(Settings, { ...defaults, ...changes })

  /** The defaults with what the environment replaces (docs/settings.md says what each variable means). */
  static readonly layer: Layer.Layer<Settings, Config.ConfigError> = Layer.effect(
    Settings,
    Effect.gen(function* () {
      const dataFolder = yield* Environment.config("KALSHIBOOK_DATA_DIR")
      const tapeFolder = yield* Environment.config("KALSHIBOOK_TAPE_DIR")
      return {
        ...defaults,
        fileBytesMax: (yield* Environment.config("KALSHIBOOK_SEGMENT_FILE_MEBIBYTES")) * mebibyte,
        settleMicros: (yield* Environment.config("KALSHIBOOK_SEAL_SETTLE_MINUTES")) * minuteMicros,
        hotMicros: (yield* Environment.config("KALSHIBOOK_HOT_HOURS")) * hourMicros,
        tapeKeepMicros: (yield* Environment.config("KALSHIBOOK_TAPE_KEEP_HOURS")) * hourMicros,
        sweepGraceMicros: (yield* Environment.config("KALSHIBOOK_SWEEP_HOURS")) * hourMicros,
        workFolder: resolve(dataFolder, "archive"),
        tapeFolder: Option.getOrElse(tapeFolder, () => resolve(dataFolder, "tape")),
        codeRevision: yield* Environment.config("KALSHIBOOK_REVISION")
      }
    })
  )
}
