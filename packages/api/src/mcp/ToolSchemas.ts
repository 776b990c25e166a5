/**
 * JSON schemas of tools: what goes in is what the operation takes, less what a tool does not offer; what comes out is made of the answers'
 * own schemas. Both are short: a client reads them before its first call, and pays for each word.
 */
import { type JsonSchema, nameOf, type Operation, schemaOf } from "@kalshibook/core/contract/OperationTable"
import { Schema } from "effect"

/** What a tool takes of an operation. */
export interface ToolInput {
  /** Parameters that it does not offer. */
  readonly leftOut: ReadonlySet<string>
  /** What it means where nothing is said. */
  readonly defaults: Readonly<Record<string, string | number>>
  /** Parameters of the path without which it still means something. */
  readonly optional: ReadonlySet<string>
}

export const inputSchema = (operation: Operation, input: ToolInput): JsonSchema => {
  const properties =
    operation.body === undefined ? propertiesOfQuery(operation, input) : propertiesOfBody(operation.body, input)
  const required = operation.parameters.filter(({ name, required }) => required && !input.optional.has(name))
  return {
    type: "object",
    properties,
    required: required.map(({ name }) => name),
    additionalProperties: false
  }
}

const propertiesOfQuery = ({ parameters }: Operation, { defaults, leftOut }: ToolInput): JsonSchema =>
  Object.fromEntries(
    parameters
      .filter(({ name }) => !leftOut.has(name))
      .map(({ description, example, name, schema }) => {
        const { default: usual, pattern, maxLength, ...rest } = schema
        const ours = defaults[name]
        const value = ours ?? usual
        return [
          name,
          {
            ...rest,
            description: shortened(ours === undefined ? description : withoutDefault(description)),
            ...(value === undefined ? {} : { default: value }),
            ...(example === undefined || schema["type"] !== "string" ? {} : { examples: [example] })
          }
        ]
      })
  )

const propertiesOfBody = (body: JsonSchema, { leftOut }: ToolInput): JsonSchema => {
  const { properties } = plain(body, unsaid) as { readonly properties: JsonSchema }
  return Object.fromEntries(Object.entries(properties).filter(([name]) => !leftOut.has(name)))
}

/** The schema of what a tool answers: names and types alone. What they mean is in the API's own document. */
export const outputSchema = (schema: Schema.Constraint): JsonSchema => {
  const { definitions, schema: root } = Schema.toJsonSchemaDocument(schema, { onExcessProperty: "ignore" })
  const whole = Object.keys(definitions).length === 0 ? root : { ...root, $defs: definitions }
  return plain(whole, unsaidOfAnswers) as JsonSchema
}

/** Members that say nothing to a program that only reads. */
const unsaid: ReadonlySet<string> = new Set(["examples", "pattern", "maxLength", "minimum", "maximum"])
const unsaidOfAnswers: ReadonlySet<string> = new Set([...unsaid, "description", "additionalProperties"])

/** Without references to the API's document and without these members, with descriptions of one line. */
const plain = (value: unknown, without: ReadonlySet<string>): unknown => {
  if (Array.isArray(value)) return value.map((inner) => plain(inner, without))
  if (typeof value !== "object" || value === null) return value
  const name = nameOf(value as JsonSchema)
  if (name !== undefined) return plain(schemaOf(name), without)
  return Object.fromEntries(
    Object.entries(value).flatMap(([member, inner]) => {
      if (member === "properties" || member === "$defs") {
        return [[member, Object.fromEntries(Object.entries(inner).map(([key, one]) => [key, plain(one, without)]))]]
      }
      if (without.has(member)) return []
      return [
        [member, member === "description" && typeof inner === "string" ? shortened(inner) : plain(inner, without)]
      ]
    })
  )
}

/** The first line, less how times may be written: the examples show it. */
const shortened = (description: string): string =>
  (description.split("\n", 1)[0] ?? "").replace(/ Accepts an ISO 8601 time.*$/, "")

/** What the API does where nothing is said is not what the tool does. */
const withoutDefault = (description: string): string =>
  description.replaceAll(/ The default is [^.]+\./g, "").replace(", the default,", "")
