// adapter: the machine's name and the process's number
/** Every bound and interval of the archiver, with its reason. */
import { hostname } from "node:os"
import { resolve } from "node:path"
import { Config, Context, Effect, Layer, Result, Schema } from "effect"
import * as EnvironmentSettings from "./EnvironmentSettings.ts"

/** Something in the environment cannot be used; each problem is a sentence that names the variable. */
export class ArchiverSettingsUnusable extends Schema.TaggedError<ArchiverSettingsUnusable>()(
  "ArchiverSettingsUnusable",
  { problems: Schema.Array(Schema.String) }
) {
  override get message(): string {
    return this.problems.join(" ")
  }
}

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

const defaults: ArchiverSettings = {
  fileBytesMax: 32 * mebibyte,
  settleMicros: 5 * minuteMicros,
  hotMicros: 48 * hourMicros,
  tapeKeepMicros: 72 * hourMicros,
  sweepGraceMicros: 24 * hourMicros,
  workFolder: resolve(".kalshibook", "archive"),
  tapeFolder: resolve(".kalshibook", "tape"),
  sealedBy: `kalshibook-archiver on ${hostname()}, process ${process.pid}`,
  codeRevision: "unknown",
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

  /** The defaults with what the environment replaces (`EnvironmentSettings`; the README says what each variable means). */
  static readonly layer: Layer.Layer<Settings, Config.ConfigError | ArchiverSettingsUnusable> = Layer.effect(
    Settings,
    Effect.gen(function* () {
      const texts = new Map<string, string>()
      for (const variable of EnvironmentSettings.variables) {
        texts.set(variable, yield* Config.String(variable).pipe(Config.withDefault("")))
      }
      const read = EnvironmentSettings.read((variable) => texts.get(variable))
      if (Result.isFailure(read)) return yield* new ArchiverSettingsUnusable({ problems: read.failure })
      const { fileMebibytesMax, hotHours, settleMinutes, sweepHours, tapeKeepHours } = read.success
      const dataFolder = yield* Config.String("KALSHIBOOK_DATA_DIR").pipe(Config.withDefault(".kalshibook"))
      const tapeFolder = yield* Config.String("KALSHIBOOK_TAPE_DIR").pipe(
        Config.withDefault(resolve(dataFolder, "tape"))
      )
      const codeRevision = yield* Config.String("KALSHIBOOK_REVISION").pipe(Config.withDefault(defaults.codeRevision))
      const times = (count: number | undefined, unit: number, otherwise: number) =>
        count === undefined ? otherwise : count * unit
      return {
        ...defaults,
        fileBytesMax: times(fileMebibytesMax, mebibyte, defaults.fileBytesMax),
        settleMicros: times(settleMinutes, minuteMicros, defaults.settleMicros),
        hotMicros: times(hotHours, hourMicros, defaults.hotMicros),
        tapeKeepMicros: times(tapeKeepHours, hourMicros, defaults.tapeKeepMicros),
        sweepGraceMicros: times(sweepHours, hourMicros, defaults.sweepGraceMicros),
        workFolder: resolve(dataFolder, "archive"),
        tapeFolder,
        codeRevision
      }
    })
  )
}
