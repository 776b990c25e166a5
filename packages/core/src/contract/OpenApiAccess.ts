/** What the OpenAPI document says of keys, limits and credits, by the pricing table. */
import type { OpenApi } from "effect/http-api"
import { priceOf } from "./Pricing.ts"

const text = (description: string) => ({ description, schema: { type: "string" } })
const integer = (description: string) => ({ description, schema: { type: "integer" } })

const limitHeaders = {
  RateLimit: text('What is left and in how many seconds all of it is back: `"account";r=19;t=1`.'),
  "RateLimit-Policy": text('The limit: so much at once, back in so many seconds: `"account";q=20;w=4`.')
}

const creditHeaders = {
  "X-Credits-Used": integer("Credits that this answer cost."),
  "X-Credits-Remaining": text("Credits that are left, or `unlimited`.")
}

const estimateSchema = {
  type: "object",
  description: "What `dry_run=true` answers: how much the call gives and costs at most. Nothing was done.",
  required: ["estimate", "usage", "request_id", "response_time"],
  properties: {
    estimate: {
      type: "object",
      required: ["rows_max", "bytes_max", "credits_max"],
      properties: {
        rows_max: { type: "integer", description: "Entries." },
        bytes_max: { type: "integer", description: "Bytes of the answer before compression, roughly." },
        credits_max: { type: "integer" }
      }
    },
    usage: { type: "object", required: ["credits"], properties: { credits: { type: "integer" } } },
    request_id: { type: "string" },
    response_time: { type: "number" }
  }
}

const reference = "#/components/schemas/Estimate"

/** The operations of a path, whatever their method. */
export const operationsOf = ({ delete: remove, get, patch, post, put }: OpenApi.OpenAPISpecPathItem) =>
  [get, post, put, patch, remove].filter((operation) => operation !== undefined)

/** Changes the document. */
export const addAccess = (document: OpenApi.OpenAPISpec): void => {
  const { securitySchemes } = document.components as { securitySchemes: Record<string, object> }
  securitySchemes["bearer"] = { type: "http", scheme: "bearer", description: "A key of KalshiBook: `kb_live_...`." }
  securitySchemes["person"] = {
    type: "http",
    scheme: "bearer",
    bearerFormat: "JWT",
    description: "The access token of somebody who is signed in."
  }
  securitySchemes["header"] = { type: "apiKey", in: "header", name: "X-API-Key", description: "The same, for habits." }
  for (const item of Object.values(document.paths)) {
    for (const operation of operationsOf(item)) addToOperation(operation)
  }
  ;(document.components.schemas as Record<string, object>)["Estimate"] = estimateSchema
}

const addToOperation = (operation: OpenApi.OpenAPISpecOperation): void => {
  const price = priceOf(operation.operationId)
  const responses = operation.responses as Record<string, (typeof operation.responses)[number]>
  if (price.kind === "public") {
    for (const status of ["402", "403"]) delete responses[status]
    return
  }
  const isCharged = price.kind === "call" || price.kind === "rows"
  const isForPeople = price.kind === "member" || price.kind === "person"
  Object.assign(operation, {
    security: isForPeople ? [{ person: [] }] : [{ bearer: [] }, { header: [] }, { person: [] }]
  })
  for (const [status, response] of Object.entries(responses)) {
    const isAnswer = status === "200"
    Object.assign(response, {
      headers: {
        ...response.headers,
        ...(isAnswer || status === "429" ? limitHeaders : {}),
        ...(isAnswer ? creditHeaders : {}),
        ...(status === "429" ? { "Retry-After": integer("Seconds to wait.") } : {})
      }
    })
    const json = response.content?.["application/json"]
    if (isAnswer && isCharged && json !== undefined) {
      Object.assign(json, { schema: { anyOf: [json.schema, { $ref: reference }] } })
    }
  }
}
