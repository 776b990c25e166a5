/** Where the API listens, from the environment. */
import path from "node:path"
import { Config } from "effect"
import type { Address } from "./ApiServer.ts"

/**
 * `KALSHIBOOK_API_PORT` (4000) and `KALSHIBOOK_API_HOST` (127.0.0.1: only this machine, until somebody decides otherwise).
 */
export const address: Config.Config<Address> = Config.all({
  host: Config.withDefault(Config.NonEmptyString("KALSHIBOOK_API_HOST"), "127.0.0.1"),
  port: Config.withDefault(Config.Port("KALSHIBOOK_API_PORT"), 4_000)
})

/** `KALSHIBOOK_SITE_DIR`: the built site that is served beside the API. The one of this repository, unless something else is said. */
export const siteFolder: Config.Config<string> = Config.withDefault(
  Config.NonEmptyString("KALSHIBOOK_SITE_DIR"),
  path.resolve(import.meta.dirname, "../../web/dist")
)
