/** Frames of a client as commands, or as what is wrong with them. */
import { type Command, commandOf, Id } from "@kalshibook/core/contract/stream/StreamCommands"
import { commandsPerFrameMax } from "@kalshibook/core/contract/stream/StreamLimits"
import { Result, Schema, SchemaIssue, SchemaParser } from "effect"
import { Unpackr } from "msgpackr"
import { Refusal } from "./Refusal.ts"

/** One command, or why it is none; with its id as far as it can be read. */
export interface Received {
  readonly id: Id | null
  readonly command: Result.Result<Command, Refusal>
}

/** Plain values alone: what this library writes beyond MessagePack is not wanted. */
const unpackr = new Unpackr({ useRecords: false, mapsAsObjects: true, int64AsType: "number" })

export const read = (frame: string | Uint8Array): ReadonlyArray<Received> =>
  Result.match(parse(frame), {
    onFailure: (refusal) => [{ id: null, command: Result.fail(refusal) }],
    onSuccess: (value) => {
      const values: ReadonlyArray<unknown> = Array.isArray(value) ? value : [value]
      if (values.length <= commandsPerFrameMax) return values.map(receivedOf)
      const detail = `A frame has up to ${commandsPerFrameMax} commands; this one has ${values.length}.`
      return [{ id: null, command: Result.fail(malformed(detail)) }]
    }
  })

const malformed = (detail: string): Refusal => new Refusal({ code: "malformed_request", detail })

const parse = (frame: string | Uint8Array): Result.Result<unknown, Refusal> =>
  typeof frame === "string"
    ? Result.try({
        try: (): unknown => JSON.parse(frame),
        catch: () => malformed("A text frame has to be JSON: a command, or an array of commands.")
      })
    : Result.try({
        try: (): unknown => unpackr.unpack(frame),
        catch: () => malformed("A binary frame has to be MessagePack: a command, or an array of commands.")
      })

const isId = Schema.is(Id)

const receivedOf = (value: unknown): Received => {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    const detail = 'A command is an object, such as {"op":"subscribe","id":1,"markets":["..."]}.'
    return { id: null, command: Result.fail(malformed(detail)) }
  }
  const fields = value as Readonly<Record<string, unknown>>
  const id = isId(fields["id"]) ? fields["id"] : null
  return { id, command: commandIn(fields) }
}

const commandIn = (fields: Readonly<Record<string, unknown>>): Result.Result<Command, Refusal> => {
  const { op } = fields
  const schema = typeof op === "string" ? commandOf.get(op) : undefined
  if (schema === undefined) {
    const allowed = [...commandOf.keys()].map((name) => `\`${name}\``).join(", ")
    return Result.fail(
      new Refusal({ code: "bad_parameter", detail: `\`op\` has to be one of ${allowed}.`, parameter: "op", allowed })
    )
  }
  return Result.mapError(SchemaParser.decodeUnknownResult(schema, { onExcessProperty: "error" })(fields), refusalOf)
}

const issuesOf = SchemaIssue.makeFormatterStandardSchemaV1()

/** Long lists of what is allowed, and what was sent, are not repeated. */
const messageCharsMax = 300

const refusalOf = (issue: SchemaIssue.Issue): Refusal => {
  const [first] = issuesOf(issue).issues
  const parameter = String(first?.path?.[0] ?? "")
  const allowed = (first?.message ?? "").slice(0, messageCharsMax)
  const detail =
    parameter === "" ? `The command is not allowed: ${allowed}` : `\`${parameter}\` is not allowed: ${allowed}`
  return new Refusal({ code: "bad_parameter", detail, parameter, allowed })
}
