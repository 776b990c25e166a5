/**
 * What a program that thinks must know before its first call, in few words: said to it by `/llms.txt` and by the MCP server alike.
 */
import { tiers } from "./Pricing.ts"

/** What it is. */
export const oneSentence =
  "KalshiBook is the complete, exact order-book history of the Kalshi prediction-market exchange, and the books of now: every market, every level, with a proof for each answer and every hole told."

export const authentication = [
  "Send a key as `Authorization: Bearer kb_live_...` or `X-API-Key: kb_live_...`, never in the URL.",
  `Without one there are status, coverage, prices, and data of the first day of each month; a free key has ${tiers.free.creditsMonthly.toLocaleString("en-US")} credits a month.`
].join(" ")

export const units = [
  '**Units.** Prices are dollars as decimal strings with four fraction digits (`"0.3400"`), sizes are contracts with two (`"78.00"`). Read them as decimals.',
  "Both ladders are bids, as on Kalshi, ascending, best last; an ask is implied: a no bid at 0.37 is a yes ask at 0.63.",
  "Times go in as ISO 8601 or Unix seconds, milliseconds or microseconds, and come out as ISO 8601 in UTC with microseconds. Ranges are [from, to).",
  "Tickers are Kalshi's: series `KXBTC15M`, event `KXBTC15M-26NOV211415`, market `KXBTC15M-26NOV211415-15`."
].join(" ")

export const trust = [
  "**Gaps and trust.** Where something was lost, the log has a gap with its cause, and every book that it touches says so.",
  "`trust.state` is `trusted` (exact), `stale` (not known since `gap.from`; the levels are the last good ones: do not trade or compute on them) or `unknown` (no snapshot yet).",
  "Trades come with the holes of their channel in `gaps`. Coverage says which share of the time is known, and why not the rest."
].join(" ")

export const costs = [
  "**Costs.** Every answer says what it cost (`usage.credits`).",
  "Errors, empty lists, stale books and the same page again cost nothing. `dry_run=true` answers what a call would cost and does nothing; `max_credits` refuses what would cost more."
].join(" ")

export const mistakes = [
  "**Errors** are problem documents (RFC 9457) with `code`, `detail`, `request_id` and, where there is one, `suggestion`: the call that would work.",
  "401: the key; 402: credits (nothing was charged); 429: wait `retry_after_seconds`; 404 tells an unknown market from one that was not recorded or not yet; 503: try again after `Retry-After`."
].join(" ")

/** All that an agent with tools is told. */
export const instructions = [oneSentence, units, trust, costs].join("\n\n")
