/**
 * Holds a restored database to the one that it is a backup of: the same books at random moments, whichever tier they come from, the same
 * counts, the same customers. What the backup cannot have is told as a fact: how far back it is, and what was charged since.
 *
 * Reads both, and changes neither.
 */
import * as Book from "@kalshibook/core/Book"
import { isoFromMicros } from "@kalshibook/core/Units"
import { type BookAnswer, History } from "@kalshibook/store/History"
import { HotTier } from "@kalshibook/store/HotTier"
import { Context, Effect, Option } from "effect"
import { SqlClient } from "effect/sql"

/** One of the two databases, with what reads books from it. */
export type Side = Context.Context<History | HotTier | SqlClient.SqlClient>

export interface Wanted {
  /** Moments at which the books of all markets are compared. */
  readonly moments: number
  /** The same seed chooses the same moments of the same data. */
  readonly seed: number
  /**
   * So much before the backup's end books are not compared: there a gap may still be told that reaches back, as a silent connection is
   * noticed after a minute.
   */
  readonly lateMicros: number
}

export interface Findings {
  /** For people: what was compared, and what the backup cannot have. */
  readonly facts: ReadonlyArray<string>
  /** What must not be; empty when the backup is good. */
  readonly differences: ReadonlyArray<string>
}

/** Of one kind that are told; the rest is counted. */
const differencesShown = 10

export const compare = Effect.fn("RestoreDrill.compare")(function* (live: Side, restored: Side, wanted: Wanted) {
  const ends = yield* Effect.all([endOf(live), endOf(restored)])
  const [liveEnd, restoredEnd] = ends
  if (Option.isNone(restoredEnd)) return { facts: [], differences: ["The restored database has no records at all."] }
  const behindMicros = Option.getOrElse(liveEnd, () => restoredEnd.value) - restoredEnd.value
  if (behindMicros < 0) {
    return {
      facts: [],
      differences: ["The restored database goes on after the live one: are they the wrong way round?"]
    }
  }
  const books = yield* sameBooks(live, restored, restoredEnd.value - wanted.lateMicros, wanted)
  const counts = yield* sameCounts(live, restored)
  const customers = yield* sameCustomers(live, restored)
  return {
    facts: [
      `the backup ends at ${isoFromMicros(restoredEnd.value)}, ${Math.round(behindMicros / 1_000_000)} s before the live database: a collector with its tape derives that again`,
      ...books.facts,
      ...counts.facts,
      ...customers.facts
    ],
    differences: [...books.differences, ...counts.differences, ...customers.differences]
  } satisfies Findings
})

const endOf = (side: Side) =>
  Effect.map(
    Context.get(side, HotTier).watermark,
    Option.map(({ tsReceivedMicros }) => tsReceivedMicros)
  )

const sql = (side: Side): SqlClient.SqlClient => Context.get(side, SqlClient.SqlClient)

const sameBooks = Effect.fnUntraced(function* (live: Side, restored: Side, untilMicros: number, wanted: Wanted) {
  const [first] = yield* sql(restored)<{ micros: number | null }>`
    select min(ts_first_snapshot_micros) as micros from log_heads`
  const fromMicros = first?.micros ?? untilMicros
  if (fromMicros >= untilMicros)
    return { facts: [], differences: ["No book was compared: the backup holds too short a time."] }
  const differences: Array<string> = []
  let compared = 0
  for (const share of sharesOf(wanted)) {
    const atMicros = Math.floor(fromMicros + share * (untilMicros - fromMicros))
    const [right, found] = yield* Effect.all([booksAt(live, atMicros), booksAt(restored, atMicros)])
    for (const ticker of new Set([...right.keys(), ...found.keys()])) {
      compared++
      const [one, other] = [right.get(ticker), found.get(ticker)]
      if (one === other) continue
      differences.push(`${ticker} at ${isoFromMicros(atMicros)}: ${one ?? "no book"}, restored ${other ?? "no book"}`)
    }
  }
  return {
    facts: [`books: ${compared} compared at ${wanted.moments} moments, ${differences.length} different`],
    differences: shown(differences)
  }
})

