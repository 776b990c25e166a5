/** What an agent gets from the MCP server, in both current revisions, by the official clients. */
import { assert, layer } from "@effect/vitest"
import { AllowedOrigins } from "@kalshibook/api/mcp/McpDoor"
import { llmsText } from "@kalshibook/core/contract/LlmsText"
import { Effect, Layer } from "effect"
import * as AgentClient from "./AgentClient.ts"
import * as ApiTest from "./ApiTest.ts"
import { customer } from "./Customer.ts"
import { ask, json } from "./Http.ts"
import * as Seed from "./Seed.ts"

const hour = { from: "2026-11-21T14:00:00Z", to: "2026-11-21T15:00:00Z" }
const book = { ticker: Seed.recorded, at: "2026-11-21T14:00:01Z" }

/** A call of each tool that works over the seed. */
const calls: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  search_markets: { event_ticker: "KXBTC15M-26NOV211415" },
  get_orderbook: book,
  get_orderbook_samples: { ticker: Seed.recorded, ...hour, every: "1s" },
  get_trades: { ticker: Seed.recorded, ...hour },
  get_coverage: { ticker: Seed.recorded, ...hour },
  estimate_cost: { tool: "get_trades", arguments: { ticker: Seed.recorded, limit: 700 } },
  get_usage: {}
}

const trades = `/v1/markets/${Seed.recorded}/trades`

