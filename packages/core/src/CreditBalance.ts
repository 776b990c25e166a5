/**
 * The credits of one account: what it may still use, what is held for calls that are being answered, and what this month used.
 *
 * A hold takes credits out at once: the month's grant first, then what was bought, then on account (pay as you go). Settling it gives back
 * what was not used, in the reverse order. At every moment: grant + bought = left + held + used. Pure; the functions of the database follow
 * the same rules, and a test holds them to these.
 */

/** Where the credits of a hold came from. */
export interface Sources {
  readonly grant: number
  readonly bought: number
  readonly onAccount: number
}

export interface CreditBalance {
  /** The month that the numbers belong to: months since 1970-01 (UTC). */
  readonly month: number
  /** The largest monthly grant that counted in this month. */
  readonly monthCredits: number
  readonly grantLeft: number
  readonly boughtLeft: number
  /** Used in this month. */
  readonly monthUsed: number
  /** Held now; counts for the caps. */
  readonly monthHeld: number
}

/** What decides whether credits may be held. */
export interface CreditTerms {
  readonly creditsMonthly: number
  /** Whether use beyond what there is goes on account. */
  readonly isPostpaid: boolean
  /** Credits a month at most, by the customer's own wish. `null`: no cap. */
  readonly capCredits: number | null
}

export const empty: CreditBalance = {
  month: -1,
  monthCredits: 0,
  grantLeft: 0,
  boughtLeft: 0,
  monthUsed: 0,
  monthHeld: 0
}

/**
 * The balance at a moment: a new month begins with its grant, and nothing used; what was bought stays. A grant that grew within the month
 * (a better tier) is there at once, for what is left of the month; one that shrank counts from the next.
 */
export const inMonth = (balance: CreditBalance, nowMicros: number, creditsMonthly: number): CreditBalance => {
  const month = monthOf(nowMicros)
  if (balance.month < month) {
    return { ...balance, month, monthCredits: creditsMonthly, grantLeft: creditsMonthly, monthUsed: 0, monthHeld: 0 }
  }
  if (creditsMonthly <= balance.monthCredits) return balance
  const more = shareOf(creditsMonthly - balance.monthCredits, nowMicros)
  return { ...balance, monthCredits: creditsMonthly, grantLeft: balance.grantLeft + more }
}

/** The part of a month's credits that are for what is left of it, rounded up. */
const shareOf = (credits: number, nowMicros: number): number => {
  const date = new Date(nowMicros / 1_000)
  const begin = (monthsLater: number) => Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + monthsLater) * 1_000
  const [since, until] = [begin(0), begin(1)]
  // Beyond what a number can hold exactly.
  const [all, left, whole] = [BigInt(credits), BigInt(until - nowMicros), BigInt(until - since)]
  return Number((all * left + whole - 1n) / whole)
}

/** Credits that can still be held; `null` where there is no end. */
export const remaining = (balance: CreditBalance, terms: CreditTerms): number | null => {
  const paid = terms.isPostpaid ? Number.POSITIVE_INFINITY : balance.grantLeft + balance.boughtLeft
  const least = Math.min(paid, untilCap(balance, terms))
  return Number.isFinite(least) ? least : null
}

const untilCap = (balance: CreditBalance, terms: CreditTerms): number =>
  terms.capCredits === null
    ? Number.POSITIVE_INFINITY
    : Math.max(0, terms.capCredits - balance.monthUsed - balance.monthHeld)

export type Held =
  | { readonly _tag: "held"; readonly balance: CreditBalance; readonly sources: Sources }
  | { readonly _tag: "exhausted" }
  | { readonly _tag: "capped" }

/** Holds so many credits, or none. */
export const hold = (balance: CreditBalance, terms: CreditTerms, credits: number): Held => {
  if (credits > untilCap(balance, terms)) return { _tag: "capped" }
  const grant = Math.min(credits, balance.grantLeft)
  const bought = Math.min(credits - grant, balance.boughtLeft)
  const onAccount = credits - grant - bought
  if (onAccount > 0 && !terms.isPostpaid) return { _tag: "exhausted" }
  return {
    _tag: "held",
    sources: { grant, bought, onAccount },
    balance: {
      ...balance,
      grantLeft: balance.grantLeft - grant,
      boughtLeft: balance.boughtLeft - bought,
      monthHeld: balance.monthHeld + credits
    }
  }
}

/**
 * Uses so many of the held credits and gives the others back. A hold of an earlier month gives back only what was bought, and uses
 * nothing of this one.
 */
export const settle = (balance: CreditBalance, sources: Sources, heldMonth: number, used: number): CreditBalance => {
  const held = sources.grant + sources.bought + sources.onAccount
  const back = held - Math.min(used, held)
  const boughtBack = Math.min(Math.max(0, back - sources.onAccount), sources.bought)
  const grantBack = Math.max(0, back - sources.onAccount - boughtBack)
  const boughtLeft = balance.boughtLeft + boughtBack
  if (heldMonth !== balance.month) return { ...balance, boughtLeft }
  return {
    ...balance,
    boughtLeft,
    grantLeft: balance.grantLeft + grantBack,
    monthUsed: balance.monthUsed + held - back,
    monthHeld: balance.monthHeld - held
  }
}

/** The month of a moment, in months since 1970-01 (UTC). */
export const monthOf = (micros: number): number => {
  const date = new Date(micros / 1_000)
  return (date.getUTCFullYear() - 1970) * 12 + date.getUTCMonth()
}
