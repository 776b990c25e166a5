/**
 * The settings of a `PgClient` as the driver `pg` takes them, so that both reach the same database in the same way. The URL is read
 * as that client reads it, TLS included; `pg`'s own reading of it differs in both.
 */
import type { PgClient } from "@effect/sql-pg"
import { Redacted } from "effect"
import type { ClientConfig } from "pg"

/** How long a silent connection stands before the system asks whether the other side is still there. */
const keepAliveMillis = 10_000

export interface Settings extends ClientConfig {
  /** TLS where the server knows it. */
  readonly isTlsOptional: boolean
}

/** A setting of the client wins over the same one in its URL; the port's default is Postgres' own. */
export const settingsOf = (config: PgClient.PgClientConfig): Settings => {
  const url = config.url === undefined ? undefined : new URL(Redacted.value(config.url))
  const part = (name: string): string | undefined => url?.searchParams.get(name) ?? undefined
  const decoded = (text: string | undefined): string | undefined =>
    text === undefined || text === "" ? undefined : decodeURIComponent(text)
  const mode = part("sslmode")
  const ssl = config.ssl ?? (mode !== undefined && mode !== "disable")
  const port = config.port ?? Number(part("port") ?? (url?.port || 5432))
  const password = Redacted.isRedacted(config.password)
    ? Redacted.value(config.password)
    : (part("password") ?? decoded(url?.password))
  const user = config.username ?? part("user") ?? decoded(url?.username)
  const database = config.database ?? part("dbname") ?? decoded(url?.pathname.replace(/^\//, ""))
  const options = config.startupOptions ?? part("options")
  return {
    host: config.host ?? part("host") ?? decoded(url?.hostname.replace(/^\[(.*)\]$/, "$1")) ?? "localhost",
    port,
    user,
    database,
    options,
    password,
    application_name: config.applicationName,
    ssl,
    keepAlive: true,
    keepAliveInitialDelayMillis: keepAliveMillis,
    isTlsOptional: config.ssl === undefined && (mode === "prefer" || mode === "allow")
  }
}
