/** What may be sent to the MCP server by someone who means ill, or does not know what he does. */
import { assert, layer } from "@effect/vitest"
import { tools } from "@kalshibook/api/mcp/AgentTools"
import { Effect } from "effect"
import * as fc from "fast-check"
import * as AgentClient from "./AgentClient.ts"
import * as ApiTest from "./ApiTest.ts"
import * as Seed from "./Seed.ts"

const text = fc.oneof(
  fc.constantFrom(
    Seed.recorded,
    Seed.busy,
    "..",
    ".",
    "",
    "%",
    "%2e%2e",
    "\u0000",
    "a/b?c=d#e",
    "\ud800",
    "true",
    "-1",
    "1e9"
  ),
  fc.string({ unit: "binary", maxLength: 40 })
)

const value = fc.oneof({ weight: 3, arbitrary: text }, fc.integer(), fc.double(), fc.boolean(), fc.jsonValue())

/** Arguments that a tool has, with values that it may not have, and now and then another. */
const call = fc.constantFrom(...tools).chain(({ inputSchema, name }) =>
  fc
    .dictionary(
      fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...Object.keys(inputSchema["properties"] as object)) }, text),
      value,
      {
        maxKeys: 5
      }
    )
    .map((args) => ({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name, arguments: args } }))
)

const estimate = call.map(({ params, ...rest }) => ({
  ...rest,
  params: { name: "estimate_cost", arguments: { tool: params.name, arguments: params.arguments } }
}))

const message = fc.record(
  {
    jsonrpc: fc.oneof({ weight: 5, arbitrary: fc.constant("2.0") }, fc.jsonValue()),
    id: fc.oneof(fc.integer(), text, fc.jsonValue()),
    method: fc.oneof(
      fc.constantFrom("initialize", "ping", "tools/list", "tools/call", "server/discover", "notifications/cancelled"),
      text
    ),
    params: fc.oneof(
      fc.jsonValue(),
      fc.record({ _meta: fc.constant({ "io.modelcontextprotocol/protocolVersion": "2026-07-28" }), name: text })
    )
  },
  { requiredKeys: [] }
)

const body = fc.oneof({ weight: 4, arbitrary: call }, estimate, message, fc.jsonValue(), text)

const headers = fc.record(
  {
    "mcp-protocol-version": fc.constantFrom("2025-11-25", "2026-07-28", "2025-03-26", "x"),
    "mcp-method": fc.constantFrom("tools/call", "tools/list"),
    "mcp-session-id": fc.constantFrom("none")
  },
  { requiredKeys: [] }
)

layer(ApiTest.layer())("the MCP server", (it) => {
  it.effect("answers whatever is sent with JSON-RPC, never with a fault of its own", () =>
    Effect.gen(function* () {
      const samples = fc.sample(fc.tuple(body, headers), { numRuns: 150, seed: 20_261_126 })
      let answered = 0
      for (const [sent, more] of samples) {
        const {
          body: answer,
          status,
          text: got
        } = yield* AgentClient.post(typeof sent === "string" ? sent : JSON.stringify(sent), { headers: more })
        const shown = `${JSON.stringify(sent)} ${JSON.stringify(more)}: ${status} ${got}`
        assert.isBelow(status, 500, shown)
        if (answer === undefined) continue
        assert.strictEqual(answer.jsonrpc, "2.0", shown)
        assert.notInclude(got, "internal", shown)
        assert.notStrictEqual(answer.error?.code, -32603, shown)
        if (answer.result?.content !== undefined) answered++
      }
      assert.isAbove(answered, 40)
    })
  )
})
