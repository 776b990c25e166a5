/** Whoever tries what the documentation shows gets an answer: every example of the OpenAPI document is asked of the server. */
import { assert, layer } from "@effect/vitest"
import { KalshiBookApi } from "@kalshibook/core/contract/KalshiBookApi"
import { Effect } from "effect"
import { OpenApi } from "effect/http-api"
import * as ApiTest from "./ApiTest.ts"
import { ask, json, post } from "./Http.ts"

const spec = OpenApi.fromApi(KalshiBookApi)

interface Parameter {
  readonly name: string
  readonly in: string
  readonly required: boolean
  readonly example?: unknown
}

const operations = Object.entries(spec.paths).flatMap(([path, item]) => {
  const operation = item.get
  return operation === undefined
    ? []
    : [{ path, id: operation.operationId, parameters: operation.parameters as unknown as ReadonlyArray<Parameter> }]
})

/** What cannot be there: nothing is sealed in these tests, no download was made, the key is not made for keys, and is no person. */
const absent: Readonly<Record<string, string>> = {
  getDataset: "not_sealed",
  getDownload: "unknown_download",
  listKeys: "scope_missing",
  getBilling: "scope_missing",
  listInvoices: "scope_missing",
  getSession: "sign_in_required",
  listMembers: "sign_in_required",
  listInvitations: "sign_in_required"
}

/** A field of the rows: the example is one of markets. */
const rowFields: Readonly<Record<string, string>> = {
  listEvents: "title",
  listSeries: "title",
  listOrderbooks: "best",
  listOrderbookSamples: "trust",
  listDeltas: "offset",
  listTrades: "trade_id",
  listCandles: "price",
  listMarketLifecycle: "msg",
  listLifecycle: "msg",
  listSettlements: "result",
  listUsageRequests: "code"
}

/** A stream's status. */
const streamedStatus = (url: string) =>
  Effect.map(ask(url), ({ status, text }) => ({ status, body: status === 200 ? {} : JSON.parse(text) }))

/** Only with a format that streams. */
const streamed = new Set(["listDeltas derive"])

layer(ApiTest.layer())("the documentation", (it) => {
  it.effect("has for every parameter an example that works, alone and beside those that are needed", () =>
    Effect.gen(function* () {
      yield* ApiTest.minutesLater(120)
      let asked = 0
      for (const { id, parameters, path } of operations) {
        if (path === "/metrics") continue
        const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
          const example = parameters.find((each) => each.in === "path" && each.name === name)?.example
          return encodeURIComponent(String(example))
        })
        const queries = parameters.filter((each) => each.in === "query")
        const needed = queries
          .filter(({ required }) => required)
          .map(({ example, name }) => `${name}=${String(example)}`)
        const tried = [
          [],
          ...queries
            .filter(({ name, required }) => !required && name !== "cursor")
            .map((each) => {
              assert.isDefined(each.example, `${id} ${each.name}`)
              const fields = each.name === "fields" ? rowFields[id] : undefined
              const extra = streamed.has(`${id} ${each.name}`) ? ["format=ndjson"] : []
              return [`${each.name}=${encodeURIComponent(String(fields ?? each.example))}`, ...extra]
            })
        ]
        for (const query of tried) {
          const text = [...needed, ...query].join("&")
          const url = text === "" ? filled : `${filled}?${text}`
          const isStream = text.includes("format=")
          const { body, status } = isStream ? yield* streamedStatus(url) : yield* json(url)
          if (absent[id] !== undefined) assert.strictEqual(body.code, absent[id], url)
          else assert.strictEqual(status, 200, `${url}: ${JSON.stringify(body).slice(0, 300)}`)
          asked++
        }
      }
      assert.isAbove(asked, 100)
    })
  )

  it.effect("shows commands that work as pasted", () =>
    Effect.gen(function* () {
      yield* ApiTest.minutesLater(120)
      const commands = Object.values(spec.paths).flatMap((item) =>
        [item.get, item.post].flatMap((operation) => [
          ...(operation?.description ?? "").matchAll(/curl (?:-d '([^']+)')?[^`]*?"http:\/\/localhost:4000([^"]+)"/g)
        ])
      )
      assert.isAtLeast(commands.length, 5)
      for (const [command, body, path = ""] of commands) {
        const answer = body === undefined ? yield* json(path) : yield* post(path, JSON.parse(body))
        if (body === undefined) assert.strictEqual(answer.status, 200, command)
        else assert.strictEqual(answer.body.code, "not_sealed", command)
      }
    })
  )
})
