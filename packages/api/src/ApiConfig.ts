/** Where the API listens, which pages may use it as agents, and which site it serves, from the environment. */
import path from "node:path"
import * as Environment from "@kalshibook/core/settings/Environment"
import { Config, Effect, Layer, Option } from "effect"
import type { Address } from "./ApiServer.ts"
import { AddressHeader } from "./ClientAddress.ts"
import { AllowedOrigins } from "./mcp/McpDoor.ts"
import { DemoSeries } from "./Sample.ts"

/**
 * `KALSHIBOOK_API_PORT` (4000) and `KALSHIBOOK_API_HOST` (127.0.0.1: only this machine, until somebody decides otherwise).
 */
export const address: Config.Config<Address> = Config.all({
  host: Environment.config("KALSHIBOOK_API_HOST"),
  port: Environment.config("KALSHIBOOK_API_PORT")
})

/** `KALSHIBOOK_SITE_DIR`: the built site that is served beside the API. The one of this repository, unless something else is said. */
export const siteFolder: Config.Config<string> = Config.map(
  Environment.config("KALSHIBOOK_SITE_DIR"),
  Option.getOrElse(() => path.resolve(import.meta.dirname, "../../web/dist"))
)

/**
 * `KALSHIBOOK_DEMO_SERIES`: series whose markets are for everybody, without a key and without cost, separated by commas; `none` is none.
 * Unless something else is said, those that the program names.
 */
export const demoSeries = (otherwise: ReadonlyArray<string>): Layer.Layer<never, Config.ConfigError> =>
  Layer.effect(
    DemoSeries,
    Effect.map(
      Environment.config("KALSHIBOOK_DEMO_SERIES"),
      (named) => new Set(named.length === 0 ? otherwise : named.filter((name) => name !== "none"))
    )
  )

/** `KALSHIBOOK_MCP_ORIGINS`: origins of pages that may speak with the MCP server, separated by commas. None without it. */
export const mcpOrigins: Layer.Layer<never, Config.ConfigError> = Layer.effect(
  AllowedOrigins,
  Effect.map(Environment.config("KALSHIBOOK_MCP_ORIGINS"), (origins) => new Set(origins))
)

/** `KALSHIBOOK_CLIENT_ADDRESS_HEADER`: the header in which a proxy tells whose request it is. */
export const addressHeader: Layer.Layer<never, Config.ConfigError> = Layer.effect(
  AddressHeader,
  Environment.config("KALSHIBOOK_CLIENT_ADDRESS_HEADER")
)