for (const revision of AgentClient.revisions) {
  layer(ApiTest.layer())(`an agent that speaks MCP ${revision}`, (it) => {
    const connect = (key?: string | null) => AgentClient.connect(revision, key)

    it.effect("finds eight tools with schemas of what goes in and comes out, and is told what it must know", () =>
      Effect.gen(function* () {
        const agent = yield* connect()
        assert.strictEqual(agent.revision, revision)
        assert.include(agent.instructions, "`stale`")
        const tools = yield* agent.tools
        const names = [...Object.keys(calls), "create_download"]
        assert.sameMembers(
          tools.map(({ name }) => name),
          names
        )
        for (const name of names) assert.include(llmsText(), `\`${name}\``)
        for (const { inputSchema, name, outputSchema } of tools) {
          assert.strictEqual(inputSchema.type, "object", name)
          assert.include(outputSchema.required, "usage", name)
          // What a tool does without being told is told once.
          for (const { default: usual, description = "" } of Object.values<Record<string, string>>(
            inputSchema.properties
          )) {
            if (usual !== undefined) assert.notMatch(description, /default is (?!`full`)/, name)
          }
        }
        // Some clients read all of it to their model before each conversation.
        assert.isBelow(JSON.stringify(tools).length, 24_000)
      })
    )

    it.effect("gets from each tool what its schema says, short, and pays for it once what the API charges", () =>
      Effect.gen(function* () {
        const { key } = yield* customer()
        const agent = yield* connect(key)
        yield* agent.tools
        let paid = 0
        for (const [name, args] of Object.entries(calls)) {
          // The clients hold the answer to the schema.
          const { isError, structured, text } = yield* agent.call(name, args)
          assert.isFalse(isError, `${name}: ${text}`)
          assert.isBelow(Buffer.byteLength(text), 1_600, name)
          assert.isBelow(text.length, JSON.stringify(structured).length, name)
          paid += structured.usage.credits
          if (structured.usage.credits_remaining !== undefined) {
            assert.strictEqual(structured.usage.credits_remaining, 1_000 - paid, name)
          }
        }
        assert.strictEqual(paid, 4)
        const { body } = yield* json("/v1/usage", { key })
        assert.strictEqual(body.credits_used, paid)
        assert.deepStrictEqual(
          body.days.map((day: { operation: string; calls: number }) => [day.operation, day.calls]).sort(),
          [
            ["getOrderbook", 1],
            ["listMarkets", 1],
            ["listOrderbookSamples", 1],
            ["listTrades", 1]
          ]
        )
      })
    )

    it.effect("reads the same facts as in the API's own answer", () =>
      Effect.gen(function* () {
        const agent = yield* connect()
        const found = yield* agent.call("get_orderbook", book)
        const full = yield* json(`/v1/markets/${Seed.recorded}/orderbook?at=${book.at}`)
        for (const field of ["market_ticker", "at", "best", "trust", "orderbook_fp"]) {
          assert.deepStrictEqual(found.structured[field], full.body[field], field)
        }
        assert.isUndefined(found.structured.provenance)
        assert.include(found.text, `yes bid ${full.body.best.yes_bid_dollars} x ${full.body.best.yes_bid_size_fp}`)
        const proven = yield* agent.call("get_orderbook", { ...book, view: "full" })
        assert.deepStrictEqual(proven.structured.provenance, full.body.provenance)
        const stale = yield* agent.call("get_orderbook", { ticker: Seed.recorded, at: "2026-11-21T14:00:05Z" })
        assert.include(stale.text, "STALE (silence")
        assert.strictEqual(stale.structured.usage.credits, 0)
        const few = yield* agent.call("get_trades", { ticker: Seed.recorded, limit: 2 })
        const rest = yield* agent.call("get_trades", {
          ticker: Seed.recorded,
          cursor: few.structured.cursor,
          limit: 100
        })
        assert.strictEqual(few.structured.trades.length + rest.structured.trades.length, Seed.tradeCount)
        assert.strictEqual(rest.structured.gaps.length, 1)
        const everything = yield* agent.call("get_coverage")
        assert.strictEqual(everything.structured.totals.open_market_seconds > 0, true)
        assert.isUndefined(everything.structured.market_ticker)
      })
    )

    it.effect("learns from an error what would work, by the name of a tool", () =>
      Effect.gen(function* () {
        const agent = yield* connect()
        const small = yield* agent.call("get_orderbook", { ...book, ticker: Seed.recorded.toLowerCase() })
        assert.deepInclude(small.problem, { code: "unknown_market", status: 404 })
        const { arguments: meant, tool } = small.problem.suggestion
        assert.isFalse((yield* agent.call(tool, meant)).isError)
        const misspelt = yield* agent.call("get_orderbook", { ...book, dept: 3 })
        assert.deepInclude(misspelt.problem, { code: "bad_parameter", parameter: "dept" })
        const missing = yield* agent.call("get_trades")
        assert.deepInclude(missing.problem, { code: "bad_parameter", parameter: "ticker" })
        const odd = yield* agent.call("get_trades", { ticker: Seed.recorded, limit: { of: 3 } })
        assert.deepInclude(odd.problem, { code: "bad_parameter", parameter: "limit" })
        const early = yield* agent.call("get_orderbook", { ticker: Seed.recorded, at: "2026-11-20" })
        assert.strictEqual(early.problem.code, "before_first_record")
        assert.isFalse((yield* agent.call("get_orderbook", early.problem.suggestion.arguments)).isError)
        assert.strictEqual((yield* agent.call("create_download", { dates: ["2026-11-21"] })).problem.code, "not_sealed")
        assert.strictEqual((yield* agent.call("create_download", { days: 3 })).problem.parameter, "days")
        const unknown = yield* agent.call("estimate_cost", { tool: "make_coffee", arguments: {} })
        assert.deepInclude(unknown.problem, { code: "bad_parameter", parameter: "tool" })
        yield* Effect.flip(agent.call("make_coffee"))
      })
    )

    it.effect("is told what a call costs without paying for it, and may say what it must not exceed", () =>
      Effect.gen(function* () {
        const agent = yield* connect()
        const { structured } = yield* agent.call("estimate_cost", calls["estimate_cost"])
        assert.deepInclude(structured, { tool: "get_trades", credits_max: 3, rows_max: 700, is_exact: false })
        assert.strictEqual(structured.usage.credits, 0)
        const free = yield* agent.call("estimate_cost", { tool: "get_coverage", arguments: {} })
        assert.deepInclude(free.structured, { credits_max: 0, is_exact: true })
        const dear = yield* agent.call("get_trades", { ticker: Seed.recorded, limit: 700, max_credits: 2 })
        assert.deepInclude(dear.problem, { code: "max_credits_exceeded", status: 402, credits_needed: 3 })
      })
    )

    it.effect("is refused without credits, above its rate and beyond its scopes, with what to do", () =>
      Effect.gen(function* () {
        const poor = yield* customer({ terms: { creditsMonthly: 0 } })
        const unpaid = yield* Effect.flatMap(connect(poor.key), (agent) => agent.call("get_orderbook", book))
        assert.deepInclude(unpaid.problem, { code: "credits_exhausted", status: 402, credits_needed: 1 })
        assert.include(unpaid.problem.detail, "/v1/pricing")
        const slow = yield* customer({ terms: { burst: 1 } })
        const hasty = yield* connect(slow.key)
        assert.isFalse((yield* hasty.call("get_orderbook", book)).isError)
        const late = yield* hasty.call("get_orderbook", book)
        assert.deepInclude(late.problem, { code: "rate_limited", status: 429, retry_after_seconds: 1 })
        const reader = yield* customer({ key: { scopes: ["read"] } })
        const download = yield* Effect.flatMap(connect(reader.key), (agent) =>
          agent.call("create_download", { dates: ["2026-11-21"] })
        )
        assert.deepInclude(download.problem, { code: "scope_missing", status: 403, scope: "download" })
      })
    )

    it.effect("without a key sees the tools and what is for everybody; a key that is not valid is never let in", () =>
      Effect.gen(function* () {
        const agent = yield* connect(null)
        assert.lengthOf(yield* agent.tools, 8)
        assert.isFalse((yield* agent.call("get_coverage", { ticker: Seed.recorded })).isError)
        const keyless = yield* Effect.flip(agent.call("get_orderbook", book))
        assert.match(AgentClient.reasonOf(keyless), /key_required|401/)
        const wrong = yield* Effect.flip(connect("kb_live_wrong"))
        assert.match(AgentClient.reasonOf(wrong), /key_invalid|401/)
      })
    )
  })
}

