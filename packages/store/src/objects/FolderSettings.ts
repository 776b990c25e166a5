/** Where objects lie that are in no bucket, and how their URLs are signed. */
import { join } from "node:path"
import { Config, Effect, Option, Redacted } from "effect"

export interface FolderSettings {
  /** Made where it is missing. */
  readonly folder: string
  /** Where the API serves objects, without a slash at the end; keys follow. */
  readonly baseUrl: string
  /** Signs URLs; `None`: one that is made once and kept in the folder, readable for its owner alone. */
  readonly secret: Option.Option<Redacted.Redacted>
}

/** From the environment. */
export const fromEnvironment: Effect.Effect<FolderSettings, Config.ConfigError> = Effect.gen(function* () {
  const dataFolder = yield* Config.String("KALSHIBOOK_DATA_DIR").pipe(Config.withDefault(".kalshibook"))
  const host = yield* Config.String("KALSHIBOOK_API_HOST").pipe(Config.withDefault("127.0.0.1"))
  const port = yield* Config.Int("KALSHIBOOK_API_PORT").pipe(Config.withDefault(4000))
  const url = yield* Config.String("KALSHIBOOK_OBJECTS_URL").pipe(
    Config.withDefault(`http://${host}:${port}/v1/objects`)
  )
  const secret = yield* Config.option(Config.Redacted("KALSHIBOOK_OBJECTS_SECRET"))
  return {
    folder: yield* Config.String("KALSHIBOOK_OBJECTS_DIR").pipe(Config.withDefault(join(dataFolder, "objects"))),
    baseUrl: url.replace(/\/+$/, ""),
    secret: Option.filter(secret, (text) => Redacted.value(text) !== "")
  }
})
