/**
 * The bounds of the HTTP API, each with its reason. Server, documentation and clients read the same numbers.
 */

/** Characters of an Idempotency-Key at most. */
export const idempotencyKeyCharsMax = 255

/** Entries of a page when the caller names none: a page that is read at a glance. */
export const limitDefault = 100

/** Entries of a page at most: 1,000 deltas are about 300 kB of JSON, some milliseconds of work. */
export const limitMax = 1_000

/** Levels per side at most in `depth`: a ladder cannot have more than one level per price. */
export const depthMax = 9_999

/** Characters of a ticker at most. The longest seen on Kalshi (multivariate markets) have about 60. */
export const tickerCharsMax = 128

/** Levels of each side of a sampled book at most: a page of 1,000 then has some megabytes of JSON. */
export const samplesDepthMax = 100

/** Levels of each side of a sampled book when the caller names no depth. */
export const samplesDepthDefault = 10

/** How far from the best price depth goes when the caller does not say, in cents: where most of what is near stands. */
export const depthCentsDefault = 5

/** At most: a price is below a dollar. */
export const depthCentsMax = 99

/** From one sample to the next: at least a millisecond, the finest that frames are apart, at most a day. Microseconds. */
export const everyMicrosMin = 1_000
export const everyMicrosMax = 86_400_000_000

/** A minute. */
export const everyMicrosDefault = 60_000_000

/** Tickers in one `tickers` filter at most: keeps the URL within `urlCharsMax`. */
export const tickersMax = 100

/** Characters of a free-text filter (a category) at most. */
export const textCharsMax = 100

/** Characters of a time parameter at most: the longest form, with offset and nine fraction digits, has 35. */
export const timeCharsMax = 40

/** Characters of a cursor at most; ours have fewer than 300. */
export const cursorCharsMax = 512

/** Characters of path and query together at most: 100 tickers of 60 characters fit. */
export const urlCharsMax = 8_192

/** Days of coverage in one answer at most: 744 hours, a month of the exchange or of a market, are about 200 kB. */
export const coverageDaysMax = 31

/** Days of one download at most: a month, whose manifests are read in some seconds. */
export const downloadDaysMax = 31

/** Market tickers in one download at most: above, whole events, series or days are asked for. */
export const downloadTickersMax = 10_000

/** Keys of an account that work at a time: every person and program has one, and some are being replaced. */
export const keysOfAccountMax = 100

/** Characters of a key's name at most. */
export const keyNameCharsMax = 100

/** Days after which a key may end at most; one that lives longer has no end. */
export const keyExpiryDaysMax = 3_650

/** How long a key that is replaced still works: a day, at most a month. */
export const rotateOverlapSecondsDefault = 86_400
export const rotateOverlapSecondsMax = 2_592_000

/** Invitations of an account that are open at a time: nobody sends mails to the world through us. */
export const invitationsOfAccountMax = 50

/** Characters of a mail address at most (RFC 5321). */
export const emailCharsMax = 254

/** Characters of an account's name at most. */
export const accountNameCharsMax = 100

/** Holes of a channel that come with a page at most; a page that touches more says how many it leaves out. */
export const pageGapsMax = 1_000

/** Markets that `/v1/events/{ticker}` carries at most; the rest is behind its `markets_cursor`. */
export const eventMarketsMax = 1_000

/** The moment after which a time cannot be told to the microsecond in a JSON number: 2255-06-05. Unix microseconds. */
export const timeMicrosMax = Number.MAX_SAFE_INTEGER
