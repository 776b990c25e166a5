/** The operations of the API with their parameters, read from its own document. */
import { queryOptions, useQuery } from "@tanstack/react-query"
import * as Client from "../api/Client.ts"

export interface Parameter {
  readonly name: string
  readonly place: "path" | "query"
  readonly isRequired: boolean
  readonly description: string
  readonly example: string
  /** What it may be, where that is a list. */
  readonly values: ReadonlyArray<string>
}

export interface Operation {
  readonly id: string
  readonly method: "GET" | "POST" | "PATCH" | "DELETE"
  /** With `{ticker}`. */
  readonly path: string
  readonly summary: string
  readonly description: string
  readonly group: string
  readonly parameters: ReadonlyArray<Parameter>
  /** An example of the body; `undefined` where there is none. */
  readonly body: string | undefined
}

interface Schema {
  readonly $ref?: string
  readonly enum?: ReadonlyArray<unknown>
  readonly anyOf?: ReadonlyArray<Schema>
  readonly allOf?: ReadonlyArray<Schema>
  readonly oneOf?: ReadonlyArray<Schema>
  readonly description?: string
  readonly examples?: ReadonlyArray<unknown>
  readonly properties?: Readonly<Record<string, Schema>>
}

interface ParameterObject {
  readonly name: string
  readonly in: string
  readonly required?: boolean
  readonly description?: string
  readonly example?: unknown
  readonly schema?: Schema
}

interface OperationObject {
  readonly operationId?: string
  readonly summary?: string
  readonly description?: string
  readonly tags?: ReadonlyArray<string>
  readonly parameters?: ReadonlyArray<ParameterObject>
  readonly requestBody?: {
    readonly content?: Readonly<Record<string, { readonly schema?: Schema; readonly example?: unknown }>>
  }
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, OperationObject>>>>
  readonly components?: { readonly schemas?: Readonly<Record<string, Schema>> }
}

const resolved = (document: Document, schema: Schema | undefined): Schema => {
  const name = schema?.$ref?.split("/").at(-1)
  return name === undefined ? (schema ?? {}) : (document.components?.schemas?.[name] ?? {})
}

const parts = (document: Document, schema: Schema): ReadonlyArray<Schema> =>
  [schema, ...(schema.allOf ?? []), ...(schema.anyOf ?? []), ...(schema.oneOf ?? [])].map((part) =>
    resolved(document, part)
  )

const textOf = (value: unknown): string =>
  value === undefined ? "" : typeof value === "string" ? value : JSON.stringify(value)

const parameterOf = (document: Document, object: ParameterObject): Parameter => {
  const all = parts(document, resolved(document, object.schema))
  const example = object.example ?? all.flatMap(({ examples = [] }) => examples)[0]
  return {
    name: object.name,
    place: object.in === "path" ? "path" : "query",
    isRequired: object.required ?? false,
    description: object.description ?? all.find(({ description }) => description !== undefined)?.description ?? "",
    example: textOf(example),
    values: all.flatMap((part) => part.enum ?? []).map(String)
  }
}

/** Of the examples of its fields, so that it can be sent as it is and changed. */
const bodyOf = (document: Document, { requestBody }: OperationObject): string | undefined => {
  const content = requestBody?.content?.["application/json"]
  if (content === undefined) return undefined
  if (content.example !== undefined) return JSON.stringify(content.example, undefined, 2)
  const { examples, properties = {} } = resolved(document, content.schema)
  if (examples?.[0] !== undefined) return JSON.stringify(examples[0], undefined, 2)
  const fields = Object.entries(properties).flatMap(([name, schema]) => {
    const example = parts(document, schema).flatMap((part) => part.examples ?? [])[0]
    return example === undefined ? [] : [[name, example] as const]
  })
  return JSON.stringify(Object.fromEntries(fields), undefined, 2)
}

const methods = ["get", "post", "patch", "delete"] as const

export const operationsOf = (document: Document): ReadonlyArray<Operation> =>
  Object.entries(document.paths).flatMap(([path, item]) =>
    methods.flatMap((method) => {
      const object = item[method]
      if (object?.operationId === undefined) return []
      return [
        {
          id: object.operationId,
          method: method.toUpperCase() as Operation["method"],
          path,
          summary: object.summary ?? object.operationId,
          description: object.description ?? "",
          group: object.tags?.[0] ?? "API",
          parameters: (object.parameters ?? []).map((parameter) => parameterOf(document, parameter)),
          body: bodyOf(document, object)
        }
      ]
    })
  )

const document = queryOptions({
  queryKey: ["/openapi.json"],
  queryFn: ({ signal }) => Client.ask<Document>({ path: "/openapi.json" }, signal),
  staleTime: Number.POSITIVE_INFINITY,
  select: operationsOf
})

export const useOperations = (isWanted = true) => useQuery({ ...document, enabled: isWanted })
