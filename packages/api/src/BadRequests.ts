/**
 * Turns what a schema found wrong with path or query into a problem that names the parameter, says what it may be and,
 * where one is plain, the call that would work.
 */
import { allowed, allowedInBody } from "@kalshibook/core/contract/Parameters"
import { BadParameter } from "@kalshibook/core/contract/ProblemsOfQuestions"
import type { SchemaIssue } from "effect"
import { SchemaAST } from "effect"
import type { HttpApiError } from "effect/http-api"
import type { RequestMeta } from "./RequestMeta.ts"
import { withoutParameters, withRenamedParameter } from "./Suggestions.ts"

/** A parameter that was refused; `known` are the endpoint's own where it is none of them. */
interface Refusal {
  readonly parameter: string
  readonly known: ReadonlyArray<string> | undefined
}

/** Times: without them a call asks something else, so leaving them out is no suggestion. */
const moments: ReadonlySet<string> = new Set(["at", "as_of", "from", "to"])

export const badRequest = (error: HttpApiError.HttpApiSchemaError, meta: RequestMeta["Service"]): BadParameter => {
  const refusals = refusalsOf(error.cause.issue)
  const [first] = refusals
  if (first === undefined) {
    const isBody = error.kind === "Payload"
    const allowed = isBody ? "a JSON object as the documentation describes it" : ""
    const detail = isBody ? `The body cannot be read: it must be ${allowed}.` : "The request could not be read."
    return new BadParameter({ detail, parameter: isBody ? "body" : "", allowed, request_id: meta.requestId })
  }
  const { parameter, known } = first
  const meant = allowedFor(parameter, error.kind === "Payload" ? allowedInBody : allowed)
  const facts = {
    parameter,
    allowed: known === undefined ? meant : oneOf(known),
    detail:
      known === undefined
        ? `\`${parameter}\` is not allowed: it must be ${meant}.`
        : `\`${parameter}\` is not a parameter here: there is ${oneOf(known)}.`,
    request_id: meta.requestId
  }
  const suggestion = error.kind === "Query" ? suggestionFor(refusals, meta.url) : undefined
  return new BadParameter(suggestion === undefined ? facts : { ...facts, suggestion })
}

const allowedFor = (parameter: string, texts: Readonly<Record<string, string>>): string =>
  (Object.hasOwn(texts, parameter) ? texts[parameter] : undefined) ?? "a text"

const oneOf = (names: ReadonlyArray<string>): string =>
  names.length === 0 ? "no parameter" : names.map((name) => `\`${name}\``).join(", ")

const suggestionFor = (refusals: ReadonlyArray<Refusal>, url: string): string | undefined => {
  if (refusals.some(({ known, parameter }) => known === undefined && moments.has(parameter))) return undefined
  return refusals.reduce((suggestion, { known, parameter }) => {
    const meant = known?.find((name) => looksLike(name, parameter))
    return meant === undefined
      ? withoutParameters(suggestion, [parameter])
      : withRenamedParameter(suggestion, parameter, meant)
  }, url)
}

/** Whether a name was probably meant: written in another style (`eventTicker`), or up to `typosMax` letters off. */
const looksLike = (name: string, asked: string): boolean => letterDistance(plain(name), plain(asked)) <= typosMax

const typosMax = 2

const plain = (name: string): string => name.toLowerCase().replaceAll(/[_-]/g, "")

/** How many letters must be added, dropped or changed (Levenshtein). Names longer than any of ours are far from all. */
const letterDistance = (left: string, right: string): number => {
  if (Math.abs(left.length - right.length) > typosMax) return Number.POSITIVE_INFINITY
  let row = Array.from({ length: right.length + 1 }, (_, index) => index)
  for (const [index, letter] of [...left].entries()) {
    const next = [index + 1]
    for (let at = 1; at <= right.length; at++) {
      const changed = (row[at - 1] ?? 0) + (letter === right[at - 1] ? 0 : 1)
      next.push(Math.min(changed, (row[at] ?? 0) + 1, (next[at - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[right.length] ?? 0
}

/** Each refused parameter once, those that do not exist first. */
const refusalsOf = (issue: SchemaIssue.Issue): ReadonlyArray<Refusal> => {
  const found = new Map<string, Refusal>()
  const note = (part: SchemaIssue.Issue, [parameter]: ReadonlyArray<PropertyKey>): void => {
    if (typeof parameter !== "string" || found.has(parameter)) return
    found.set(parameter, { parameter, known: part._tag === "UnexpectedKey" ? namesOf(part.ast) : undefined })
  }
  const walk = (part: SchemaIssue.Issue, path: ReadonlyArray<PropertyKey>): void => {
    switch (part._tag) {
      case "Composite":
        for (const inner of part.issues) walk(inner, path)
        return
      case "Pointer":
        walk(part.issue, [...path, ...part.path])
        return
      case "AnyOf":
        // Of a body as a whole; of a parameter that is one of several things it is the parameter that is wrong.
        if (path.length === 0 && part.issues.length > 0) {
          for (const inner of part.issues) walk(inner, path)
          return
        }
        note(part, path)
        return
      case "Encoding":
      case "Filter":
        walk(part.issue, path)
        return
      default:
        note(part, path)
    }
  }
  walk(issue, [])
  return [...found.values()].sort((left, right) => Number(left.known === undefined) - Number(right.known === undefined))
}

const namesOf = (ast: SchemaAST.AST): ReadonlyArray<string> =>
  SchemaAST.isObjects(ast) ? ast.propertySignatures.map(({ name }) => String(name)) : []
