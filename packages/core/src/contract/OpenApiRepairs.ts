/**
 * What the generated OpenAPI document lacks or gets wrong, repaired in one pass over it.
 *
 * 1. Whole numbers of the query are text on the wire, so the generator calls them strings.
 * 2. Descriptions and examples of parameters belong to the parameter, where tools look for them.
 * 3. Problems carry all members of RFC 9457 and are named without the generator's suffix.
 * 4. Answers may gain fields: clients generated from the document must not refuse them.
 * 5. Unions are told apart by a field, and `null` is a type, not a union.
 * 6. Headers and examples, which the contract cannot say.
 * 7. Which calls need a key, and that a dry run answers an estimate.
 */
import type { OpenApi } from "effect/http-api"
import { kalshiFields } from "./KalshiFields.ts"
import { depthCentsDefault, depthCentsMax, depthMax, limitDefault, limitMax } from "./Limits.ts"
import { addAccess, operationsOf } from "./OpenApiAccess.ts"
import { operationExamples } from "./OpenApiExamples.ts"
import { problemExample } from "./ProblemExamples.ts"
import { type ProblemCode, problemClasses, problems } from "./Problems.ts"

type Json = null | boolean | number | string | ReadonlyArray<Json> | JsonObject
interface JsonObject {
  readonly [key: string]: Json
}

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** Repairs a document made by `OpenApi.fromApi`; the argument is not changed. */
export const repairOpenApi = (spec: Record<string, unknown>): Record<string, unknown> => {
  const repaired = mapObjects(JSON.parse(JSON.stringify(spec).replaceAll(encodedReference, "$1$2")), repairSchema)
  const document = repaired as unknown as OpenApi.OpenAPISpec
  for (const [name, schema] of Object.entries(document.components.schemas)) {
    if (!name.endsWith("Encoded")) continue
    delete document.components.schemas[name]
    document.components.schemas[name.slice(0, -"Encoded".length)] = schema
  }
  repairProblems(document)
  tellApart(document, "Record", "kind", { snapshot: "SnapshotRecord", delta: "DeltaRecord", gap: "GapRecord" })
  for (const [name, properties] of Object.entries(kalshiFields)) {
    const schema = document.components.schemas[name]
    if (schema !== undefined) addProperties(schema, properties)
  }
  for (const item of Object.values(document.paths)) {
    for (const operation of operationsOf(item)) repairOperation(operation)
  }
  addAccess(document)
  return document as unknown as Record<string, unknown>
}

const encodedReference = /("#\/components\/schemas\/\w+?)Encoded(")/g

const mapObjects = (value: Json, change: (object: JsonObject) => JsonObject): Json => {
  if (Array.isArray(value)) return value.map((item) => mapObjects(item, change))
  if (!isObject(value)) return value
  return change(Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, mapObjects(inner, change)])))
}

/** Limits of a JavaScript number are not limits of the contract, and an object may gain fields. */
const repairSchema = (schema: JsonObject): JsonObject => {
  const { additionalProperties, minimum, maximum, ...rest } = schema
  return nullAsType({
    ...rest,
    ...(minimum === undefined || minimum === Number.MIN_SAFE_INTEGER ? {} : { minimum }),
    ...(maximum === undefined || maximum === Number.MAX_SAFE_INTEGER ? {} : { maximum }),
    ...(additionalProperties === undefined || additionalProperties === false ? {} : { additionalProperties })
  })
}

/** `anyOf: [{ type: "string" }, { type: "null" }]` says less plainly what `type: ["string", "null"]` says. */
const nullAsType = (schema: JsonObject): JsonObject => {
  const { anyOf, ...outer } = schema
  if (!Array.isArray(anyOf) || anyOf.length !== 2) return schema
  const [value, nothing] = anyOf
  if (!isObject(value) || !isObject(nothing) || nothing.type !== "null" || typeof value.type !== "string") return schema
  return { ...value, ...outer, type: [value.type, "null"] }
}

