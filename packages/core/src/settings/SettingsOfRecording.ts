/** Settings of what records: which exchange, which markets, how fast, and where the tape is. */
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as FeedPlace from "./FeedPlace.ts"
import * as PriorityRule from "./PriorityRule.ts"
import type { Kind, Program } from "./Setting.ts"
import * as Setting from "./Setting.ts"

const recorder: ReadonlyArray<Program> = ["collector", "start"]
const none: ReadonlyArray<string> = []

/** Multivariate markets: none unless they are named, and all only when nothing else is. */
const combos: Kind<ReadonlyArray<string>> = {
  expected: '"all" alone, or a list of event and collection tickers',
  parse: (text) => {
    const entries = Setting.entriesOf(text)
    return entries.length > 1 && entries.includes("all") ? Option.none() : Option.some(entries)
  }
}

const priority: Kind<PriorityRule.PriorityRule> = {
  expected: "a list of market:X, event:X, series:X and category:X, which volume may end",
  parse: (text) => Option.fromUndefinedOr(Result.getOrUndefined(PriorityRule.parse(Setting.entriesOf(text))))
}

export const settings = {
  KALSHI_API_KEY_ID: Setting.optional(Setting.text, {
    programs: recorder,
    otherwise: "`npm start` records a simulated exchange",
    meaning: "the id of an API key of Kalshi, which recording needs"
  }),
  KALSHI_PRIVATE_KEY: Setting.optional(Setting.secret(1, "a private key in PEM form"), {
    programs: recorder,
    meaning: "the RSA or Ed25519 key that belongs to it, as PEM; `\\n` may stand for the ends of lines"
  }),
  KALSHI_PRIVATE_KEY_PATH: Setting.optional(Setting.text, {
    programs: recorder,
    meaning: "a file with it, in place of `KALSHI_PRIVATE_KEY`"
  }),
  KALSHI_REST_URL: Setting.withDefault(Setting.url("http"), "https://external-api.kalshi.com/trade-api/v2", {
    programs: recorder,
    meaning: "the exchange's REST API; another environment of it, such as its demo"
  }),
  KALSHI_WS_URL: Setting.withDefault(Setting.url("ws"), "wss://external-api-ws.kalshi.com/trade-api/ws/v2", {
    programs: recorder,
    meaning: "the exchange's websocket"
  }),
  KALSHI_SOURCE: Setting.withDefault(Setting.oneOf("kalshi", "simulator", "recording"), "kalshi", {
    programs: recorder,
    meaning: "what stands behind these addresses; `/v1/status` says it"
  }),
  KALSHIBOOK_SERIES: Setting.withDefault(Setting.list, none, {
    programs: recorder,
    otherwise: "all",
    meaning: "record only these series"
  }),
  KALSHIBOOK_CATEGORIES: Setting.withDefault(Setting.list, none, {
    programs: recorder,
    otherwise: "all",
    meaning: "record only these categories"
  }),
  KALSHIBOOK_MARKETS: Setting.withDefault(Setting.list, none, {
    programs: recorder,
    otherwise: "all",
    meaning: "record only these markets"
  }),
  KALSHIBOOK_COMBOS: Setting.withDefault(combos, none, {
    programs: recorder,
    otherwise: "none",
    meaning: "multivariate markets to record as well"
  }),
  KALSHIBOOK_PRIORITY: Setting.withDefault<PriorityRule.PriorityRule>(priority, [], {
    programs: recorder,
    otherwise: "by volume",
    meaning: "which markets go first when there are more than places: the first term that matches counts"
  }),
  KALSHIBOOK_CONNECTIONS: Setting.withDefault(Setting.whole(1, 1_000), 100, {
    programs: recorder,
    meaning: "connections to the exchange, at most; it allows 200"
  }),
  KALSHIBOOK_MARKETS_PER_CONNECTION: Setting.withDefault(Setting.whole(1, 500_000), 1_000, {
    programs: recorder,
    meaning: "markets on each, at most; it allows 500000"
  }),
  KALSHIBOOK_SUBSCRIBE_CHUNK: Setting.withDefault(Setting.whole(1, 10_000), 100, {
    programs: recorder,
    meaning: "markets in one command to the exchange"
  }),
  KALSHIBOOK_COMMANDS_PER_SECOND: Setting.withDefault(Setting.whole(1, 10_000), 100, {
    programs: recorder,
    meaning: "commands of one connection"
  }),
  KALSHIBOOK_TAPE_DIR: Setting.optional(Setting.folder, {
    programs: ["collector", "archiver", "start"],
    otherwise: "`tape` in the data folder",
    meaning: "where everything received is written first; on a disk that outlives the program"
  }),
  KALSHIBOOK_TAPE_SYNC_MILLIS: Setting.withDefault(Setting.whole(1, 60_000), 50, {
    programs: recorder,
    unit: "ms",
    meaning: "how long what was received may wait to be safe on the disk"
  }),
  KALSHIBOOK_TAPE_FREE_MEBIBYTES_ALARM: Setting.withDefault(Setting.whole(0, 1_000_000_000), 4_096, {
    programs: recorder,
    unit: "MiB",
    meaning: "with less room for the tape, an alarm"
  }),
  KALSHIBOOK_TAPE_FREE_MEBIBYTES_MIN: Setting.withDefault(Setting.whole(0, 1_000_000_000), 256, {
    programs: recorder,
    unit: "MiB",
    meaning: "with still less, recording stops until there is room"
  }),
  KALSHIBOOK_FEED_LISTEN: Setting.optional(FeedPlace.listening, {
    programs: recorder,
    otherwise: "`127.0.0.1:4710`; in `npm start` nowhere",
    meaning: "where the collector tells API nodes what it records; `off`: nowhere"
  }),
  KALSHIBOOK_FEED_TICK_MILLIS: Setting.withDefault(Setting.whole(1, 1_000), 5, {
    programs: recorder,
    unit: "ms",
    meaning: "how often it does"
  }),
  KALSHIBOOK_FEED_URL: Setting.optional(FeedPlace.following, {
    programs: ["api"],
    otherwise: "no live data",
    meaning: "the collector whose feed this API follows"
  }),
  KALSHIBOOK_FEED_SECRET: Setting.optional(Setting.secret(16), {
    programs: ["collector", "api", "start"],
    meaning: "what both must know; needed where others than this machine reach the collector"
  })
}
