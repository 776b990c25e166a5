/** Settings of the API, and of the site that it serves. */
import type { Program } from "./Setting.ts"
import * as Setting from "./Setting.ts"

const api: ReadonlyArray<Program> = ["api", "start"]
const none: ReadonlyArray<string> = []

export const settings = {
  KALSHIBOOK_API_PORT: Setting.withDefault(Setting.port, 4_000, {
    programs: api,
    meaning: "where the API listens; 0: any free port"
  }),
  KALSHIBOOK_API_HOST: Setting.withDefault(Setting.text, "127.0.0.1", {
    programs: api,
    meaning: "the address it listens on: this machine alone, unless TLS stands in front of it"
  }),
  KALSHIBOOK_CLIENT_ADDRESS_HEADER: Setting.optional(Setting.headerName, {
    programs: api,
    otherwise: "the address of the connection counts",
    meaning:
      "the header in which a proxy tells whose request it is (`x-real-ip` at Railway), by which callers without a valid key are limited; only where every request passes that proxy, and it sets the header itself"
  }),
  KALSHIBOOK_SITE_DIR: Setting.optional(Setting.folder, {
    programs: api,
    otherwise: "the build in this clone",
    meaning: "the built site (`npm run build -w packages/web`)"
  }),
  KALSHIBOOK_DEMO_SERIES: Setting.withDefault(Setting.list, none, {
    programs: api,
    otherwise: "`KXBTC15M` of an invented exchange, else none",
    meaning:
      "series whose markets need no key and cost nothing, or `none`; without any, the front page shows the busiest market of the latest sample day"
  }),
  KALSHIBOOK_MCP_ORIGINS: Setting.withDefault(Setting.list, none, {
    programs: api,
    otherwise: "none",
    meaning: "origins of web pages that may use `/mcp`; programs that are no pages need none"
  }),
  KALSHIBOOK_SITE_URL: Setting.optional(Setting.url("http"), {
    programs: api,
    otherwise: "where the API listens",
    meaning:
      "where browsers reach the site, an address without a path: links in mails and pages of the payment service lead there"
  }),
  SUPABASE_URL: Setting.optional(Setting.text, {
    programs: api,
    otherwise: "people sign in here, and mails are shown in the terminal",
    meaning: "the project whose Auth signs people in: https://xyz.supabase.co"
  }),
  SUPABASE_ANON_KEY: Setting.optional(Setting.text, {
    programs: api,
    meaning: "that project's publishable key, which the site's pages send"
  }),
  KALSHIBOOK_AUTH_PUBLIC: Setting.optional(Setting.text, {
    programs: api,
    otherwise: "no",
    meaning:
      "`yes` lets the built-in sign-in run where other machines reach it, though its mails are shown in the terminal alone"
  }),
  KALSHIBOOK_KEY_PEPPER: Setting.optional(Setting.secret(32), {
    programs: api,
    otherwise: "made once, in the file `key-pepper` of the data folder",
    meaning: "what keys are hashed with; the same for all nodes of a database, and never to be lost"
  }),
  STRIPE_SECRET_KEY: Setting.optional(Setting.secret(12, "a secret key of Stripe (`sk_...` or `rk_...`)"), {
    programs: api,
    otherwise: "`npm start` stands in for Stripe on a machine that nobody else reaches; else nothing can be bought",
    meaning: "takes payments through Stripe ([billing.md](billing.md))"
  }),
  STRIPE_WEBHOOK_SECRET: Setting.optional(Setting.secret(8, "a webhook secret of Stripe (`whsec_...`)"), {
    programs: api,
    meaning: "what Stripe signs its webhooks with; two, separated by a comma, while one replaces the other"
  })
}
