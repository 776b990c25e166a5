/** Ways to spoil a frame that go further than a byte: what a broken encoder, a broken proxy or an adversary might send. Seeded. */

/** Numbers from 0 up to below 1, always the same for a seed. */
export interface Chance {
  readonly fraction: () => number
  /** A whole number from 0 up to below `below`. */
  readonly whole: (below: number) => number
  readonly pick: <A>(list: ReadonlyArray<A>) => A
}

/** mulberry32. */
export const chanceOf = (seed: number): Chance => {
  let state = seed | 0
  const fraction = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
  const whole = (below: number): number => Math.floor(fraction() * below)
  return { fraction, whole, pick: (list) => list[whole(list.length)] as (typeof list)[number] }
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** Of one frame, and another one to splice it with. */
export type Mutation = (frame: Uint8Array, other: Uint8Array, chance: Chance) => Uint8Array

/** Works on the text. */
const inText =
  (change: (text: string, chance: Chance) => string): Mutation =>
  (frame, _other, chance) =>
    encoder.encode(change(decoder.decode(frame), chance))

/** Works on one of the places that a pattern finds; nothing where there is none. */
const atOne = (pattern: RegExp, change: (found: string, chance: Chance) => string): Mutation =>
  inText((text, chance) => {
    const found = [...text.matchAll(pattern)]
    if (found.length === 0) return text
    const { 0: piece, index } = chance.pick(found)
    return text.slice(0, index) + change(piece, chance) + text.slice(index + piece.length)
  })

const number = /-?\d+(?:\.\d+)?/g
const value = /(?<=:)(?:"[^"]*"|-?\d+(?:\.\d+)?|true|false|null|\{\}|\[\])/g
const member = /"\w+":(?:"[^"]*"|-?\d+(?:\.\d+)?)/g

const hugeNumbers = [
  ...["2147483647", "2147483648", "4294967296", "9007199254740991", "9007199254740992", "9223372036854775808"],
  ...["1e309", "-1e309", "1e-400", "-0", "0.1e1", "00", "1E+2", `1${"0".repeat(400)}`, "99999999999999999999.99"]
]
const strangeValues = [
  ...["null", "true", "false", "{}", "[]", "[[]]", '""', "0", "-1", "1.5", '{"a":{}}', '[["0.5000"]]', '"yes"'],
  ...['"0.5000"', '"-0.00"', '"NaN"', '"Infinity"', '"\\u0000"', '"\\ud800"', '"__proto__"']
]
const strangeTexts = [
  ...["\u0000", "\\u0000", "\\ud800", "\\udfff\\ud800", "\u202e", "é", "💥", "\u2028", "\\", '\\"', "\ufeff", "\u007f"],
  ...["constructor", "__proto__", "toString", "A".repeat(300), "9".repeat(3_000), "'; drop table records; --"]
]
const whitespace = [" ", "\t", "\n", "\r\n", "    ", "\u00a0", "\ufeff"]

/** The last ones are rare: they cost a thousand times as much as others. */
const depths = [2, 10, 50, 63, 64, 65, 100, 200, 500, 1_000, 2, 10, 50, 63, 64, 65, 100, 200, 500, 20_000]
const lengths = [1, 2, 3, 5, 10, 20, 50, 100, 1, 2, 3, 5, 10, 20, 50, 100, 1, 2, 200, 5_000]

const nested = (depth: number, chance: Chance): string => {
  const [open, close] = chance.pick([
    ["[", "]"],
    ['{"a":', "}"],
    ['[{"a":', "}]"]
  ] as const)
  return `${open.repeat(depth)}1${close.repeat(depth)}`
}

const shuffled = (json: unknown, chance: Chance): unknown => {
  if (typeof json !== "object" || json === null || Array.isArray(json)) return json
  const entries = Object.entries(json).map((entry) => [chance.fraction(), entry] as const)
  return Object.fromEntries(
    entries.sort(([left], [right]) => left - right).map(([, [key, inner]]) => [key, shuffled(inner, chance)])
  )
}

/** By what they do. */
export const mutations: Readonly<Record<string, Mutation>> = {
  bitFlip: (frame, _other, chance) => {
    const bytes = Uint8Array.from(frame)
    const at = chance.whole(bytes.length)
    if (bytes.length > 0) bytes[at] = (bytes[at] as number) ^ (1 << chance.whole(8))
    return bytes
  },
  truncation: (frame, _other, chance) => frame.slice(0, chance.whole(frame.length + 1)),
  headless: (frame, _other, chance) => frame.slice(chance.whole(frame.length + 1)),
  splice: (frame, other, chance) =>
    Uint8Array.from([
      ...frame.slice(0, chance.whole(frame.length + 1)),
      ...other.slice(chance.whole(other.length + 1))
    ]),
  joined: (frame, other) => Uint8Array.from([...frame, ...other]),
  digit: atOne(/\d/g, (_digit, chance) => String(chance.whole(10))),
  hugeNumber: atOne(number, (_found, chance) => chance.pick(hugeNumbers)),
  wrongType: atOne(value, (_found, chance) => chance.pick(strangeValues)),
  unquoted: atOne(/"-?\d+(?:\.\d+)?"/g, (found) => found.slice(1, -1)),
  quoted: atOne(/(?<=:)-?\d+(?:\.\d+)?(?=[,}])/g, (found) => `"${found}"`),
  duplicateKey: atOne(member, (found, chance) => `${found},${found.replace(value, chance.pick(strangeValues))}`),
  missingKey: atOne(/"\w+":(?:"[^"]*"|-?\d+(?:\.\d+)?),/g, () => ""),
  newKey: atOne(/\{/g, (_brace, chance) => `{"${chance.pick(strangeTexts)}":${chance.pick(strangeValues)},`),
  renamedKey: atOne(/"\w+"(?=:)/g, (_found, chance) =>
    chance.pick(['"sid"', '"seq"', '"msg"', '"type"', '"__proto__"'])
  ),
  strangeText: atOne(/(?<=")[^"]*(?=")/g, (found, chance) => {
    const at = chance.whole(found.length + 1)
    return found.slice(0, at) + chance.pick(strangeTexts) + found.slice(at)
  }),
  whitespace: atOne(/[,:{}[\]"]/g, (found, chance) => chance.pick(whitespace) + found),
  reordered: inText((text, chance) => {
    try {
      return JSON.stringify(shuffled(JSON.parse(text), chance))
    } catch {
      // Not JSON any more, or nested too deep.
      return text
    }
  }),
  deepNesting: atOne(value, (_found, chance) => nested(chance.pick(depths), chance)),
  longList: atOne(/\[/g, (_found, chance) => `[${'["0.5000","1.00"],'.repeat(chance.pick(lengths))}`)
}
export const mutationNames = Object.keys(mutations)
