/** The objects of the contract in words: each with its fields, once. */
import { type JsonSchema, nameOf, type Operation, schemaOf } from "./OperationTable.ts"
import { answerFields } from "./Scalars.ts"

const membersOf = (schema: JsonSchema, member: string): ReadonlyArray<JsonSchema> =>
  Array.isArray(schema[member]) ? (schema[member] as ReadonlyArray<JsonSchema>) : []

/** What a value is, in a word or two. */
export const typeOf = (schema: JsonSchema): string => {
  const name = nameOf(schema)
  if (name !== undefined) return `\`${name}\``
  const either = [...membersOf(schema, "anyOf"), ...membersOf(schema, "oneOf")]
  if (either.length > 0) return [...new Set(either.map(typeOf))].join(" or ")
  if (Array.isArray(schema["enum"]))
    return (schema["enum"] as ReadonlyArray<unknown>).map((one) => `\`${one}\``).join(" | ")
  const { items, type = "any" } = schema
  if (type === "array") return `list of ${typeOf((items ?? {}) as JsonSchema)}`
  return Array.isArray(type) ? type.join(" or ") : String(type)
}

const oneLine = (text: unknown): string => (typeof text === "string" ? text.replaceAll(/\s*\n\s*-?\s*/g, "; ") : "")

/** What every JSON answer has is told once. */
const ofEveryAnswer: ReadonlySet<string> = new Set(Object.keys(answerFields))

const fieldLines = (schema: JsonSchema, depth: number): ReadonlyArray<string> => {
  const required = new Set(membersOf(schema, "required").map(String))
  const fields = Object.entries((schema["properties"] ?? {}) as Readonly<Record<string, JsonSchema>>)
  const isAnswer = [...ofEveryAnswer].every((name) => required.has(name))
  return fields.flatMap(([name, field]) => {
    if (isAnswer && ofEveryAnswer.has(name)) return []
    const note = required.has(name) ? "" : ", not always"
    const description = oneLine(field["description"])
    return [
      `${"  ".repeat(depth)}- \`${name}\` (${typeOf(field)}${note})${description === "" ? "" : `: ${description}`}`,
      ...inner(field).flatMap((one) => fieldLines(one, depth + 1))
    ]
  })
}

/** Objects that stand in a field without a name of their own. */
const inner = (field: JsonSchema): ReadonlyArray<JsonSchema> => {
  if (field["type"] === "array" && typeof field["items"] === "object") return inner(field["items"] as JsonSchema)
  const either = membersOf(field, "anyOf")
  if (either.length > 0) return either.flatMap(inner)
  return field["properties"] === undefined ? [] : [field]
}

const objectLines = (name: string): ReadonlyArray<string> => {
  const schema = schemaOf(name)
  const either = [...membersOf(schema, "anyOf"), ...membersOf(schema, "oneOf")]
  const fields = fieldLines(schema, 0)
  const parts = either.filter((one) => nameOf(one) === undefined).flatMap((one) => fieldLines(one, 0))
  const type = fields.length > 0 ? "" : ` Is ${typeOf(schema)}.`
  return [`### ${name}`, "", `${oneLine(schema["description"])}${type}`, "", ...fields, ...parts, ""]
}

/** Names of all objects that a schema leads to, in the order of meeting them. */
const collect = (value: unknown, found: Set<string>): void => {
  if (Array.isArray(value)) {
    for (const one of value) collect(one, found)
    return
  }
  if (typeof value !== "object" || value === null) return
  const name = nameOf(value as JsonSchema)
  if (name !== undefined && !found.has(name)) {
    found.add(name)
    collect(schemaOf(name), found)
  }
  for (const [member, one] of Object.entries(value)) if (member !== "examples") collect(one, found)
}

/** Every object that these operations take or answer. */
export const documentOfAnswers = (operations: ReadonlyArray<Operation>): ReadonlyArray<string> => {
  const found = new Set<string>()
  for (const { answer, body } of operations) collect([body, answer], found)
  return [...found].flatMap(objectLines)
}
