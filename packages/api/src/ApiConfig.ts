/** Where the API listens, which pages may use it as agents, and which site it serves, from the environment. */
import path from "node:path"
import { Config, Effect, Layer } from "effect"
import type { Address } from "./ApiServer.ts"
import { AllowedOrigins } from "./mcp/McpDoor.ts"

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

/** `KALSHIBOOK_MCP_ORIGINS`: origins of pages that may speak with the MCP server, separated by commas. None without it. */
export const mcpOrigins: Layer.Layer<never, Config.ConfigError> = Layer.effect(
  AllowedOrigins,
  Effect.map(
    Config.withDefault(Config.String("KALSHIBOOK_MCP_ORIGINS"), ""),
    (text) =>
      new Set(
        text
          .split(",")
          .map((origin) => origin.trim())
          .filter((origin) => origin !== "")
      )
  )
)
