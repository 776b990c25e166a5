/** Requests of every route of the contract, right, nearly right and hostile: many of them, drawn from a seed at little cost. */
import { KalshiBookApi } from "@kalshibook/core/contract/KalshiBookApi"
import { operationExamples } from "@kalshibook/core/contract/OpenApiExamples"
import { OpenApi } from "effect/http-api"
import * as Seed from "./Seed.ts"

export interface HostileRequest {
  readonly method: string
  /** Path and query as they go out. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
}

/** Numbers in [0, 1), the same for the same seed (mulberry32). */
const randomOf = (seed: number) => {
  let state = seed
  return (): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

const spec = OpenApi.fromApi(KalshiBookApi)

/** Every route, with the parameters that it has. */
const routes = Object.entries(spec.paths).flatMap(([path, item]) =>
  (["get", "post", "patch", "delete"] as const).flatMap((method) => {
    const operation = item[method]
    if (operation === undefined) return []
    const names = operation.parameters.filter((each) => each.in === "query").map((each) => each.name)
    return [
      { method: method.toUpperCase(), path, names, isKnown: Object.hasOwn(operationExamples, operation.operationId) }
    ]
  })
)

const allNames = [...new Set(routes.flatMap(({ names }) => names))]

const segments = [
  ...[Seed.recorded, Seed.recorded, Seed.busy, Seed.unopened, "KXBTC15M", "KXBTCD-26NOV2117", "2026-11-20"],
  ...[
    "dl_5f0c2d6e9a1b4c7d8e3f2a1b0c9d8e7f",
    "bad_cursor",
    "..",
    "%2e%2e%2f",
    "%00",
    "%zz",
    "%ff",
    "%",
    "-",
    "a".repeat(300)
  ],
  ...["%F0%9F%8E%AF", "constructor", "__proto__", "1%27%20or%201=1--", "%3Cscript%3E", "..%5c..%5cetc"]
]

const values: Readonly<Record<string, ReadonlyArray<string>>> = {
  at: ["2026-11-21T14:00:05Z", "1795269605", "2026-11-21"],
  as_of: ["2026-11-21T14:00:05Z"],
  from: ["2026-11-21T14:00:00Z", "1795269600000"],
  to: ["2026-11-21T14:00:20Z", "2026-11-21T13:00:00Z"],
  interval: ["1m", "5m", "1h", "1d"],
  every: ["1s", "500ms", "1d"],
  limit: ["1", "7", "1000"],
  depth: ["0", "1", "100"],
  depth_cents: ["5"],
  format: ["json", "ndjson", "csv", "parquet", "arrow"],
  clock: ["received", "exchange"],
  derive: ["mid,spread", "size_after"],
  fields: ["ticker", "trade_id,ts_exchange", "start", "offset", "code,time"],
  q: ["bitcoin", "btc up", "'; drop table markets;--", "a & b | c:*"],
  status: ["active", "open"],
  outcome: ["answered", "held", "failed"],
  operation: ["getOrderbook"],
  caller: ["7Yq0hT3kPa", "user-0d9c8b7a"],
  request_id: [`req_${"5f0c2d6e".repeat(4)}`],
  tickers: [Seed.recorded, `${Seed.busy},${Seed.unopened}`],
  dry_run: ["true", "false"],
  max_credits: ["0", "10"]
}

const odd = [
  ...["", "0", "-1", "1e3", "NaN", "0x10", "1.5", "99999999999999999999", "null", "[]", "{}", "'", '"', "\\", "true"],
  ...[
    "1969-12-31",
    "9999-12-31",
    "2026-02-30",
    "now",
    "1795269605.1234567",
    "\u0000",
    "\ud800",
    "a,b,,c",
    "../../etc/passwd"
  ],
  ...[
    "'; select pg_sleep(1);--",
    "{{7*7}}",
    "<script>",
    "%s%n",
    "\r\nX-Bad: 1",
    "WzEsInRyYWRlcyIsIjAiLFsxLCIiXV0",
    "\u{1f3af}".repeat(20)
  ]
]

const bodies = [
  '{"dates":["2026-11-20"]}',
  '{"dates":["2026-11-20"],"dry_run":true}',
  ...['{"from":1,"to":0}', '{"dates":"x"}', '{"dates":[null]}', '{"tickers":["KXNOTHING"],"dates":["2026-11-20"]}'],
  ...[
    "",
    "{",
    "[]",
    "null",
    "1",
    '{"__proto__":{"a":1}}',
    '{"dates":["2026-11-20"],"format":"exe"}',
    `{"series":["${"x".repeat(5_000)}"]}`
  ]
]

const accepts = ["*/*", "application/json", "text/csv", "application/x-ndjson", "application/xml", ";;;q=x", ""]
const methods = ["HEAD", "OPTIONS", "POST", "PUT", "DELETE", "PATCH", "QUERY", "PROPFIND"]
const nowhere = [
  "//",
  "/v1//markets",
  "/v1/markets/",
  "/.env",
  "/v1/../v1/markets",
  "/docs/x",
  "/%",
  "/v2/markets",
  "/trade-api/v2/markets"
]

/** Requests without end. */
export function* requests(seed: number): Generator<HostileRequest, never> {
  const random = randomOf(seed)
  const pick = <A>(list: ReadonlyArray<A>): A => list[Math.floor(random() * list.length)] as A
  const letters = (): string =>
    Array.from({ length: Math.floor(random() * 20) }, () => String.fromCodePoint(1 + Math.floor(random() * 900))).join(
      ""
    )
  const valueOf = (name: string): string => {
    const drawn = random()
    if (drawn < 0.6) return pick(values[name] ?? odd)
    return drawn < 0.9 ? pick(odd) : letters()
  }
  const encoded = (text: string): string => encodeURIComponent(text.toWellFormed())
  while (true) {
    const route = pick(routes)
    const isSomewhere = random() < 0.95
    const path = isSomewhere ? route.path.replaceAll(/\{\w+\}/g, () => pick(segments)) : pick(nowhere)
    const pairs = Array.from({ length: Math.floor(random() * 4) }, () => {
      const name = random() < 0.85 ? pick(route.names.length > 0 ? route.names : allNames) : pick([...allNames, ...odd])
      return `${encoded(name)}=${encoded(valueOf(name))}`
    })
    const needed = route.names.includes("interval") && random() < 0.8 ? ["interval=1m"] : []
    const query = [...needed, ...pairs].join("&")
    const method = random() < 0.9 ? route.method : pick(methods)
    const hasBody = method !== "GET" && method !== "HEAD" && method !== "OPTIONS"
    yield {
      method,
      path: query === "" ? path : `${path}?${query}`,
      headers: {
        ...(random() < 0.2 ? { accept: pick(accepts) } : {}),
        ...(random() < 0.1 ? { "if-none-match": pick(["*", 'W/"x"', ""]) } : {}),
        ...(hasBody ? { "content-type": pick(["application/json", "application/json", "text/plain"]) } : {}),
        ...(hasBody && random() < 0.3
          ? { "idempotency-key": pick(["one", "two", "three words here", "x".repeat(300)]) }
          : {})
      },
      body: hasBody ? pick(bodies) : undefined
    }
  }
}