/** Each book in a few words that are the same where, and only where, the books and their proofs are. */
const booksAt = (side: Side, atMicros: number) =>
  Effect.gen(function* () {
    const history = Context.get(side, History)
    const tickers = yield* history.recordedAt(atMicros)
    const { books } = yield* history.booksAt({ tickers, atMicros, clock: "received", withClosed: true })
    return new Map(books.map((answer) => [answer.marketTicker, inWords(answer)]))
  })

const inWords = ({ book, last, trust }: BookAnswer): string =>
  `${Book.hash(book)} at offset ${last.offset}, ${trust._tag}`

/** Numbers in [0, 1), by mulberry32: which moments are looked at must be repeatable, not unpredictable. */
const sharesOf = ({ moments, seed }: Wanted): ReadonlyArray<number> => {
  let state = seed >>> 0
  return Array.from({ length: moments }, () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  })
}

/** What is only ever added to: the backup has nothing that the live database has not, and no hour in another revision. */
const sameCounts = Effect.fnUntraced(function* (live: Side, restored: Side) {
  const logsOf = (side: Side) =>
    sql(side)<{ ticker: string; last: number }>`
      select ticker, record_offset as last from log_heads join markets using (market_id)`
  const [right, found] = yield* Effect.all([logsOf(live), logsOf(restored)])
  const lasts = new Map(right.map(({ last, ticker }) => [ticker, last]))
  const longer = found.flatMap(({ last, ticker }) => {
    const known = lasts.get(ticker) ?? 0
    return last > known ? [`the log of ${ticker} has ${last} records, the live one ${known}`] : []
  })
  const manifestsOf = (side: Side) => sql(side)<{ manifest: string }>`select manifest_sha256 as manifest from segments`
  const [manifests, backedUp] = yield* Effect.all([manifestsOf(live), manifestsOf(restored)])
  const known = new Set(manifests.map(({ manifest }) => manifest))
  const unknown = backedUp
    .filter(({ manifest }) => !known.has(manifest))
    .map(({ manifest }) => `no manifest ${manifest} in the live database`)
  return {
    facts: [
      `logs: ${found.length}, with ${found.reduce((sum, { last }) => sum + last, 0)} records; live ${right.length}, with ${right.reduce((sum, { last }) => sum + last, 0)}`,
      `sealed hours and days: ${backedUp.length}; live ${manifests.length}`
    ],
    differences: [...shown(longer), ...shown(unknown)]
  }
})

/** Customers, keys and grants of the backup are the live ones'; what was charged since is lost with it, and said. */
const sameCustomers = Effect.fnUntraced(function* (live: Side, restored: Side) {
  const rowsOf = (side: Side) =>
    sql(side)<{ row: string }>`
      select 'account ' || account_id || ' ' || name as row from accounts
      union all select 'key ' || prefix || ' of ' || account_id || ' ' || encode(secret_hash, 'hex') from api_keys
      union all select 'grant ' || grant_id || ' to ' || account_id || ' of ' || credits || ' for ' || reference from credit_grants`
  const creditsOf = (side: Side) =>
    sql(side)<{ credits: number }>`
      select ((select coalesce(sum(credits), 0) from ledger where state = 'used')
        + (select coalesce(sum(credits), 0) from ledger_days))::float8 as credits`
  const [right, found, [charged], [backedUp]] = yield* Effect.all([
    rowsOf(live),
    rowsOf(restored),
    creditsOf(live),
    creditsOf(restored)
  ])
  const known = new Set(right.map(({ row }) => row))
  // A hash is of no use to anybody without the pepper, and still nothing to print.
  const unknown = found
    .filter(({ row }) => !known.has(row))
    .map(({ row }) => `${row.replace(/ [0-9a-f]{64}$/, "")} is not the live one's`)
  const lost = (charged?.credits ?? 0) - (backedUp?.credits ?? 0)
  return {
    facts: [
      `accounts, keys and grants: ${found.length}; live ${right.length}`,
      `credits charged: ${backedUp?.credits ?? 0}; live ${charged?.credits ?? 0}: ${lost} would be forgotten`
    ],
    differences: [
      ...shown(unknown),
      ...(lost < 0 ? [`${-lost} credits were charged that the live database knows nothing of`] : [])
    ]
  }
})

const shown = (differences: ReadonlyArray<string>): ReadonlyArray<string> =>
  differences.length <= differencesShown
    ? differences
    : [...differences.slice(0, differencesShown), `and ${differences.length - differencesShown} more of these`]
