/** Where objects lie that are in no bucket, and how their URLs are signed. */
import { join } from "node:path"
import * as Environment from "@kalshibook/core/settings/Environment"
import { type Config, Effect, Option, type Redacted } from "effect"

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
  const dataFolder = yield* Environment.config("KALSHIBOOK_DATA_DIR")
  const host = yield* Environment.config("KALSHIBOOK_API_HOST")
  const port = yield* Environment.config("KALSHIBOOK_API_PORT")
  const url = yield* Environment.config("KALSHIBOOK_OBJECTS_URL")
  const folder = yield* Environment.config("KALSHIBOOK_OBJECTS_DIR")
  return {
    folder: Option.getOrElse(folder, () => join(dataFolder, "objects")),
    baseUrl: Option.getOrElse(url, () => `http://${host}:${port}/v1/objects`).replace(/\/+$/, ""),
    secret: yield* Environment.config("KALSHIBOOK_OBJECTS_SECRET")
  }
})
