/**
 * The one table of what there is to buy: tiers with their limits, and what each call costs. Server, `/v1/pricing` and the documentation
 * read it; nothing else knows a price.
 *
 * Money is whole: 1/10,000 dollar (`priceE4`). A credit is the unit of account, and what is charged is always a whole number of them.
 */

import { type MemberRole, memberRoles } from "./MemberRoles.ts"

export const tierNames = ["free", "payg", "project", "enterprise"] as const
export type TierName = (typeof tierNames)[number]

/** What an account may do at most. A key may have less. */
export interface TierLimits {
  /** Credits' worth of calls a second in the long run; a call that costs nothing counts as one. */
  readonly requestsPerSecond: number
  /** As many at once after a rest. */
  readonly burst: number
  /** Calls being answered at once, by each node. */
  readonly requestsAtOnce: number
  /** Open streams. */
  readonly connections: number
  /** Replay at most so many times as fast as it happened. */
  readonly replaySpeedMax: number
  /** Days for which a finished download is kept. */
  readonly downloadDays: number
}

export interface Tier {
  readonly title: string
  /** Credits that every month begins with; those that are left at its end are gone. */
  readonly creditsMonthly: number
  /** What one credit costs when it is used, 1/10,000 dollar; `null` where credits are bought beforehand, or not at all. */
  readonly creditPriceE4: number | null
  readonly limits: TierLimits
}

export const tiers: Readonly<Record<TierName, Tier>> = {
  free: {
    title: "Free: no card, all data",
    creditsMonthly: 1_000,
    creditPriceE4: null,
    limits: { requestsPerSecond: 5, burst: 20, requestsAtOnce: 4, connections: 1, replaySpeedMax: 10, downloadDays: 1 }
  },
  payg: {
    title: "Pay as you go: pay for what you use, with a cap of your own",
    creditsMonthly: 0,
    creditPriceE4: 80,
    limits: {
      requestsPerSecond: 50,
      burst: 200,
      requestsAtOnce: 16,
      connections: 5,
      replaySpeedMax: 100,
      downloadDays: 7
    }
  },
  project: {
    title: "Project: packages of credits that do not expire",
    creditsMonthly: 0,
    creditPriceE4: null,
    limits: {
      requestsPerSecond: 100,
      burst: 400,
      requestsAtOnce: 32,
      connections: 10,
      replaySpeedMax: 1_000,
      downloadDays: 30
    }
  },
  enterprise: {
    title: "Enterprise: your own terms",
    creditsMonthly: 0,
    creditPriceE4: null,
    limits: {
      requestsPerSecond: 1_000,
      burst: 2_000,
      requestsAtOnce: 128,
      connections: 100,
      replaySpeedMax: 1_000,
      downloadDays: 90
    }
  }
}

/** Packages of credits for `project`. */
export const packages: ReadonlyArray<{ readonly credits: number; readonly priceE4: number }> = [
  { credits: 4_000, priceE4: 300_000 },
  { credits: 20_000, priceE4: 1_400_000 },
  { credits: 100_000, priceE4: 6_000_000 }
]

/** Terms of one account that differ from its tier's. */
export interface Terms extends Partial<TierLimits> {
  readonly creditsMonthly?: number
}

/** What counts for an account: its tier, with its own terms in place of what they name. */
export const tierOf = (name: TierName, terms: Terms): Tier => {
  const { creditsMonthly = tiers[name].creditsMonthly, ...limits } = terms
  return { ...tiers[name], creditsMonthly, limits: { ...tiers[name].limits, ...limits } }
}

export const scopes = ["read", "stream", "download", "admin"] as const
export type Scope = (typeof scopes)[number]

/** What a call costs. */
export type Price =
  /** Anybody may call it. */
  | { readonly kind: "public" }
  /** Needs a key with the scope, or a member who has it by his role, or is in one of `roles` where those are named. Costs nothing. */
  | { readonly kind: "key"; readonly scope: Scope; readonly roles?: ReadonlyArray<MemberRole> }
  /** Needs a member of the account in one of these roles, who is signed in: a key is not enough. Costs nothing. */
  | { readonly kind: "member"; readonly roles: ReadonlyArray<MemberRole> }
  /** Needs somebody who is signed in, of an account or of none yet. Costs nothing. */
  | { readonly kind: "person" }
  /** So many credits for each answer. */
  | { readonly kind: "call"; readonly scope: Scope; readonly credits: number; readonly bytesMax: number }
  /** One credit for every `rowsPerCredit` entries of the answer's list that are begun; an empty list costs nothing. */
  | {
      readonly kind: "rows"
      readonly scope: Scope
      readonly list: string
      readonly rowsPerCredit: number
      readonly bytesPerRow: number
    }
  /** One credit for every `rowsPerCredit` records that are delivered, live or replayed; holes, heartbeats and what else we say is free. */
  | { readonly kind: "stream"; readonly scope: Scope; readonly rowsPerCredit: number }
  /** One credit for every `rowsPerCredit` rows of files that are begun, paid once for the same files. */
  | { readonly kind: "files"; readonly scope: Scope; readonly rowsPerCredit: number }

const open: Price = { kind: "public" }
const keyed = (scope: Scope): Price => ({ kind: "key", scope })
/** For keys by their scope, for people by their role. */
const keyedFor = (scope: Scope, roles: ReadonlyArray<MemberRole>): Price => ({ kind: "key", scope, roles })
const forMembers = (...roles: ReadonlyArray<MemberRole>): Price => ({ kind: "member", roles })
const forPeople: Price = { kind: "person" }
const perCall = (bytesMax: number): Price => ({ kind: "call", scope: "read", credits: 1, bytesMax })
const perRows = (list: string, rowsPerCredit: number, bytesPerRow: number): Price => ({
  kind: "rows",
  scope: "read",
  list,
  rowsPerCredit,
  bytesPerRow
})

