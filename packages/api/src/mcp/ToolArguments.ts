/** From the arguments of a tool to the call of the API that they mean, and from a suggested call back to a tool. */
import type { JsonSchema, Operation } from "@kalshibook/core/contract/OperationTable"
import { Result } from "effect"

/** A call of the API that is made inside the server. */
export interface InsideCall {
  readonly method: Operation["method"]
  /** Path and query. */
  readonly url: string
  /** JSON; `undefined` for none. */
  readonly body: string | undefined
}

export type Arguments = Readonly<Record<string, unknown>>

/** An argument that a tool does not take. */
export interface BadArgument {
  readonly parameter: string
  readonly allowed: string
  readonly detail: string
}

const refused = (parameter: string, allowed: string, detail: string): Result.Result<never, BadArgument> =>
  Result.fail({ parameter, allowed, detail })

/** The arguments with what was left out; refuses names that the tool does not have. */
export const complete = (
  schema: JsonSchema,
  defaults: Arguments,
  given: Arguments
): Result.Result<Arguments, BadArgument> => {
  const { properties, required } = schema as { properties: JsonSchema; required: ReadonlyArray<string> }
  const names = Object.keys(properties)
  const said = Object.entries(given).filter(([, value]) => value !== undefined && value !== null)
  const unknown = said.find(([name]) => !names.includes(name))
  if (unknown !== undefined) {
    const allowed = names.map((name) => `\`${name}\``).join(", ")
    return refused(unknown[0], allowed, `\`${unknown[0]}\` is not an argument of this tool: there is ${allowed}.`)
  }
  const missing = required.find((name) => !said.some(([known]) => known === name))
  if (missing !== undefined) return refused(missing, "present", `\`${missing}\` is needed.`)
  return Result.succeed({ ...defaults, ...Object.fromEntries(said) })
}

/** What a value is in a URL; `undefined` where it is nothing of that kind. */
const textOf = (value: unknown): string | undefined => {
  if (typeof value === "string") return value
  if (typeof value === "number" || typeof value === "boolean") return String(value)
  if (!Array.isArray(value)) return undefined
  const texts = value.map((entry) => (Array.isArray(entry) ? undefined : textOf(entry)))
  return texts.includes(undefined) ? undefined : texts.join(",")
}

export const callOf = (
  { body, method, parameters, path }: Operation,
  args: Arguments
): Result.Result<InsideCall, BadArgument> => {
  if (body !== undefined) return Result.succeed({ method, url: path, body: JSON.stringify(args) })
  const ofPath = new Set(parameters.filter((parameter) => parameter.in === "path").map(({ name }) => name))
  const query = new URLSearchParams()
  let filled: string = path
  for (const [name, value] of Object.entries(args)) {
    const text = textOf(value)
    if (text === undefined || (ofPath.has(name) && text === "")) {
      return refused(name, "a text or a number", `\`${name}\` must be a text or a number.`)
    }
    if (ofPath.has(name)) filled = filled.replace(`{${name}}`, () => encodeURIComponent(text.toWellFormed()))
    else query.set(name, text)
  }
  const asked = query.toString()
  return Result.succeed({ method, url: asked === "" ? filled : `${filled}?${asked}`, body: undefined })
}

/** The arguments that a path with its query means to an operation; `undefined` where it is a path of another one. */
export const argumentsOf = ({ parameters, path }: Operation, url: string): Arguments | undefined => {
  const [asked = "", query = ""] = url.split("?", 2)
  const names = parameters.filter((parameter) => parameter.in === "path").map(({ name }) => name)
  const pattern = path.replaceAll(/[.*+?^$()|[\]\\]/g, "\\$&").replaceAll(/\{\w+\}/g, "([^/]+)")
  const found = new RegExp(`^${pattern}$`).exec(asked)
  if (found === null) return undefined
  const ofPath = names.map((name, index) => [name, decoded(found[index + 1] ?? "")] as const)
  const isNumber = (name: string) => parameters.some((one) => one.name === name && one.schema["type"] === "integer")
  const ofQuery = [...new URLSearchParams(query)].map(([name, value]) => [name, isNumber(name) ? Number(value) : value])
  return Object.fromEntries([...ofPath, ...ofQuery])
}

const decoded = (segment: string): string =>
  Result.getOrElse(
    Result.try(() => decodeURIComponent(segment)),
    () => segment
  )
