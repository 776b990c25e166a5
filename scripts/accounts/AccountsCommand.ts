/** What `npm run accounts` does, as lines to print. */
import { parseArgs } from "node:util"
import * as CreditBalance from "@kalshibook/core/CreditBalance"
import { type Scope, scopes, type TierName, tierNames, tierOf } from "@kalshibook/core/contract/Pricing"
import { isoFromMicros } from "@kalshibook/core/Units"
import { type Account, Accounts } from "@kalshibook/store/Accounts"
import * as Database from "@kalshibook/store/Database"
import type { KeyRecord, NewKey } from "@kalshibook/store/KeyRecord"
import { Keys } from "@kalshibook/store/Keys"
import { Ledger } from "@kalshibook/store/Ledger"
import * as PepperFile from "@kalshibook/store/PepperFile"
import { Clock, Data, Effect, Layer, Logger, Option, Redacted } from "effect"

const usage = `npm run accounts -- <command>

  list                        all accounts
  create NAME [--tier T]      an account with its first key; tiers: ${tierNames.join(", ")}
  key NAME [options]          another key for the account
     --scopes read,stream     what it may: ${scopes.join(", ")} (read, stream, download)
     --days N                 expires after so many days
     --rate N                 credits' worth of calls a second at most
     --cap N                  credits a month at most
  key NAME --list             its keys, without their secrets
  key NAME --revoke PREFIX    ends a key, everywhere within ten seconds
  key NAME --rotate PREFIX [--hours N]    a new key in its place; the old one works so long (24)
  tier NAME [T] [--cap N|none] [--buy N --reference R]    another tier, a monthly cap, bought credits
  usage NAME [--days N]       what was used, by day, call and key (30)`

/** The command line makes no sense, or names what is not there. */
class Refused extends Data.TaggedError("Refused")<{ readonly message: string }> {}

const refuse = (message: string) => Effect.fail(new Refused({ message }))

const options = {
  tier: { type: "string" },
  scopes: { type: "string" },
  days: { type: "string" },
  hours: { type: "string" },
  rate: { type: "string" },
  cap: { type: "string" },
  buy: { type: "string" },
  reference: { type: "string" },
  list: { type: "boolean" },
  revoke: { type: "string" },
  rotate: { type: "string" }
} as const

type Values = Partial<Record<Exclude<keyof typeof options, "list">, string>> & { readonly list?: boolean }
type Lines = ReadonlyArray<string>

const dayMicros = 86_400_000_000
const keyScopes: ReadonlyArray<Scope> = ["read", "stream", "download"]

/** The lines that answer a command line. */
export const run = (args: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const { positionals, values } = yield* Effect.try({
      try: () => parseArgs({ args: [...args], allowPositionals: true, options }),
      catch: (cause) => new Refused({ message: `${cause instanceof Error ? cause.message : cause}\n\n${usage}` })
    })
    const [command = "", name = "", argument] = positionals
    const known = commands[command]
    if (known === undefined || (command !== "list" && name === "")) return yield* refuse(usage)
    return yield* known(name, argument, values as Values).pipe(Effect.provide(stores))
  })

const stores = Layer.mergeAll(Accounts.layerNoDeps, Keys.layerNoDeps, Ledger.layerNoDeps).pipe(
  Layer.provide(PepperFile.layer),
  Layer.provide(Database.layerBeside),
  Layer.provide(Logger.layer([]))
)

const accountOf = Effect.fnUntraced(function* (name: string) {
  const found = yield* (yield* Accounts).find(name)
  return Option.isSome(found) ? found.value : yield* refuse(`There is no account "${name}".`)
})

const whole = Effect.fnUntraced(function* (values: Values, option: "days" | "hours" | "rate" | "cap" | "buy") {
  const text = values[option]
  if (text === undefined) return undefined
  return /^\d{1,12}$/.test(text) ? Number(text) : yield* refuse(`--${option} must be a whole number, not "${text}".`)
})

const tierNamed = Effect.fnUntraced(function* (text: string) {
  const tier: TierName | undefined = tierNames.find((one) => one === text)
  return tier ?? (yield* refuse(`There is no tier "${text}": ${tierNames.join(", ")}.`))
})

const scopesOf = Effect.fnUntraced(function* (text: string | undefined) {
  const wanted: ReadonlyArray<string> = text?.split(",") ?? keyScopes
  const unknown = wanted.find((one) => !scopes.some((scope) => scope === one))
  if (unknown !== undefined) return yield* refuse(`There is no scope "${unknown}": ${scopes.join(", ")}.`)
  return scopes.filter((scope) => wanted.includes(scope))
})

const nowMicros = Effect.map(Clock.currentTimeMillis, (millis) => millis * 1_000)

