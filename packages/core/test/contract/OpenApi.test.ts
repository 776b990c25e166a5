import { assert, describe, it } from "@effect/vitest"
import { KalshiBookApi } from "@kalshibook/core/contract/KalshiBookApi"
import { operationsOf } from "@kalshibook/core/contract/OpenApiAccess"
import { operationExamples } from "@kalshibook/core/contract/OpenApiExamples"
import { prices } from "@kalshibook/core/contract/Pricing"
import { problemExample } from "@kalshibook/core/contract/ProblemExamples"
import { type ProblemCode, problemClasses, problems } from "@kalshibook/core/contract/Problems"
import { Validator } from "@seriousme/openapi-schema-validator"
import { Ajv2020 } from "ajv/dist/2020.js"
import { Schema } from "effect"
import { OpenApi } from "effect/http-api"

const spec = OpenApi.fromApi(KalshiBookApi)
const operations = Object.entries(spec.paths).flatMap(([path, item]) =>
  operationsOf(item).map((operation) => ({ path, operation }))
)

/** Every `$ref` in a value. */
const references = (value: unknown): ReadonlyArray<string> =>
  [...JSON.stringify(value).matchAll(/"\$ref":"([^"]+)"/g)].map(([, reference]) => reference ?? "")

const validator = () => {
  const ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: false })
  ajv.addSchema({ $id: "spec", components: spec.components })
  // Most problems are those of many operations: each schema is compiled once.
  const known = new Map<string, object>()
  return (schema: object, value: unknown): string => {
    const text = JSON.stringify(schema).replaceAll('"#/', '"spec#/')
    const absolute = known.get(text) ?? JSON.parse(text)
    known.set(text, absolute)
    return ajv.validate(absolute, value) ? "" : ajv.errorsText()
  }
}

