/** The playground has a form for everything that the API's own document tells of. */
import { KalshiBookApi } from "@kalshibook/core/contract/KalshiBookApi"
import * as Call from "@kalshibook/web/playground/Call"
import * as Json from "@kalshibook/web/playground/Json"
import { operationsOf } from "@kalshibook/web/playground/Operations"
import { OpenApi } from "effect/http-api"
import { assert, it } from "vitest"

const document = OpenApi.fromApi(KalshiBookApi)
const operations = operationsOf(JSON.parse(JSON.stringify(document)))

it("has every operation of the document, each with all that its path needs", () => {
  const known = Object.values(KalshiBookApi.groups).flatMap((group) => Object.values(group.endpoints))
  assert.isAtLeast(operations.length, known.length)
  for (const { parameters, path } of operations) {
    const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
    assert.sameMembers(
      parameters.filter(({ place }) => place === "path").map(({ name }) => name),
      inPath,
      path
    )
  }
})

it("makes a question of what is filled in, and says what is missing", () => {
  const orderbook = operations.find(({ id }) => id === "getOrderbook")
  assert.isDefined(orderbook)
  if (orderbook === undefined) return
  assert.deepStrictEqual(Call.missing(orderbook, {}), ["ticker"])
  assert.deepInclude(Call.questionOf(orderbook, { ticker: "KX-1.5", depth: "3" }, undefined), {
    method: "GET",
    path: "/v1/markets/KX-1.5/orderbook"
  })
})

it("begins with a body that is JSON where there is one", () => {
  const bodies = operations.flatMap(({ body }) => (body === undefined ? [] : [body]))
  assert.isNotEmpty(bodies)
  for (const body of bodies) assert.isTrue(Json.parse(body).isJson, body)
})
