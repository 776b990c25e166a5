/** Settings of every program: where its data is, and how it tells what it does. */
import type { Program } from "./Setting.ts"
import * as Setting from "./Setting.ts"

const all: ReadonlyArray<Program> = ["collector", "archiver", "api", "start"]
const alone: ReadonlyArray<Program> = ["collector", "archiver"]

export const settings = {
  KALSHIBOOK_DATA_DIR: Setting.withDefault(Setting.folder, ".kalshibook", {
    programs: [...all, "simulator"],
    meaning: "the folder of everything that is kept: embedded database, tape, caches, logs, the simulator's key"
  }),
  DATABASE_URL: Setting.optional(Setting.databaseUrl, {
    programs: all,
    otherwise: "an embedded one in the data folder",
    meaning: "a Postgres 15 or later; of Supabase the direct connection or the session pooler"
  }),
  KALSHIBOOK_RESTORED_URL: Setting.optional(Setting.databaseUrl, {
    programs: ["restore-drill"],
    meaning: "a restored database, which `npm run restore-drill` holds to `DATABASE_URL`"
  }),
  KALSHIBOOK_DATABASE_CA: Setting.optional(Setting.certificate, {
    programs: all,
    otherwise: "the authorities that Node knows",
    meaning:
      "who certifies the database's server, where it has an authority of its own as Supabase has; `\\n` may stand for the ends of lines"
  }),
  KALSHIBOOK_LOG_FORMAT: Setting.optional(Setting.oneOf("json", "logfmt", "pretty"), {
    programs: all,
    otherwise: "`pretty`; in the file of `npm start` `logfmt`",
    meaning: "how logs are written; `json`: each line an object, with market, epoch, sid and slot"
  }),
  KALSHIBOOK_METRICS_PORT: Setting.optional(Setting.port, {
    programs: alone,
    otherwise: "no metrics",
    meaning: "where `/metrics` and `/healthz` of a program other than the API are; 0: any free port"
  }),
  KALSHIBOOK_METRICS_HOST: Setting.withDefault(Setting.text, "127.0.0.1", {
    programs: alone,
    meaning: "the address on which they are listened for; `::` for a private network"
  }),
  OTEL_EXPORTER_OTLP_ENDPOINT: Setting.optional(Setting.url("http"), {
    programs: all,
    otherwise: "nothing is sent",
    meaning: "where traces and logs are sent (OTLP over HTTP)"
  }),
  OTEL_SERVICE_NAME: Setting.optional(Setting.text, {
    programs: all,
    otherwise: "the program's name",
    meaning: "as whom they are sent"
  }),
  OTEL_LOGS_EXPORTER: Setting.optional(Setting.text, {
    programs: all,
    otherwise: "`otlp`",
    meaning: "`none` sends no logs"
  }),
  OTEL_TRACES_EXPORTER: Setting.optional(Setting.text, {
    programs: all,
    otherwise: "`otlp`",
    meaning: "`none` sends no traces"
  }),
  OTEL_METRICS_EXPORTER: Setting.optional(Setting.text, {
    programs: all,
    otherwise: "not sent",
    meaning: "`otlp` sends the metrics as well; they are at `/metrics` in any case"
  }),
  OTEL_SDK_DISABLED: Setting.optional(Setting.text, {
    programs: all,
    otherwise: "`false`",
    meaning: "`true` sends nothing at all"
  })
}
