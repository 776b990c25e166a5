/** The bounds of the server, each with its reason. Those of the contract are in core's `contract/Limits`. */

/** Requests answered at once. Each holds a database connection for some milliseconds; more would only wait in line. */
export const requestsInFlightMax = 256

/** How long an answer may take: longer than the slowest page, shorter than the patience of common HTTP clients (30 s). */
export const answerMillisMax = 20_000

/** Books written as JSON in one go: a few milliseconds, after which others have a turn. */
export const booksAtOnceMax = 100

/** Markets that the catalogue is asked for at once when books of an event or a series are. */
export const marketsOfBooksMax = 5_000

/** How long coverage of the whole exchange is good for: its current hour costs a look at every open market, up to a second. */
export const coverageMillisMax = 15_000

/** Ranges of which coverage is kept so long, at most: most ask for the last day. */
export const coverageRangesMax = 32

/** What a client is told to wait after 503, in seconds: a database restart takes about this long. */
export const retryAfterSeconds = 5

/** Bytes of a request's line and headers together, read by Node. Above `urlCharsMax`, so that a long URL gets its own problem. */
export const headerBytesMax = 32_768

/** How long open requests may take to end when the server stops. */
export const shutdownMillisMax = 2_000

/** A client has this long to send its headers: slow ones must not hold sockets. */
export const headersMillisMax = 10_000

/** How long preflight answers may be kept by browsers, in seconds: a day. */
export const preflightSecondsMax = 86_400

/** Bodies from this size on are compressed for clients that accept it: below, it costs more than it saves. */
export const compressBytesMin = 2_048

/** How long browsers may keep the reference page and the OpenAPI document, in seconds: the page is 3 MB. */
export const documentSecondsMax = 300

/** How long an answer about sealed history may be kept without asking, in seconds: a day, after which a correction is heard of. */
export const sealedSecondsMax = 86_400

/** Open connections at most, of which most are idle: each costs some kilobytes. More are closed at once. */
export const connectionsMax = 4_096

/** Calls without a key, by address: enough to look around on the site, whose pages ask up to ten things and follow a book each second. */
export const anonymousBucket = { perSecond: 5, burst: 100 }

/** Keys that are not valid, by address: a program with an old key retries, a guesser needs more than the age of the universe. */
export const wrongKeysBucket = { perSecond: 0.5, burst: 20 }

/** Addresses that are remembered at most: some megabytes. */
export const addressesMax = 20_000

/** How long a key is believed to be what it was: a revoked one works for so long on nodes that know it. Half of what is promised. */
export const keyMillisMax = 5_000

/** Keys that are remembered at most, some hundred bytes each. */
export const keysMax = 10_000

/** Refused calls are refused by the node itself until there can be tokens again; of so many buckets at most. */
export const refusalsMax = 10_000

/** Refusals of one key that are told at once, a second; further ones are told so much later each that there are no more of them. */
export const refusalsAtOnce = 10

/** How long a refusal is held back at most: shorter than the patience of any client. */
export const refusalHoldMillisMax = 1_000

/** How long the ledger may take to hear what a call cost, before the answer goes out without: then it costs nothing. */
export const settleMillisMax = 3_000

/** Lists that are streamed at once: each reads the database page by page for as long as its client takes. */
export const streamsInFlightMax = 16

/** How long a stream may take: a day of the hottest market is a million records, a minute's work. */
export const streamMillisMax = 600_000

/** Entries that a stream reads at a time: what it has in memory. */
export const streamPageEntries = 2_000

/** Pages of single requests that a node reads at once: one of few hits looks through a month, and others need the connections, too. */
export const requestListsAtOnce = 2

/** Values of sampled books that become a piece of a stream at once: some milliseconds, and a few megabytes, whatever their depth. */
export const streamPageValues = 50_000

/** Bytes of a body at most: ten thousand tickers are half of it. */
export const bodyBytesMax = 1_048_576

/** How often a node renews the streams that it has open, and hears which have to end: half of the ten seconds that are promised. */
export const connectionCheckMillis = 5_000

/** How often a stream turns to the ledger at most: what it holds in between is what a crash may lose, for nothing. */
export const streamSettleMillis = 1_000

/** How often a stream that was refused credits asks again while it lives on what it has: a quiet one may do so for hours. */
export const streamUnpaidMillis = 15_000

/** Credits that a stream holds at once at most: a quarter of a million records, some seconds of a whole exchange. */
export const streamBatchCreditsMax = 100

/** How long a stream's hold waits to be settled: longer than any pause of the database that the stream survives. */
export const streamLeaseMicros = 300_000_000
