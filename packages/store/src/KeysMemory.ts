/** Keys and tickets in memory. */
import { Clock, Effect, Option, Redacted } from "effect"
import type { AccountsState } from "./AccountsState.ts"
import { hash } from "./KeyHash.ts"
import { draw, type KeyRecord, newTicket, overlapEnd, ticketMicros } from "./KeyRecord.ts"
import type { Keys } from "./Keys.ts"

const nowMicros = Effect.map(Clock.currentTimeMillis, (millis) => millis * 1_000)

export const keysInMemory = (state: AccountsState["Service"], pepper: Redacted.Redacted): Keys["Service"] => {
  const create: Keys["Service"]["create"] = (wish) =>
    Effect.map(draw(pepper, wish), ({ hash, key, record }) => {
      state.keys.set(record.prefix, { ...record, hash })
      return { key, record }
    })
  const ownedBy = (accountId: string, prefix: string) => {
    const found = state.keys.get(prefix)
    return found?.accountId === accountId ? found : undefined
  }
  const hashOf = (ticket: string): string => Buffer.from(hash(pepper, ticket)).toString("hex")
  return {
    create,
    find: (prefix) =>
      Effect.sync(() => {
        const found = state.keys.get(prefix)
        const account = found === undefined ? undefined : state.accounts.get(found.accountId)
        if (found === undefined || account === undefined || state.closed.has(found.accountId)) return Option.none()
        const { hash, ...record } = found
        return Option.some({ record, hash, account })
      }),
    list: (accountId) =>
      Effect.sync(() =>
        [...state.keys.values()]
          .filter((key) => key.accountId === accountId)
          .map(({ hash: _, ...record }): KeyRecord => record)
      ),
    rotate: (accountId, prefix, overlapMicros, maker) =>
      Effect.gen(function* () {
        const old = ownedBy(accountId, prefix)
        if (old === undefined) return Option.none()
        const made = yield* create({ ...old, maker })
        state.keys.set(prefix, { ...old, expiresMicros: overlapEnd(old, yield* nowMicros, overlapMicros) })
        return Option.some(made)
      }),
    change: (accountId, prefix, change) =>
      Effect.sync(() => {
        const old = ownedBy(accountId, prefix)
        if (old === undefined) return Option.none()
        const changed = { ...old, ...change }
        state.keys.set(prefix, changed)
        const { hash: _, ...record } = changed
        return Option.some(record)
      }),
    revoke: (accountId, prefix) =>
      Effect.gen(function* () {
        const old = ownedBy(accountId, prefix)
        if (old === undefined) return false
        state.keys.set(prefix, { ...old, revokedMicros: old.revokedMicros ?? (yield* nowMicros) })
        return true
      }),
    issueTicket: (_, holder) =>
      Effect.map(nowMicros, (now) => {
        const ticket = newTicket()
        state.tickets.set(hashOf(ticket), { holder, expiresMicros: now + ticketMicros })
        return Redacted.make(ticket)
      }),
    takeTicket: (ticket) =>
      Effect.map(nowMicros, (now) => {
        const found = state.tickets.get(hashOf(ticket))
        state.tickets.delete(hashOf(ticket))
        return found !== undefined && found.expiresMicros > now ? Option.some(found.holder) : Option.none()
      })
  }
}
