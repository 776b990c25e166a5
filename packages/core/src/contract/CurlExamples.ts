/**
 * Each operation as a call that can be pasted into a shell: `KALSHIBOOK_URL` and `KALSHIBOOK_KEY` say where and who. What an operation needs
 * is taken from the examples of its parameters, so one that is added to the contract has a call by itself.
 */
import { type JsonSchema, type Operation, resolved } from "./OperationTable.ts"

const hour = "from=2026-11-21T14:00:00Z&to=2026-11-21T15:00:00Z"

/** What is asked for beyond what an operation needs. */
const asked: Readonly<Record<string, string>> = {
  listMarkets: "series_ticker=KXBTC15M&status=active&limit=5",
  listEvents: "series_ticker=KXBTC15M&limit=5",
  listSeries: "category=Crypto&limit=5",
  getOrderbook: "at=2026-11-21T14:00:01Z&view=summary&depth=5",
  listOrderbooks: "event=KXBTC15M-26NOV211415&at=2026-11-21T14:00:01Z&depth=1",
  listOrderbookSamples: `${hour}&every=1m&view=summary&limit=10`,
  listDeltas: `${hour}&limit=5`,
  listTrades: `${hour}&limit=5`,
  listCandles: `${hour}&interval=5m`,
  listSettlements: "series_ticker=KXBTC15M&limit=5",
  listMarketLifecycle: `${hour}&limit=5`,
  listLifecycle: `${hour}&limit=5`,
  getMarketCoverage: hour,
  getCoverage: hour,
  listDatasets: "from=2026-11-20T00:00:00Z&to=2026-11-22T00:00:00Z",
  getUsage: "from=2026-11-01T00:00:00Z",
  listUsageRequests: "outcome=failed&limit=20"
}

/** Bodies, as JSON without apostrophes, where what is needed alone says too little. */
const bodies: Readonly<Record<string, string>> = {
  createDownload: '{"dates": ["2026-11-21"], "series": ["KXBTC15M"], "format": "csv", "max_credits": 100}',
  createKey: '{"name": "agent", "scopes": ["read"]}',
  changeKey: '{"month_credits_cap": 100}',
  rotateKey: '{"overlap_seconds": 3600}'
}

/** What only the answer to another call knows, by the parameter of the path. */
const variables: Readonly<Record<string, string>> = { id: "$DOWNLOAD_ID", key_id: "$KEY_ID" }

const pathOf = ({ parameters, path }: Operation): string =>
  path.replaceAll(
    /\{(\w+)\}/g,
    (_, name) => variables[name] ?? parameters.find((one) => one.name === name)?.example ?? name
  )

const neededOfQuery = ({ parameters }: Operation): string =>
  parameters
    .filter((parameter) => parameter.in === "query" && parameter.required)
    .map(({ example = "", name }) => `${name}=${example}`)
    .join("&")

/** The members that a body must have, by their examples. */
const neededOfBody = (body: JsonSchema): string => {
  const { properties = {}, required = [] } = resolved(body) as {
    readonly properties?: Readonly<Record<string, { readonly examples?: ReadonlyArray<unknown> }>>
    readonly required?: ReadonlyArray<string>
  }
  return JSON.stringify(Object.fromEntries(required.map((name) => [name, properties[name]?.examples?.[0]])))
}

const methodOf = ({ body, method }: Operation): ReadonlyArray<string> =>
  method === "GET" || (method === "POST" && body !== undefined) ? [] : [`-X ${method}`]

/** The call of an operation; with a query of its own where one is given. */
export const curl = (operation: Operation, query = asked[operation.id] ?? neededOfQuery(operation)): string => {
  const { body, id, price } = operation
  const url = `"$KALSHIBOOK_URL${pathOf(operation)}${query === "" ? "" : `?${query}`}"`
  const key = price.kind === "public" ? [] : ['-H "X-API-Key: $KALSHIBOOK_KEY"']
  const sent =
    body === undefined ? [] : ["-H 'content-type: application/json'", `-d '${bodies[id] ?? neededOfBody(body)}'`]
  return ["curl", ...methodOf(operation), ...key, ...sent, url].join(" ")
}