const repairProblems = (document: OpenApi.OpenAPISpec): void => {
  for (const [code, problem] of Object.entries(problemClasses)) {
    const schema = document.components.schemas[problem.identifier]
    if (schema === undefined) continue
    const { type, title, status, detail, instance: _, ...rest } = schema.properties as Record<string, object>
    const properties = {
      type: { ...type, description: "A path of this API that describes the kind of problem." },
      title: { ...title, description: "The kind of problem in a few words." },
      status: { ...status, type: "integer", description: "The HTTP status, again." },
      detail,
      ...rest
    }
    const required = new Set([...(schema.required as Array<string>), "title", "status"])
    schema.properties = properties
    schema.required = Object.keys(properties).filter((name) => required.has(name))
    schema.description = problem.ast.annotations?.description
    schema.examples = [problemExample(code as ProblemCode)]
  }
}

const reference = (name: string) => `#/components/schemas/${name}`

const tellApart = (
  document: OpenApi.OpenAPISpec,
  union: string,
  propertyName: string,
  names: Readonly<Record<string, string>>
): void => {
  const schema = document.components.schemas[union]
  if (schema === undefined) return
  const { anyOf, ...rest } = schema
  document.components.schemas[union] = { ...rest, oneOf: anyOf, discriminator: discriminator(propertyName, names) }
}

const discriminator = (propertyName: string, names: Readonly<Record<string, string>>) => ({
  propertyName,
  mapping: Object.fromEntries(Object.entries(names).map(([value, name]) => [value, reference(name)]))
})

const addProperties = (schema: Record<string, unknown>, properties: Readonly<Record<string, object>>): void => {
  schema.properties = { ...properties, ...(schema.properties as object) }
  delete schema.allOf
  schema.additionalProperties = true
}

/** The whole numbers of the query. */
const wholeNumbers: Readonly<Record<string, object>> = {
  limit: { type: "integer", minimum: 1, maximum: limitMax, default: limitDefault },
  depth: { type: "integer", minimum: 0, maximum: depthMax, default: 0 },
  depth_cents: { type: "integer", minimum: 0, maximum: depthCentsMax, default: depthCentsDefault },
  max_credits: { type: "integer", minimum: 0 }
}

const repairOperation = (operation: OpenApi.OpenAPISpecOperation): void => {
  operation.parameters = operation.parameters.map((parameter) => {
    const { description, examples, ...schema } = parameter.schema as JsonObject
    const number = parameter.in === "query" ? wholeNumbers[parameter.name] : undefined
    const [example] = Array.isArray(examples) ? examples : []
    return {
      ...parameter,
      ...(typeof description === "string" ? { description } : {}),
      schema: number ?? (parameter.name === "clock" ? { ...schema, default: "received" } : schema),
      ...(example === undefined ? {} : { example: number === undefined ? example : Number(example) })
    }
  })
  for (const [status, response] of Object.entries(operation.responses)) {
    response.headers = {
      "X-Request-Id": { description: "Names this request in our logs.", required: true, schema: { type: "string" } },
      ...(status === "503"
        ? { "Retry-After": { description: "Seconds to wait.", required: true, schema: { type: "integer" } } }
        : {})
    }
    for (const [mediaType, content] of Object.entries(response.content ?? {})) {
      if (mediaType === "application/problem+json") {
        const named = problemsIn(content.schema)
        Object.assign(content, problemContent(named))
        response.description = titlesOf(named)
      } else {
        const example = operationExamples[operation.operationId]
        if (example !== undefined) Object.assign(content, { examples: { answer: { value: example } } })
      }
    }
  }
}

/** Codes of problems by the names of their schemas. */
type Problems = Readonly<Record<string, ProblemCode>>

/** The problems that a response may be. */
const problemsIn = (schema: object): Problems => {
  const text = JSON.stringify(schema)
  return Object.fromEntries(
    Object.entries(problemClasses)
      .filter(([, problem]) => text.includes(`"${reference(problem.identifier)}"`))
      .map(([code, problem]) => [problem.identifier, code as ProblemCode])
  )
}

const titlesOf = (named: Problems): string =>
  Object.values(named)
    .map((code) => problems[code].title)
    .join("; ")

const problemContent = (named: Problems) => {
  const names = Object.fromEntries(Object.entries(named).map(([name, code]) => [code, name]))
  const codes = Object.values(named)
  return {
    ...(codes.length < 2
      ? {}
      : {
          schema: {
            oneOf: Object.keys(named).map((name) => ({ $ref: reference(name) })),
            discriminator: discriminator("code", names)
          }
        }),
    examples: Object.fromEntries(codes.map((code) => [code, { value: problemExample(code) }]))
  }
}
