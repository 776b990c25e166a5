/**
 * The operations of the contract as plain values, read from its OpenAPI document: for whoever tells of them in another form than HTTP.
 * What is added to the contract is here by itself.
 */
import { OpenApi } from "effect/http-api"
import { KalshiBookApi } from "./KalshiBookApi.ts"
import { type Price, priceOf } from "./Pricing.ts"

/** A JSON schema, looked into member by member. */
export type JsonSchema = { readonly [member: string]: unknown }

export interface OperationParameter {
  readonly name: string
  readonly in: "path" | "query"
  readonly required: boolean
  readonly description: string
  readonly schema: JsonSchema
  readonly example: string | undefined
}

const methods = ["get", "post", "put", "patch", "delete"] as const
export type Method = Uppercase<(typeof methods)[number]>

export interface Operation {
  /** Its `operationId`. */
  readonly id: string
  readonly method: Method
  /** With `{name}` for each parameter of the path. */
  readonly path: string
  readonly group: string
  readonly summary: string
  readonly description: string
  readonly parameters: ReadonlyArray<OperationParameter>
  /** Schema of the body; `undefined` where there is none. */
  readonly body: JsonSchema | undefined
  /** Schema of the JSON answer; `undefined` where it is none. */
  readonly answer: JsonSchema | undefined
  /** An answer. */
  readonly example: unknown
  /** Codes of the problems that it may answer. */
  readonly problems: ReadonlyArray<string>
  readonly price: Price
}

export const document = OpenApi.fromApi(KalshiBookApi)

const schemas: Readonly<Record<string, JsonSchema>> = document.components.schemas

const prefix = "#/components/schemas/"

/** The name of the schema that is referred to; `undefined` where the schema stands there itself. */
export const nameOf = (schema: JsonSchema): string | undefined =>
  typeof schema["$ref"] === "string" && schema["$ref"].startsWith(prefix)
    ? schema["$ref"].slice(prefix.length)
    : undefined

/** The schema of that name. */
export const schemaOf = (name: string): JsonSchema => schemas[name] ?? {}

/** The schema itself, whether it stands there or is referred to. */
export const resolved = (schema: JsonSchema): JsonSchema => {
  const name = nameOf(schema)
  return name === undefined ? schema : schemaOf(name)
}

/** A charged call may answer an estimate, too: what is meant is the answer. */
const withoutEstimate = (schema: JsonSchema | undefined): JsonSchema | undefined => {
  const either = schema?.["anyOf"]
  return Array.isArray(either) && either.some((one) => nameOf(one) === "Estimate") ? either[0] : schema
}

const operationOf = (
  path: string,
  method: Operation["method"],
  { description, operationId, parameters, requestBody, responses, summary, tags }: OpenApi.OpenAPISpecOperation
): Operation => {
  const json = responses[200]?.content?.["application/json"]
  const examples = Object.values((json as { readonly examples?: object } | undefined)?.examples ?? {})
  return {
    id: operationId,
    method,
    path,
    group: tags[0] ?? "",
    summary: summary ?? "",
    description: description ?? "",
    parameters: parameters.map((parameter) => {
      const { description, example, schema } = parameter as typeof parameter & { readonly example?: unknown }
      return {
        name: parameter.name,
        in: parameter.in === "path" ? "path" : "query",
        required: parameter.required,
        description: description ?? "",
        schema: schema as JsonSchema,
        example: example === undefined ? undefined : String(example)
      }
    }),
    body: requestBody?.content["application/json"]?.schema as JsonSchema | undefined,
    answer: withoutEstimate(json?.schema as JsonSchema | undefined),
    example: (examples[0] as { readonly value?: unknown } | undefined)?.value,
    problems: [
      ...new Set(
        Object.values(responses).flatMap(({ content }) =>
          Object.keys((content?.["application/problem+json"] as { examples?: object } | undefined)?.examples ?? {})
        )
      )
    ],
    price: priceOf(operationId)
  }
}

export const operations: ReadonlyArray<Operation> = Object.entries(document.paths).flatMap(([path, item]) =>
  methods.flatMap((method) => {
    const found = item[method]
    return found === undefined ? [] : [operationOf(path, method.toUpperCase() as Method, found)]
  })
)

/** Those that a program may call, with a key or without: nobody has to be signed in. */
export const operationsOfKeys = operations.filter(({ price }) => price.kind !== "member" && price.kind !== "person")

/** The operation of that id. */
export const operation = (id: string): Operation | undefined => operations.find((one) => one.id === id)
