/** The tables of docs/stream.md, written from the schemas: what the document says of a message is what the schema says. */
import * as Schema from "effect/Schema"
import { commands } from "./StreamCommands.ts"
import { messageExamples } from "./StreamExamples.ts"
import { messages } from "./StreamMessages.ts"

interface JsonSchema {
  readonly $ref?: string
  readonly type?: string
  readonly description?: string
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly required?: ReadonlyArray<string>
  readonly enum?: ReadonlyArray<unknown>
  readonly anyOf?: ReadonlyArray<JsonSchema>
  readonly allOf?: ReadonlyArray<JsonSchema>
  readonly items?: JsonSchema
  readonly additionalProperties?: JsonSchema | boolean
}

type Definitions = Readonly<Record<string, JsonSchema>>

const documentOf = (schema: Schema.Top) => {
  const { definitions, schema: root } = Schema.toJsonSchemaDocument(schema)
  const all = definitions as Definitions
  return { definitions: all, root: resolved(root as JsonSchema, all) }
}

const resolved = (schema: JsonSchema, definitions: Definitions): JsonSchema => {
  const name = schema.$ref?.split("/").at(-1)
  const found = name === undefined ? undefined : definitions[name.replaceAll("~1", "/").replaceAll("~0", "~")]
  return found === undefined ? schema : { ...found, ...(schema.description ? { description: schema.description } : {}) }
}

/** `text`, `whole number`, `"a" or "b"`, `list of text`, `object`. */
const typeText = (given: JsonSchema, definitions: Definitions): string => {
  const schema = resolved(given, definitions)
  if (schema.enum !== undefined) return schema.enum.map((one) => `\`${String(one)}\``).join(" or ")
  if (schema.anyOf !== undefined) {
    return [...new Set(schema.anyOf.map((one) => typeText(one, definitions)))].join(" or ")
  }
  switch (schema.type) {
    case "string":
      return "text"
    case "integer":
      return "whole number"
    case "array":
      return schema.items === undefined ? "list" : `list of ${typeText(schema.items, definitions)}`
    case undefined:
      return "anything"
    default:
      return schema.type
  }
}

const descriptionOf = (given: JsonSchema, definitions: Definitions): string => {
  const schema = resolved(given, definitions)
  const own = schema.description ?? schema.allOf?.find(({ description }) => description !== undefined)?.description
  const inner =
    schema.properties === undefined
      ? ""
      : ` With ${Object.entries(schema.properties)
          .map(([name, field]) => {
            const text = descriptionOf(field, definitions)
            return text === "" ? `\`${name}\`` : `\`${name}\` (${text.replace(/\.$/, "")})`
          })
          .join(", ")}.`
  return `${own ?? ""}${inner}`.replaceAll(/\n- /g, "; ").replaceAll("\n", " ").replaceAll("|", "\\|").trim()
}

/** A section of one message or command: its meaning and its fields. */
const section = (schema: Schema.Top): string => {
  const { definitions, root } = documentOf(schema)
  const { description = "", properties = {}, required = [] } = root
  const rows = Object.entries(properties)
    .filter(([name]) => name !== "type" && name !== "op")
    .map(([name, field]) => {
      const presence = required.includes(name) ? "" : " (may be left out)"
      return `| \`${name}\` | ${typeText(field, definitions)}${presence} | ${descriptionOf(field, definitions)} |`
    })
  const example = messageExamples[nameOf(schema)]
  return [
    `### ${nameOf(schema)}`,
    "",
    description,
    "",
    "| field | type | meaning |",
    "|---|---|---|",
    ...rows,
    ...(example === undefined ? [] : ["", "```json", JSON.stringify(example), "```"])
  ].join("\n")
}

/** As the schema is called: the type of a message, where there are several with what tells them apart. */
export const nameOf = ({ ast }: Schema.Top): string => {
  const { identifier, title } = ast.annotations ?? {}
  return String(title ?? identifier ?? "")
}

const sections = (schemas: ReadonlyArray<Schema.Top>): string => schemas.map(section).join("\n\n")

/** What a client may say. */
export const commandSections = (): string => sections(commands)

/** What a server says. */
export const messageSections = (): string => sections(messages)