const list = { jsonrpc: "2.0", id: 1, method: "tools/list" }

layer(Layer.provideMerge(ApiTest.layer(), Layer.succeed(AllowedOrigins, new Set(["https://agent.example"]))))(
  "the door of the MCP server",
  (it) => {
    it.effect("answers 401 with WWW-Authenticate to a wrong key, and to a call that needs one", () =>
      Effect.gen(function* () {
        const call = { ...list, method: "tools/call", params: { name: "get_orderbook", arguments: book } }
        for (const [key, code] of [
          ["kb_live_wrong", "key_invalid"],
          [null, "key_required"]
        ] as const) {
          const { body, headers, status } = yield* AgentClient.post(call, { key })
          assert.deepStrictEqual([status, body.code], [401, code])
          assert.match(headers.get("www-authenticate") ?? "", /^Bearer /)
        }
        const good = yield* AgentClient.post(call)
        assert.strictEqual(good.headers.get("x-credits-used"), "1")
        assert.isNotNull(good.headers.get("ratelimit"))
      })
    )

    it.effect("lets in no page of another site, and has nothing to listen to", () =>
      Effect.gen(function* () {
        for (const origin of ["https://evil.example", "http://127.0.0.1:4000", "null"]) {
          const { body, status } = yield* AgentClient.post(list, { headers: { origin } })
          assert.deepStrictEqual([status, body.error.code], [403, -32600], origin)
        }
        assert.strictEqual(
          (yield* AgentClient.post(list, { headers: { origin: "https://agent.example" } })).status,
          200
        )
        for (const method of ["GET", "DELETE", "PUT"]) {
          const { headers, status } = yield* ask("/mcp", { method })
          assert.deepStrictEqual([status, headers["allow"]], [405, "POST, OPTIONS"], method)
        }
      })
    )

    it.effect("answers what is no message, or too much of one, with an error of JSON-RPC", () =>
      Effect.gen(function* () {
        const deep = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"create_download","arguments":{"a":${"[".repeat(50_000)}${"]".repeat(50_000)}}}}`
        const refused: ReadonlyArray<readonly [string | object, number, number]> = [
          ["{", 400, -32700],
          ["", 400, -32700],
          ["null", 400, -32600],
          [[list, list], 400, -32600],
          [{ id: 1, method: "tools/list" }, 400, -32600],
          [{ ...list, id: null }, 400, -32600],
          [{ ...list, id: {} }, 400, -32600],
          [{ ...list, method: 7 }, 400, -32600],
          [{ ...list, params: [] }, 200, -32602],
          [{ ...list, method: "resources/list" }, 200, -32601],
          [{ ...list, method: "tools/call" }, 200, -32602],
          [{ ...list, method: "tools/call", params: { name: "a\nb" } }, 200, -32602],
          [{ ...list, method: "tools/call", params: { name: "make_coffee" } }, 200, -32602],
          [{ ...list, method: "tools/call", params: { name: "get_usage", arguments: 3 } }, 200, -32602],
          [" ".repeat(1_100_000), 413, -32600]
        ]
        for (const [sent, status, code] of refused) {
          const answer = yield* AgentClient.post(sent)
          const shown = JSON.stringify(sent).slice(0, 100)
          assert.deepStrictEqual([answer.status, answer.body?.error?.code], [status, code], `${shown}: ${answer.text}`)
          assert.strictEqual(answer.body.jsonrpc, "2.0")
        }
        const nested = yield* AgentClient.post(deep)
        assert.isBelow(nested.status, 500, nested.text)
        const old = { headers: { "mcp-protocol-version": "1999-01-01" } }
        assert.include((yield* AgentClient.post(list, old)).body.error.data.supported, "2025-11-25")
        const text = { headers: { "content-type": "text/plain" } }
        assert.strictEqual((yield* AgentClient.post(list, text)).status, 415)
        assert.strictEqual(
          (yield* AgentClient.post({ jsonrpc: "2.0", method: "notifications/initialized" })).status,
          202
        )
        assert.deepStrictEqual((yield* AgentClient.post({ ...list, method: "ping" })).body.result, {})
      })
    )
  }
)

layer(ApiTest.layer())("a summary", (it) => {
  it.effect("of a book is its top, and ladders only where they are asked for", () =>
    Effect.gen(function* () {
      const path = `/v1/markets/${Seed.recorded}/orderbook?at=${book.at}`
      const full = yield* ask(path)
      const short = yield* json(`${path}&view=summary`)
      const { best, trust } = JSON.parse(full.text)
      const head = { market_ticker: Seed.recorded, at: "2026-11-21T14:00:01.000000Z", clock: "received" }
      assert.deepStrictEqual(short.body, { ...head, best, trust, levels: { yes: 1, no: 1 } })
      assert.strictEqual(short.credits, 1)
      const some = yield* json(`${path}&view=summary&depth=1`)
      assert.deepStrictEqual(some.body.orderbook_fp, JSON.parse(full.text).orderbook_fp)
      assert.strictEqual((yield* json(`${path}&view=tiny`)).body.code, "bad_parameter")
    })
  )

  it.effect("of samples is best prices, in pages and in NDJSON; a table has none", () =>
    Effect.gen(function* () {
      const path = `/v1/markets/${Seed.recorded}/orderbook/samples?from=${hour.from}&to=${hour.to}&every=5s&view=summary`
      const { body } = yield* json(path)
      const last = { at: "2026-11-21T14:00:20.000000Z", trust: "trusted", gap_cause: null }
      const prices = { yes_bid_dollars: "0.4010", yes_ask_implied_dollars: null }
      assert.deepStrictEqual(body.samples.at(-1), { ...last, ...prices })
      const lines = (yield* ask(`${path}&format=ndjson`)).text.trimEnd().split("\n")
      assert.deepStrictEqual(
        lines.map((line) => JSON.parse(line)),
        body.samples
      )
      const table = yield* json(`${path}&format=csv`)
      assert.strictEqual(table.body.code, "not_acceptable")
      assert.strictEqual((yield* ask(table.body.suggestion)).status, 200)
      const derived = yield* json(`${path}&derive=mid&limit=1`)
      assert.deepStrictEqual(derived.body.samples[0].derived, { mid: "0.34550" })
      assert.notInclude((yield* ask(trades)).text, "summary")
    })
  )
})
