/** The ledger in memory: the rules of core, applied to maps. */
import * as CreditBalance from "@kalshibook/core/CreditBalance"
import * as TokenBucket from "@kalshibook/core/TokenBucket"
import { Clock, Effect, Option } from "effect"
import type { AccountsState } from "./AccountsState.ts"
import type { Ledger, LedgerCall, Outcome, UsageRow, Verdict } from "./Ledger.ts"
import { leaseMicros, repeatMicros } from "./LedgerLimits.ts"

export interface LedgerEntry {
  readonly call: LedgerCall
  readonly state: "held" | "used" | "returned" | "lapsed"
  readonly month: number
  readonly sources: CreditBalance.Sources
  readonly credits: number
  readonly rows: number
  readonly atMicros: number
}

const dayMicros = 86_400_000_000
const now = Effect.map(Clock.currentTimeMillis, (millis) => millis * 1_000)
const sumOf = ({ bought, grant, onAccount }: CreditBalance.Sources): number => grant + bought + onAccount
const nothing: CreditBalance.Sources = { grant: 0, bought: 0, onAccount: 0 }

export const ledgerInMemory = (state: AccountsState["Service"]): Ledger["Service"] => {
  const entriesOf = (accountId: string): ReadonlyArray<LedgerEntry> =>
    [...state.entries.values()].filter(({ call }) => call.accountId === accountId)

  const settled = (entry: LedgerEntry, to: "used" | "returned" | "lapsed", wanted: number, rows: number): void => {
    const { accountId, requestId } = entry.call
    const credits = to === "used" ? Math.min(wanted, sumOf(entry.sources)) : 0
    state.entries.set(requestId, { ...entry, state: to, credits, rows })
    state.balances.set(accountId, CreditBalance.settle(state.balanceOf(accountId), entry.sources, entry.month, credits))
  }

  const balanceAt = (accountId: string, nowMicros: number, creditsMonthly: number): CreditBalance.CreditBalance => {
    state.balances.set(accountId, CreditBalance.inMonth(state.balanceOf(accountId), nowMicros, creditsMonthly))
    for (const entry of entriesOf(accountId)) {
      if (entry.state === "held" && entry.atMicros + (entry.call.leaseMicros ?? leaseMicros) <= nowMicros)
        settled(entry, "lapsed", 0, 0)
    }
    return state.balanceOf(accountId)
  }

  /** Microseconds to wait, and the level of the first bucket. */
  const takeTokens = ({ buckets, cost }: LedgerCall, nowMicros: number) => {
    const levels = buckets.map((size) => TokenBucket.filled(state.buckets.get(size.name), size, nowMicros))
    const waits = buckets.map((size, at) =>
      TokenBucket.waitMicros(levels[at] ?? { tokens: 0, atMicros: 0 }, size, cost)
    )
    const waitMicros = Math.max(0, ...waits)
    const after = levels.map((level) => (waitMicros > 0 ? level : TokenBucket.taken(level, cost)))
    for (const [at, { name }] of buckets.entries()) {
      const level = after[at]
      if (level !== undefined) state.buckets.set(name, level)
    }
    return { waitMicros, tokensLeft: Math.max(0, after[0]?.tokens ?? 0) }
  }

  const isRepeated = (call: LedgerCall, nowMicros: number): boolean =>
    call.question !== null &&
    entriesOf(call.accountId).some(
      (entry) =>
        entry.state === "used" && entry.call.question === call.question && entry.atMicros > nowMicros - repeatMicros
    )

  const keyUsed = (call: LedgerCall, month: number): number =>
    entriesOf(call.accountId)
      .filter((entry) => entry.call.prefix === call.prefix && entry.month === month)
      .reduce((sum, entry) => sum + (entry.state === "held" ? sumOf(entry.sources) : entry.credits), 0)

  const admit: Ledger["Service"]["admit"] = (call) =>
    Effect.map(now, (nowMicros) => {
      const tokens = takeTokens(call, nowMicros)
      if (tokens.waitMicros > 0) {
        return { verdict: "rate_limited", ...tokens, creditsLeft: null, creditsHeld: 0 }
      }
      const { accountId, keyCapCredits, requestId, terms } = call
      const balance = balanceAt(accountId, nowMicros, terms.creditsMonthly)
      const repeated = isRepeated(call, nowMicros)
      const wanted = repeated ? 0 : call.creditsMax
      const hold =
        wanted === 0
          ? ({ _tag: "held", balance, sources: nothing } as const)
          : CreditBalance.hold(balance, terms, wanted)
      const refused = (verdict: Verdict) => ({
        verdict,
        ...tokens,
        creditsLeft: CreditBalance.remaining(balance, terms),
        creditsHeld: 0
      })
      if (hold._tag !== "held") return refused(hold._tag)
      if (wanted > 0 && keyCapCredits !== null && keyUsed(call, balance.month) + wanted > keyCapCredits) {
        return refused("key_capped")
      }
      if (!state.entries.has(requestId)) {
        const { month } = balance
        state.balances.set(accountId, hold.balance)
        state.entries.set(requestId, {
          call,
          state: "held",
          month,
          sources: hold.sources,
          credits: 0,
          rows: 0,
          atMicros: nowMicros
        })
      }
      return {
        verdict: repeated ? "repeated" : "admitted",
        ...tokens,
        creditsLeft: CreditBalance.remaining(state.balanceOf(accountId), terms),
        creditsHeld: wanted
      }
    })

  const settle = ({ accountId, credits, requestId, rows, state: to }: Outcome): boolean => {
    const entry = state.entries.get(requestId)
    if (entry === undefined || entry.state !== "held" || entry.call.accountId !== accountId) return false
    settled(entry, to, credits, rows)
    return true
  }

  return {
    admit,
    charge: (charge) =>
      Effect.gen(function* () {
        const { call, rows, state: became } = charge
        const { accountId, requestId } = call
        const old = state.entries.get(requestId)
        if (charge.isOnce && old !== undefined && (old.state === "lapsed" || old.state === "returned")) {
          state.entries.delete(requestId)
        }
        const credits = became === "used" ? call.creditsMax : 0
        const isNew = !state.entries.has(requestId)
        const admission = yield* admit({ ...call, creditsMax: credits, question: null })
        if (admission.verdict !== "admitted") return { ...admission, credits: 0 }
        const isCharged = isNew && settle({ accountId, requestId, state: became, credits, rows })
        return { ...admission, creditsHeld: 0, credits: isCharged ? credits : 0 }
      }),
    settle: (outcome) => Effect.sync(() => settle(outcome)),
    paidAt: (accountId, requestId) =>
      Effect.sync(() => {
        const paid = entriesOf(accountId).flatMap(({ atMicros, call, state: became }) => {
          const isOf = call.requestId === requestId || call.requestId.startsWith(`${requestId}/`)
          return isOf && became === "used" ? [atMicros] : []
        })
        return paid.length === 0 ? Option.none() : Option.some(Math.max(...paid))
      }),
    usage: (accountId, { fromMicros, toMicros }) =>
      Effect.sync(() => {
        const sums = new Map<string, UsageRow>()
        for (const { atMicros, call, credits, rows, state: became } of entriesOf(accountId)) {
          if (became !== "used" || atMicros < fromMicros || atMicros >= toMicros) continue
          const { endpoint, prefix } = call
          const day = Math.floor(atMicros / dayMicros) * dayMicros
          const name = `${day} ${endpoint} ${prefix}`
          const sum = sums.get(name) ?? { dayMicros: day, endpoint, prefix, calls: 0, credits: 0, rows: 0 }
          sums.set(name, {
            ...sum,
            calls: sum.calls + (call.requestId.includes("/") ? 0 : 1),
            credits: sum.credits + credits,
            rows: sum.rows + rows
          })
        }
        return [...sums.keys()].sort().flatMap((name) => sums.get(name) ?? [])
      }),
    balance: (accountId, { creditsMonthly }) =>
      Effect.map(now, (micros) => balanceAt(accountId, micros, creditsMonthly))
  }
}
