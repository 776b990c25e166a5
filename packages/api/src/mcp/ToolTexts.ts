/**
 * The answers of tools in words and tables: the same facts as in the structured answer, in a fraction of its bytes, for models that read
 * text.
 */
import type * as Agent from "@kalshibook/core/contract/AgentAnswers"

type Of<S extends { readonly Type: unknown }> = S["Type"]

const text = (value: unknown): string => (typeof value === "string" || typeof value === "number" ? String(value) : "")

/** Seconds are enough for most, micros where there are any. */
const time = (iso: string): string => iso.replace(/\.?0*Z$/, "Z")

const lines = (parts: ReadonlyArray<string>): string => parts.filter((part) => part !== "").join("\n")

const more = (cursor: string): string => (cursor === "" ? "" : `more: cursor=${cursor}`)

const percent = (ratio: number | null): string =>
  ratio === null ? "nothing was open" : `${Math.floor(ratio * 1e6) / 1e4} % known`

export const markets = ({ cursor, markets: found }: Of<typeof Agent.FoundMarkets>): string =>
  lines([
    found.length === 0 ? "No market matches." : "ticker | status | closes | title",
    ...found.map(({ close_time, status, ticker, title, yes_sub_title }) =>
      [
        ticker,
        text(status),
        text(close_time),
        [text(title), text(yes_sub_title)].filter((one) => one !== "").join(": ")
      ].join(" | ")
    ),
    more(cursor)
  ])

const ladder = (levels: ReadonlyArray<readonly [string, string]>): string =>
  levels.length === 0
    ? "none"
    : levels
        .toReversed()
        .map(([price, size]) => `${price} x ${size}`)
        .join(", ")

const trustOf = ({ gap, state }: Of<typeof Agent.Book>["trust"]): string =>
  gap === null
    ? state
    : `STALE (${gap.cause} from ${time(gap.from)} to ${gap.to === null ? "now" : time(gap.to)}): the last good book, do not rely on it`

export const book = ({ at, best, levels, market_ticker, orderbook_fp, trust }: Of<typeof Agent.Book>): string =>
  lines([
    `${market_ticker} at ${time(at)}: ${trustOf(trust)}`,
    `yes bid ${best.yes_bid_dollars ?? "none"} x ${best.yes_bid_size_fp ?? "0"}, yes ask ${best.yes_ask_implied_dollars ?? "none"} x ${best.yes_ask_implied_size_fp ?? "0"}, mid ${best.mid_dollars ?? "none"}, spread ${best.spread_dollars ?? "none"}`,
    ...(orderbook_fp === undefined
      ? []
      : [`yes bids: ${ladder(orderbook_fp.yes_dollars)}`, `no bids: ${ladder(orderbook_fp.no_dollars)}`]),
    levels === undefined ? "" : `levels: ${levels.yes} yes, ${levels.no} no`
  ])

export const samples = ({
  cursor,
  every_seconds,
  market_ticker,
  samples: found
}: Of<typeof Agent.BookSamples>): string => {
  const hasLadders = found[0]?.orderbook_fp !== undefined
  const measures = Object.keys(found[0]?.derived ?? {})
  return lines([
    `${market_ticker} every ${every_seconds} s`,
    ["at", ...(hasLadders ? ["yes bids", "no bids"] : ["yes_bid", "yes_ask"]), "trust", ...measures].join("; "),
    ...found.map((sample) =>
      [
        time(sample.at),
        ...(sample.orderbook_fp === undefined
          ? [sample.yes_bid_dollars ?? "none", sample.yes_ask_implied_dollars ?? "none"]
          : [ladder(sample.orderbook_fp.yes_dollars), ladder(sample.orderbook_fp.no_dollars)]),
        sample.gap_cause === null ? sample.trust : `STALE ${sample.gap_cause}`,
        ...Object.values(sample.derived ?? {}).map(text)
      ].join("; ")
    ),
    more(cursor)
  ])
}

export const trades = ({ cursor, gaps, trades: found }: Of<typeof Agent.MarketTrades>): string =>
  lines([
    found.length === 0 ? "No trade." : "time,yes_price,contracts,taker",
    ...found.map((one) =>
      [time(one.created_time), one.yes_price_dollars, one.count_fp, one.taker_outcome_side].join(",")
    ),
    ...gaps.map(
      ({ cause, filled_at, from, to }) =>
        `hole: ${cause} from ${time(from)} to ${to === null ? "now" : time(to)}, ${filled_at === null ? "trades may be missing" : "filled"}`
    ),
    more(cursor)
  ])

export const coverage = ({ from, market_ticker, to, totals }: Of<typeof Agent.Coverage>): string =>
  lines([
    `${market_ticker ?? "the exchange"}, ${time(from)} to ${time(to)}: ${percent(totals.trusted_ratio)} of ${totals.open_seconds ?? totals.open_market_seconds ?? 0} s open, ${totals.records} records`,
    ...totals.lost.map(({ cause, gaps, seconds }) => `lost: ${seconds} s, ${cause}, ${gaps} gaps`)
  ])

export const estimate = ({ bytes_max, credits_max, is_exact, rows_max, tool }: Of<typeof Agent.CostEstimate>): string =>
  `${tool} costs ${is_exact ? "" : "at most "}${credits_max} credits: ${rows_max} rows, ${bytes_max} bytes ${is_exact ? "" : "at most "}of the API's answer`

export const download = ({
  id,
  parts,
  parts_left_out,
  progress,
  quote,
  reason,
  state
}: Of<typeof Agent.DownloadState>): string =>
  lines([
    quote === null
      ? `${id ?? ""} ${state}${reason === null ? "" : `: ${reason}`}${progress === null ? "" : `, ${progress.days_done} of ${progress.days} days`}`
      : `quote: ${quote.credits} credits, ${quote.files} files, ${quote.rows} rows, ${quote.bytes} bytes${quote.is_exact ? "" : " at most"}`,
    state === "queued" || state === "running" ? "Call again with the same arguments: it is made and paid once." : "",
    ...parts.map(({ bytes, file_name, url }) => `${file_name} (${bytes} bytes): ${url}`),
    parts_left_out === 0 ? "" : `${parts_left_out} more files: GET /v1/downloads/${id ?? ""}`
  ])

export const usage = (used: Of<typeof Agent.UsageSummary>): string =>
  lines([
    `tier ${used.tier}: ${used.month_credits_used} credits used this month${used.month_credits_cap === null ? "" : ` of a cap of ${used.month_credits_cap}`}, ${used.credits_remaining ?? "no end of"} left`,
    ...used.operations.map(({ calls, credits, operation }) => `${operation}: ${calls} calls, ${credits} credits`)
  ])

/** The last line of every answer. */
export const paid = ({ usage: { credits, credits_remaining } }: Pick<Of<typeof Agent.Book>, "usage">): string =>
  `[${credits} credits${credits_remaining === undefined ? "" : `, ${credits_remaining ?? "no end of"} left`}]`
