/** Where the API listens, from the environment. */
import { Config } from "effect"
import type { Address } from "./ApiServer.ts"

/**
 * `KALSHIBOOK_API_PORT` (4000) and `KALSHIBOOK_API_HOST` (127.0.0.1: only this machine, until somebody decides otherwise).
 */
export const address: Config.Config<Address> = Config.all({
  host: Config.withDefault(Config.NonEmptyString("KALSHIBOOK_API_HOST"), "127.0.0.1"),
  port: Config.withDefault(Config.Port("KALSHIBOOK_API_PORT"), 4_000)
})
