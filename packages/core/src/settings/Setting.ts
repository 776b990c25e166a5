/**
 * One environment variable: what it means, who reads it, and what its text must be. Programs read it through `Environment`, so that what
 * the table of settings says (docs/settings.md), what is refused at the start, and what a program gets are the same thing.
 */
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"

/**
 * Who reads a setting: a program, `npm start` (which is all of them in one), the drill of restoring, `tests` and benchmarks, or a
 * customer's own `clients`.
 */
export type Program = "collector" | "archiver" | "api" | "simulator" | "start" | "restore-drill" | "tests" | "clients"

export interface Setting<out A> {
  readonly programs: ReadonlyArray<Program>
  /** One sentence for whoever sets it, without a capital and a full stop. */
  readonly meaning: string
  /** Of a number; empty where there is none. */
  readonly unit: string
  /** What its text must be, so that `NAME must be ...` is a sentence. */
  readonly expected: string
  /** Is never repeated to anybody, and `Redacted` for who reads it. */
  readonly isSecret: boolean
  /** What counts without it, for people. */
  readonly otherwise: string
  readonly absent: A
  /** Of a text that is trimmed and not empty. The failure ends the sentence `NAME must be`. */
  readonly parse: (text: string) => Result.Result<A, string>
}

/** What can stand in a variable. */
export interface Kind<out A> {
  readonly expected: string
  readonly isSecret?: boolean
  /** Is not repeated either. */
  readonly isLong?: boolean
  readonly parse: (text: string) => Option.Option<A>
}

export interface About {
  readonly programs: ReadonlyArray<Program>
  readonly meaning: string
  readonly unit?: string
  /** Says what counts without it; the value itself unless given. */
  readonly otherwise?: string
}

/** A setting that has a value in any case. */
export const withDefault = <A>(kind: Kind<A>, value: A, about: About): Setting<A> => ({
  ...rowOf(kind, about),
  otherwise: about.otherwise ?? `\`${String(value)}\``,
  absent: value,
  parse: parseBy(kind, (parsed) => parsed)
})

/** A setting that need not be there. */
export const optional = <A>(kind: Kind<A>, about: About): Setting<Option.Option<A>> => ({
  ...rowOf(kind, about),
  otherwise: about.otherwise ?? "none",
  absent: Option.none(),
  parse: parseBy(kind, Option.some)
})

const rowOf = (kind: Kind<unknown>, { meaning, programs, unit = "" }: About) => ({
  programs,
  meaning,
  unit,
  expected: kind.expected,
  isSecret: kind.isSecret ?? false
})

const parseBy =
  <A, B>(kind: Kind<A>, of: (value: A) => B) =>
  (text: string): Result.Result<B, string> =>
    Option.match(kind.parse(text), {
      onNone: () =>
        Result.fail(kind.isSecret === true || kind.isLong === true ? kind.expected : `${kind.expected}, not "${text}"`),
      onSome: (value) => Result.succeed(of(value))
    })

export const text: Kind<string> = { expected: "a text", parse: Option.some }

export const folder: Kind<string> = { expected: "a folder", parse: Option.some }

/** As text that only its reader may see, of so many characters at least. */
export const secret = (charsMin = 1, what = "a secret"): Kind<Redacted.Redacted> => ({
  expected: charsMin === 1 ? what : `${what} of ${charsMin} characters or more`,
  isSecret: true,
  parse: (given) => (given.length >= charsMin ? Option.some(Redacted.make(given)) : Option.none())
})

/** An address with a password in it, which must not be repeated either. */
export const databaseUrl: Kind<Redacted.Redacted> = {
  expected: "the address of a Postgres: postgres://user:password@host:port/name",
  isSecret: true,
  parse: (given) => (hasScheme(given, ["postgres:", "postgresql:"]) ? Option.some(Redacted.make(given)) : Option.none())
}

/** Of an authority. No secret, and too long to be repeated. */
export const certificate: Kind<string> = {
  expected: "a certificate in PEM form (-----BEGIN CERTIFICATE----- ...)",
  isLong: true,
  parse: (given) => {
    const pem = given.replaceAll("\\n", "\n")
    return pem.startsWith("-----BEGIN CERTIFICATE-----") && pem.endsWith("-----END CERTIFICATE-----")
      ? Option.some(pem)
      : Option.none()
  }
}

export const whole = (low: number, high: number): Kind<number> => ({
  expected: `a whole number from ${low} to ${high}`,
  parse: (given) =>
    /^\d+$/.test(given) && Number(given) >= low && Number(given) <= high ? Option.some(Number(given)) : Option.none()
})

/** 0: any free one. */
export const port: Kind<number> = whole(0, 65_535)

export const flag: Kind<boolean> = {
  expected: "true or false",
  parse: (given) => {
    if (["true", "yes", "on", "1"].includes(given)) return Option.some(true)
    return ["false", "no", "off", "0"].includes(given) ? Option.some(false) : Option.none()
  }
}

export const oneOf = <const Values extends ReadonlyArray<string>>(...values: Values): Kind<Values[number]> => ({
  expected: `${values.slice(0, -1).join(", ")} or ${values.at(-1)}`,
  parse: (given) => Option.fromUndefinedOr(values.find((value) => value === given))
})

/** Comma-separated; spaces around an entry are not part of it. */
export const list: Kind<ReadonlyArray<string>> = {
  expected: "a list, separated by commas",
  parse: (given) => Option.some(entriesOf(given))
}

export const entriesOf = (given: string): ReadonlyArray<string> =>
  given
    .split(",")
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "")

/** In lower case, as servers have them. */
export const headerName: Kind<string> = {
  expected: "the name of a header",
  parse: (given) => (/^[A-Za-z0-9-]+$/.test(given) ? Option.some(given.toLowerCase()) : Option.none())
}

/** An address of one of two schemes, `http` and `https` or `ws` and `wss`. */
export const url = (scheme: "http" | "ws"): Kind<string> => ({
  expected: `an address that begins with ${scheme}:// or ${scheme}s://`,
  parse: (given) => (hasScheme(given, [`${scheme}:`, `${scheme}s:`]) ? Option.some(given) : Option.none())
})

const hasScheme = (given: string, schemes: ReadonlyArray<string>): boolean =>
  URL.canParse(given) && schemes.includes(new URL(given).protocol)