const told = ({ key, record }: NewKey): Lines => [
  `key       ${Redacted.value(key)}`,
  `prefix    ${record.prefix} (${record.scopes.join(", ")}); the key is told this once`
]

const accountLine = ({ capCredits, name, tier }: Account): string =>
  `${name}: ${tier}${capCredits === null ? "" : `, at most ${capCredits} credits a month`}`

const keyLine = (key: KeyRecord): string =>
  [
    key.prefix,
    key.name,
    key.scopes.join(","),
    key.usedMicros === null ? "never used" : `used ${isoFromMicros(key.usedMicros)}`,
    ...(key.expiresMicros === null ? [] : [`expires ${isoFromMicros(key.expiresMicros)}`]),
    ...(key.revokedMicros === null ? [] : [`revoked ${isoFromMicros(key.revokedMicros)}`])
  ].join("  ")

type Command = (
  name: string,
  argument: string | undefined,
  values: Values
) => Effect.Effect<Lines, { readonly message: string }, Accounts | Keys | Ledger>

const commands: Readonly<Record<string, Command>> = {
  list: () => Effect.flatMap(Accounts, (accounts) => Effect.map(accounts.list, (all) => all.map(accountLine))),

  create: (name, _, values) =>
    Effect.gen(function* () {
      const tier = yield* tierNamed(values.tier ?? "free")
      const account = yield* (yield* Accounts).create({ name, tier })
      const made = yield* (yield* Keys).create({ accountId: account.accountId, name: "first", scopes: keyScopes })
      return [accountLine(account), ...told(made)]
    }),

  key: (name, _, values) =>
    Effect.gen(function* () {
      const { accountId } = yield* accountOf(name)
      const keys = yield* Keys
      if (values.list === true) return (yield* keys.list(accountId)).map(keyLine)
      if (values.revoke !== undefined) {
        const isRevoked = yield* keys.revoke(accountId, values.revoke)
        return isRevoked ? [`${values.revoke} is revoked.`] : yield* refuse(`${name} has no key ${values.revoke}.`)
      }
      if (values.rotate !== undefined) {
        const hours = (yield* whole(values, "hours")) ?? 24
        const made = yield* keys.rotate(accountId, values.rotate, hours * 3_600_000_000, null)
        return Option.isSome(made) ? told(made.value) : yield* refuse(`${name} has no key ${values.rotate}.`)
      }
      const days = yield* whole(values, "days")
      const made = yield* keys.create({
        accountId,
        name: "operator",
        scopes: yield* scopesOf(values.scopes),
        expiresMicros: days === undefined ? null : (yield* nowMicros) + days * dayMicros,
        requestsPerSecond: (yield* whole(values, "rate")) ?? null,
        capCredits: (yield* whole(values, "cap")) ?? null
      })
      return told(made)
    }),

  tier: (name, argument, values) =>
    Effect.gen(function* () {
      const account = yield* accountOf(name)
      const accounts = yield* Accounts
      const cap = values.cap === "none" ? null : yield* whole(values, "cap")
      const bought = yield* whole(values, "buy")
      if (bought !== undefined && values.reference === undefined) {
        return yield* refuse("--buy needs --reference, by which credits are added once.")
      }
      const changed = yield* accounts.change(account.accountId, {
        ...(argument === undefined ? {} : { tier: yield* tierNamed(argument) }),
        ...(cap === undefined ? {} : { capCredits: cap })
      })
      const isNew = bought === undefined || (yield* accounts.buy(account.accountId, bought, values.reference ?? ""))
      return [
        ...Option.toArray(Option.map(changed, accountLine)),
        ...(bought === undefined ? [] : [isNew ? `${bought} credits were added.` : "That reference was added before."])
      ]
    }),

  usage: (name, _, values) =>
    Effect.gen(function* () {
      const account = yield* accountOf(name)
      const ledger = yield* Ledger
      const days = (yield* whole(values, "days")) ?? 30
      const tier = tierOf(account.tier, account.terms)
      const terms = {
        creditsMonthly: tier.creditsMonthly,
        isPostpaid: tier.creditPriceE4 !== null,
        capCredits: account.capCredits
      }
      const balance = yield* ledger.balance(account.accountId, terms)
      const fromMicros = Math.max(0, (yield* nowMicros) - days * dayMicros)
      const rows = yield* ledger.usage(account.accountId, { fromMicros, toMicros: Number.MAX_SAFE_INTEGER })
      return [
        `${accountLine(account)}; ${balance.monthUsed} credits used this month, ${CreditBalance.remaining(balance, terms) ?? "no end"} left`,
        ...rows.map(
          (row) =>
            `${isoFromMicros(row.dayMicros).slice(0, 10)}  ${row.prefix}  ${row.endpoint}  ${row.calls} calls, ${row.credits} credits, ${row.rows} rows`
        )
      ]
    })
}
