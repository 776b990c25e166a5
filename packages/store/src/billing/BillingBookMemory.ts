/** The book of payments in memory: maps, and the rule of core. */
import { type SubscriptionFacts, tierAt } from "@kalshibook/core/Standing"
import { Effect, Option } from "effect"
import type { AccountsState } from "../AccountsState.ts"
import type { BillingBook, Kept, Linked, Told } from "./BillingBook.ts"
import { referenceOf } from "./Purchases.ts"

interface Entry extends Linked {
  claims: number
  keptClaim: number
  subscriptions: ReadonlyArray<SubscriptionFacts>
}

export const billingInMemory = (state: AccountsState["Service"]): BillingBook["Service"] => {
  const entries = new Map<string, Entry>()
  const events = new Set<string>()

  const hasBought = (accountId: string): boolean =>
    [...state.purchases].some((once) => once.startsWith(`${accountId} `))

  const setTier = (accountId: string, entry: Entry, nowMicros: number) => {
    const account = state.accounts.get(accountId)
    const before = account?.tier ?? "free"
    const facts = { subscriptions: entry.subscriptions, hasBought: hasBought(accountId) }
    const tier = tierAt(before, facts, nowMicros)
    if (account !== undefined && tier !== before) state.accounts.set(accountId, { ...account, tier })
    return { before, tier }
  }

  const buy = (accountId: string, credits: number, reference: string): number => {
    const once = `${accountId} ${reference}`
    if (state.purchases.has(once)) return 0
    state.purchases.add(once)
    const balance = state.balanceOf(accountId)
    state.balances.set(accountId, { ...balance, boughtLeft: balance.boughtLeft + credits })
    return credits
  }

  const keep = ({ accountId, claim, eventId, nowMicros, purchases, subscriptions }: Told): Kept => {
    const entry = entries.get(accountId)
    // impossible: a claim is taken by accounts that are linked
    if (entry === undefined) throw new Error(`account ${accountId} is no customer`)
    const subscriptionsBefore = entry.subscriptions
    if (eventId !== null) events.add(eventId)
    if (claim > entry.keptClaim) Object.assign(entry, { keptClaim: claim, subscriptions })
    const creditsAdded = purchases.reduce((sum, one) => sum + buy(accountId, one.credits, referenceOf(one)), 0)
    const { before, tier } = setTier(accountId, entry, nowMicros)
    const isClosed = state.closed.has(accountId)
    return { tierBefore: before, tier, creditsAdded, subscriptionsBefore, isClosed }
  }

  return {
    linked: (accountId) => Effect.sync(() => Option.fromUndefinedOr(entries.get(accountId))),
    ofCustomer: (customerId) =>
      Effect.sync(() => Option.fromUndefinedOr([...entries.values()].find((one) => one.customerId === customerId))),
    all: Effect.sync(() => [...entries.values()]),
    link: (wish) =>
      Effect.sync(() => {
        const entry = entries.get(wish.accountId) ?? { ...wish, claims: 0, keptClaim: 0, subscriptions: [] }
        entries.set(wish.accountId, entry)
        return entry
      }),
    claim: (accountId) =>
      Effect.sync(() => {
        const entry = entries.get(accountId)
        return entry === undefined ? 0 : ++entry.claims
      }),
    keep: (told) => Effect.sync(() => keep(told)),
    isKept: (eventId) => Effect.sync(() => events.has(eventId)),
    subscriptions: (accountId) => Effect.sync(() => entries.get(accountId)?.subscriptions ?? []),
    lapse: (nowMicros) =>
      Effect.sync(() =>
        [...entries].flatMap(([accountId, entry]) => {
          const { before, tier } = setTier(accountId, entry, nowMicros)
          return before === tier ? [] : [accountId]
        })
      )
  }
}
