/**
 * Search over markets by words: what a word is, which markets have it, and which of them come first. The functions of the database
 * (migration `search`) say the same.
 *
 * A market is found when each word of the question begins a word of its ticker, title or subtitles, or of its event's or series'.
 */

type Body = Readonly<Record<string, unknown>>

/** Words of a question at most. */
export const searchWordsMax = 8

const wordCharsMax = 64
const textCharsMax = 4_000
/** All but letters and digits of ASCII, and but what is behind it, punctuation of Latin-1 and the general one excepted. */
const separators = /[^0-9A-Za-z\u00c0-\u1fff\u2070-\u{10ffff}]+/u

/** The words of a text, each once: what stands between spaces and punctuation, A to Z as small letters. */
export const wordsOf = (text: string): ReadonlyArray<string> => {
  const cut = [...text].slice(0, textCharsMax).join("")
  const small = cut.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase())
  const words = small.split(separators).map((word) => [...word].slice(0, wordCharsMax).join(""))
  return [...new Set(words.filter((word) => word !== ""))]
}

const textsOf = (ticker: string, body: Body | undefined, fields: ReadonlyArray<string>): string =>
  [ticker, ...fields.map((field) => (typeof body?.[field] === "string" ? body[field] : ""))].join(" ")

export const marketText = (ticker: string, body: Body): string =>
  textsOf(ticker, body, ["title", "subtitle", "yes_sub_title", "no_sub_title"])
export const eventText = (ticker: string, body: Body): string => textsOf(ticker, body, ["title", "sub_title"])
export const seriesText = (ticker: string, body: Body): string => textsOf(ticker, body, ["title"])

/** Whether each of the words begins one of those that were found. */
export const hasAll = (found: ReadonlyArray<string>, words: ReadonlyArray<string>): boolean =>
  words.every((word) => found.some((one) => one.startsWith(word)))

const rankOfStatus: Readonly<Record<string, number>> = { active: 0, initialized: 1, inactive: 1 }
const rankOfOthers = 2

/**
 * What comes first, 0 before all: the market whose ticker was asked for; then what can be traded now, what will be, and what has ended;
 * of each, those that have all the words themselves. Of one rank they stand by ticker.
 */
export const rankOf = (question: string, ticker: string, body: Body): number => {
  if (ticker === tickerOf(question)) return 0
  const isOwn = hasAll(wordsOf(marketText(ticker, body)), wordsOf(question))
  return 1 + 2 * (rankOfStatus[String(body["status"])] ?? rankOfOthers) + (isOwn ? 0 : 1)
}

/** The ticker that a question may be. */
export const tickerOf = (question: string): string => question.trim().toUpperCase()
