/**
 * What must not be written.
 *
 * Production code is values and Effects; the platform's own ways (clocks, exceptions, promises) are for `main.ts` and for
 * adapters, which say so in their first lines: `// adapter: <what is adapted, and why it needs this>`. A state that cannot be
 * dies where it is found: `throw` may stand on or under a line that says `// impossible: <the rule that would be broken>`.
 */
import { assert, it } from "vitest"
import { lineOf, withoutCommentsAndStrings } from "./Code.ts"
import { files, programs, read, sources } from "./Repository.ts"

const adapterLinesMax = 15

/** The platform's ways, with what to use instead. `new Date(micros)` is a conversion and allowed; `new Date()` reads the clock. */
const platformWays: ReadonlyArray<readonly [RegExp, string]> = [
  [/(?:[:<,|&(]\s*|\bas\s+)any\b/g, "any: name the type, or unknown at an edge"],
  [/\basync\s*(?:\(|function\b|\w+\s*=>|\w+\s*\()/g, "async: Effect.gen"],
  [/\btry\s*\{/g, "try: Effect.try at the edge, Result inside"],
  [/\bthrow\b/g, "throw: return a Result, or fail with a tagged error"],
  [/\bDate\.now\b/g, "Date.now: Clock"],
  [/\bnew Date\(\s*\)/g, "new Date(): Clock"],
  [/\bMath\.random\b/g, "Math.random: Random, or a seeded generator"],
  [/\bconsole\./g, "console: Effect.log"],
  [/\bparseFloat\b/g, "parseFloat: Units"]
]

/** Marks of unfinished work; the attribute of a text field, and its style, are none. */
const unfinished = /\b(?:TODO|FIXME|XXX|HACK)\b|\bplaceholder\b(?![=:])/g

/** What ties a file to one machine or one network. */
const local: ReadonlyArray<RegExp> = [
  /(?<![\w.])\/(?:home|root|Users|work)\/[\w.-]+/g,
  /\b[A-Z]:\\\\?Users/g,
  /\bregistry\.[a-z0-9-]+\.[a-z]+/g,
  /"resolved": "(?!packages\/)[^"]*"/g
]

/** The words themselves, as rules. */
const self = "test/tidy/words.test.ts"

const isAdapter = (file: string): boolean =>
  file.endsWith("/main.ts") ||
  read(file)
    .split("\n", adapterLinesMax)
    .some((line) => /^(?:\/\/| \*) adapter: \S.{9,}/.test(line))

const findIn = (file: string, text: string, word: RegExp, note?: string): ReadonlyArray<string> =>
  [...text.matchAll(word)].map((match) => `${file}:${lineOf(text, match.index)} ${note ?? match[0]}`)

const lines = (text: string): ReadonlyArray<string> => text.split("\n")

/** Blanks the throws of impossible states. */
const withoutImpossible = (text: string, code: string): string => {
  const original = lines(text)
  const isExcused = (at: number) =>
    [original[at], original[at - 1]].some((line) => /\/\/ impossible: \S.{9,}/.test(line ?? ""))
  return lines(code)
    .map((line, at) => (isExcused(at) ? line.replace(/\bthrow\b/g, "     ") : line))
    .join("\n")
}

it("production code uses the platform's ways only in main.ts and in adapters", () => {
  const found = sources
    .filter((file) => !isAdapter(file))
    .flatMap((file) => {
      const text = read(file)
      const code = withoutImpossible(text, withoutCommentsAndStrings(text))
      return platformWays.flatMap(([word, instead]) => findIn(file, code, word, instead))
    })
  assert.deepStrictEqual(found, [])
})

it("nothing unfinished is marked for later", () => {
  const found = programs.filter((file) => file !== self).flatMap((file) => findIn(file, read(file), unfinished))
  assert.deepStrictEqual(found, [])
})

it("nothing depends on one machine or one registry", () => {
  const found = files
    .filter((file) => file !== self && /\.(ts|tsx|mjs|md|json|sql|css|html|yml|yaml)$|\.ci\/run$|\.npmrc$/.test(file))
    .flatMap((file) => local.flatMap((word) => findIn(file, read(file), word)))
  assert.deepStrictEqual(found, [])
})