describe("the OpenAPI document", () => {
  it("is version 3.1 with an operation for every endpoint, each named, described and with its parameters", () => {
    assert.strictEqual(spec.openapi, "3.1.0")
    assert.deepStrictEqual(Object.keys(spec.paths), [
      "/v1/markets",
      "/v1/markets/{ticker}",
      "/v1/events",
      "/v1/events/{ticker}",
      "/v1/series",
      "/v1/series/{ticker}",
      "/v1/markets/{ticker}/orderbook",
      "/v1/orderbooks",
      "/v1/markets/{ticker}/orderbook/samples",
      "/v1/markets/{ticker}/deltas",
      "/v1/markets/{ticker}/trades",
      "/v1/markets/{ticker}/candles",
      "/v1/markets/{ticker}/lifecycle",
      "/v1/lifecycle",
      "/v1/settlements",
      "/v1/markets/{ticker}/coverage",
      "/v1/coverage",
      "/v1/datasets",
      "/v1/datasets/{date}",
      "/v1/downloads",
      "/v1/downloads/{id}",
      "/v1/pricing",
      "/v1/usage",
      "/v1/usage/requests",
      "/v1/account",
      "/v1/billing",
      "/v1/billing/checkout",
      "/v1/billing/portal",
      "/v1/billing/invoices",
      "/v1/keys",
      "/v1/keys/{key_id}",
      "/v1/keys/{key_id}/rotate",
      "/v1/tickets",
      "/v1/session",
      "/v1/accounts",
      "/v1/members",
      "/v1/members/{user_id}",
      "/v1/invitations",
      "/v1/invitations/{invitation_id}",
      "/v1/invitations/accept",
      "/v1/status",
      "/healthz",
      "/metrics",
      "/",
      "/problems/{code}"
    ])
    for (const { path, operation } of operations) {
      assert.isDefined(operation, path)
      assert.isNotEmpty(operation?.summary, path)
      assert.isNotEmpty(operation?.description, path)
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
      const declared = operation?.parameters.filter((parameter) => parameter.in === "path").map((each) => each.name)
      assert.deepStrictEqual(declared, inPath)
    }
    const ids = operations.map(({ operation }) => operation?.operationId)
    assert.strictEqual(new Set(ids).size, ids.length)
  })

  it("is valid by the schema of OpenAPI 3.1", async () => {
    const validated = await new Validator().validate(JSON.parse(JSON.stringify(spec)))
    assert.isTrue(validated.valid, JSON.stringify(validated.errors)?.slice(0, 2_000))
  })

  it("has a schema for every reference and a reference to every schema", () => {
    const used = new Set(references(spec))
    const defined = Object.keys(spec.components.schemas).map((name) => `#/components/schemas/${name}`)
    assert.deepStrictEqual([...used].sort(), defined.sort())
    assert.isEmpty(Object.keys(spec.components.schemas).filter((name) => name.endsWith("Encoded")))
  })

  it("is made of valid JSON schemas", () => {
    const ajv = new Ajv2020({ strict: false, validateFormats: false })
    ajv.addSchema({ $id: "spec", components: spec.components })
    for (const [name, schema] of Object.entries(spec.components.schemas)) {
      assert.isTrue(ajv.validateSchema(schema), `${name}: ${ajv.errorsText()}`)
      assert.doesNotThrow(() => ajv.compile(JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"spec#/'))), name)
    }
  })

  it("says that the whole numbers of the query are whole numbers, with their range", () => {
    const parameter = (path: string, name: string) =>
      spec.paths[path]?.get?.parameters.find((each) => each.name === name)?.schema
    assert.deepStrictEqual(parameter("/v1/markets", "limit"), {
      type: "integer",
      minimum: 1,
      maximum: 1_000,
      default: 100
    })
    assert.deepStrictEqual(parameter("/v1/markets/{ticker}/orderbook", "depth"), {
      type: "integer",
      minimum: 0,
      maximum: 9_999,
      default: 0
    })
  })

  it("lets an answer gain fields without breaking clients that were generated from it", () => {
    assert.notInclude(JSON.stringify(spec), '"additionalProperties":false')
  })

  it("has an example for every JSON answer and problem, and each is valid by its schema", () => {
    const validate = validator()
    for (const { path, operation } of operations) {
      for (const [status, response] of Object.entries(operation?.responses ?? {})) {
        const json = response.content?.["application/json"] as
          | { schema: object; examples?: { answer: { value: unknown } } }
          | undefined
        if (json !== undefined) {
          assert.isDefined(json.examples, path)
          assert.strictEqual(validate(json.schema, json.examples?.answer.value), "", `${path} ${status}`)
        }
        const problem = response.content?.["application/problem+json"] as
          | {
              schema: { readonly oneOf?: ReadonlyArray<object> }
              examples: Record<string, { value: { status: number } }>
            }
          | undefined
        for (const [code, example] of Object.entries(problem?.examples ?? {})) {
          const { oneOf = [problem?.schema ?? {}] } = problem?.schema ?? {}
          const fitting = oneOf.filter((one) => validate(one, example.value) === "")
          assert.lengthOf(fitting, 1, `${path} ${code}`)
          assert.strictEqual(String(example.value.status), status, `${path} ${code}`)
        }
      }
    }
  })

  it("has examples that a client of the contract reads", () => {
    for (const group of Object.values(KalshiBookApi.groups)) {
      for (const endpoint of Object.values(group.endpoints)) {
        const item = spec.paths[endpoint.path.replaceAll(/:(\w+)/g, "{$1}")]
        const method = endpoint.method.toLowerCase() as "get"
        const operationId = item?.[method]?.operationId ?? ""
        const example = operationExamples[operationId]
        if (example === undefined) continue
        const [success] = [...endpoint.success] as ReadonlyArray<Schema.Codec<unknown>>
        assert.isDefined(success)
        if (success !== undefined) Schema.decodeUnknownSync(success)(example)
      }
    }
  })
})

describe("the table of prices", () => {
  it("has every operation, and says of each in the document whether it needs a key", () => {
    const ids = operations.map(({ operation }) => operation?.operationId ?? "")
    assert.deepStrictEqual(ids.toSorted(), Object.keys(prices).toSorted())
    for (const { operation, path } of operations) {
      const isOpen = prices[operation?.operationId ?? ""]?.kind === "public"
      assert.strictEqual((operation?.security ?? []).length > 0, !isOpen, path)
      assert.strictEqual(Object.hasOwn(operation?.responses ?? {}, "402"), !isOpen, path)
    }
  })
})

describe("the catalogue of problems", () => {
  it("has a class, an example and a description for every code", () => {
    assert.deepStrictEqual(Object.keys(problemClasses), Object.keys(problems))
    for (const code of Object.keys(problems) as ReadonlyArray<ProblemCode>) {
      const decoded = Schema.decodeUnknownSync(problemClasses[code] as Schema.ConstraintDecoder<object>)(
        problemExample(code)
      )
      assert.deepInclude(decoded, { ...problemExample(code) })
    }
  })
})
