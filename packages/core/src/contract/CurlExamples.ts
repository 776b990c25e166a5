/**
 * Each operation as a call that can be pasted into a shell: `KALSHIBOOK_URL` and `KALSHIBOOK_KEY` say where and who. What an operation needs
 * is taken from the examples of its parameters, so one that is added to the contract has a call by itself.
 */
import type { Operation } from "./OperationTable.ts"

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
  listMarketLifecycle: `${hour}&limit=5`,
  listLifecycle: `${hour}&limit=5`,
  getMarketCoverage: hour,
  getCoverage: hour,
  listDatasets: "from=2026-11-20T00:00:00Z&to=2026-11-22T00:00:00Z",
  getUsage: "from=2026-11-01T00:00:00Z"
}

/** Bodies, as JSON without apostrophes. */
const bodies: Readonly<Record<string, string>> = {
  createDownload: '{"dates": ["2026-11-21"], "series": ["KXBTC15M"], "format": "csv", "max_credits": 100}'
}

/** Paths that only the answer to another call knows. */
const paths: Readonly<Record<string, string>> = { getDownload: "/v1/downloads/$DOWNLOAD_ID" }

const pathOf = ({ id, parameters, path }: Operation): string =>
  paths[id] ?? path.replaceAll(/\{(\w+)\}/g, (_, name) => parameters.find((one) => one.name === name)?.example ?? name)

const needed = ({ parameters }: Operation): string =>
  parameters
    .filter((parameter) => parameter.in === "query" && parameter.required)
    .map(({ example = "", name }) => `${name}=${example}`)
    .join("&")

/** The call of an operation; with a query of its own where one is given. */
export const curl = (operation: Operation, query = asked[operation.id] ?? needed(operation)): string => {
  const url = `"$KALSHIBOOK_URL${pathOf(operation)}${query === "" ? "" : `?${query}`}"`
  const key = operation.price.kind === "public" ? [] : ['-H "X-API-Key: $KALSHIBOOK_KEY"']
  const body =
    operation.body === undefined ? [] : ["-H 'content-type: application/json'", `-d '${bodies[operation.id] ?? "{}"}'`]
  return ["curl", ...key, ...body, url].join(" ")
}