/** By operation, as the documentation names it. Bytes are what such answers have, before compression, at most. */
export const prices: Readonly<Record<string, Price>> = {
  listMarkets: perRows("markets", 1_000, 2_500),
  getMarket: perCall(4_000),
  listEvents: perRows("events", 1_000, 1_000),
  getEvent: perCall(2_500_000),
  listSeries: perRows("series", 1_000, 1_000),
  getSeries: perCall(2_000),
  getOrderbook: perCall(200_000),
  listOrderbooks: perRows("orderbooks", 10, 200_000),
  listOrderbookSamples: perRows("samples", 100, 6_500),
  listCandles: perRows("candles", 100, 900),
  listSettlements: perRows("settlements", 1_000, 700),
  listDeltas: perRows("records", 250, 320),
  listTrades: perRows("trades", 250, 420),
  listMarketLifecycle: perRows("lifecycle", 250, 500),
  listLifecycle: perRows("lifecycle", 250, 500),
  getMarketCoverage: open,
  getCoverage: open,
  listDatasets: open,
  getDataset: open,
  // In bulk and compressed, which costs us a fraction of what pages cost.
  createDownload: { kind: "files", scope: "download", rowsPerCredit: 10_000 },
  getDownload: keyed("download"),
  getStatus: open,
  getHealth: open,
  getMetrics: open,
  getIndex: open,
  getProblem: open,
  getPricing: open,
  getUsage: keyedFor("read", memberRoles),
  listUsageRequests: keyedFor("read", memberRoles),
  getAccount: keyedFor("read", memberRoles),
  changeAccount: keyedFor("admin", ["owner", "billing"]),
  getBilling: keyedFor("admin", ["owner", "billing"]),
  createCheckout: keyedFor("admin", ["owner", "billing"]),
  createPortal: keyedFor("admin", ["owner", "billing"]),
  listInvoices: keyedFor("admin", ["owner", "billing"]),
  closeAccount: forMembers("owner"),
  getSession: forPeople,
  openAccount: forPeople,
  listMembers: forMembers(...memberRoles),
  changeMember: forMembers("owner"),
  // Whoever leaves removes himself.
  removeMember: forMembers(...memberRoles),
  listInvitations: forMembers("owner"),
  inviteMember: forMembers("owner"),
  withdrawInvitation: forMembers("owner"),
  acceptInvitation: forPeople,
  listKeys: keyed("admin"),
  createKey: keyed("admin"),
  changeKey: keyed("admin"),
  rotateKey: keyed("admin"),
  revokeKey: keyed("admin"),
  createTicket: keyed("stream")
}

/**
 * Streams by websocket: no operations of the HTTP API, named as usage names them. A tenth of what pages cost, since nothing is looked up; a
 * market of twenty changes a second costs about 29 credits an hour.
 */
export const streamPrices = {
  openStream: { kind: "stream", scope: "stream", rowsPerCredit: 2_500 }
} as const satisfies Readonly<Record<string, Price>>

/** What an operation that the table does not have costs: nobody gets it without a key. */
const unlisted: Price = perCall(1_000_000)

export const priceOf = (operation: string): Price => prices[operation] ?? unlisted

/** What a call costs at most. */
export interface Ceiling {
  readonly rows: number
  readonly bytes: number
  readonly credits: number
}

/** The most that a call can give and cost, known before it is made: `rowsMax` is its `limit`. */
export const ceilingOf = (price: Price, rowsMax: number): Ceiling => {
  switch (price.kind) {
    case "public":
    case "key":
    case "member":
    case "person":
    // Paid beside the call, when it is known how many rows there are.
    case "files":
    case "stream":
      return { rows: 0, bytes: 0, credits: 0 }
    case "call":
      return { rows: 1, bytes: price.bytesMax, credits: price.credits }
    case "rows":
      return {
        rows: rowsMax,
        bytes: rowsMax * price.bytesPerRow,
        credits: Math.ceil(rowsMax / price.rowsPerCredit)
      }
  }
}

/** What so many rows, or records of a stream, cost. */
export const creditsOfRows = (price: Price, rows: number): number =>
  "rowsPerCredit" in price ? Math.ceil(rows / price.rowsPerCredit) : 0

/** What an answer costs and how many rows it has. Nothing for an empty list, nor for books that are stale: we lost what was asked for. */
export const chargeOf = (
  price: Price,
  answer: Readonly<Record<string, unknown>>
): { readonly rows: number; readonly credits: number } => {
  switch (price.kind) {
    case "public":
    case "key":
    case "member":
    case "person":
    case "files":
    case "stream":
      return { rows: 0, credits: 0 }
    case "call":
      return { rows: 1, credits: isStale(answer["trust"]) ? 0 : price.credits }
    case "rows": {
      const list = answer[price.list]
      const entries: ReadonlyArray<object> = Array.isArray(list) ? list : []
      const good = entries.filter((entry) => !("trust" in entry && isStale(entry.trust)))
      return { rows: entries.length, credits: creditsOfRows(price, good.length) }
    }
  }
}

const isStale = (trust: unknown): boolean =>
  trust === "stale" || (typeof trust === "object" && trust !== null && "state" in trust && trust.state === "stale")
