/**
 * `/llms.txt` and `/llms-full.txt` (llmstxt.org): the API for whoever reads with a language model, made of the contract alone. The first
 * is enough to begin with, the second has everything, so that nothing has to be guessed.
 */
import * as AgentGuide from "./AgentGuide.ts"
import { curl } from "./CurlExamples.ts"
import { documentOfAnswers, typeOf } from "./LlmsSchemas.ts"
import { type Operation, operation, operationsOfKeys as operations } from "./OperationTable.ts"
import { type Price, packages, tiers } from "./Pricing.ts"
import { problemClasses, problems, problemsOfMetered } from "./Problems.ts"

/** The calls that most need, with what each is for. */
const verbs: ReadonlyArray<readonly [purpose: string, id: string, query?: string]> = [
  ["Find a market", "listMarkets"],
  ["Its book now", "getOrderbook", "view=summary&depth=5"],
  ["Its book at any moment", "getOrderbook"],
  ["Its prices over time", "listOrderbookSamples"],
  ["Its trades", "listTrades"],
  ["Every change of its book", "listDeltas"],
  ["How much of it is known", "getMarketCoverage"],
  ["What a call would cost", "listDeltas", "from=2026-11-21T14:00:00Z&limit=1000&dry_run=true"],
  ["Whole days as files", "createDownload"],
  ["What was used, and what is left", "getUsage"]
]

const dollars = (priceE4: number): string =>
  `$${priceE4 % 10_000 === 0 ? priceE4 / 10_000 : (priceE4 / 10_000).toFixed(3)}`

const priceText = (price: Price): string => {
  switch (price.kind) {
    case "public":
      return "free, no key"
    case "key":
      return `free, key with scope \`${price.scope}\``
    case "member":
    case "person":
      return "free, for people who are signed in"
    case "call":
      return `${price.credits} credit${price.credits === 1 ? "" : "s"} a call`
    case "rows":
      return `1 credit per ${price.rowsPerCredit.toLocaleString("en-US")} ${price.list} begun`
    case "stream":
      return `1 credit per ${price.rowsPerCredit.toLocaleString("en-US")} records delivered, begun; key with scope \`${price.scope}\``
    case "files":
      return `1 credit per ${price.rowsPerCredit.toLocaleString("en-US")} rows of files begun, once; key with scope \`${price.scope}\``
  }
}

const tierLine = ([name, { creditPriceE4, creditsMonthly, limits, title }]: readonly [
  string,
  (typeof tiers)["free"]
]): string =>
  [
    `- \`${name}\` (${title}): ${creditsMonthly > 0 ? `${creditsMonthly.toLocaleString("en-US")} credits a month` : "no monthly credits"}`,
    ...(creditPriceE4 === null ? [] : [`${dollars(creditPriceE4)} a credit`]),
    `${limits.requestsPerSecond} requests a second (${limits.burst} at once after a rest)`
  ].join(", ")

/** Codes of keys, limits and credits. */
const keyCodes: ReadonlySet<string> = new Set(
  Object.entries(problemClasses).flatMap(([code, one]) =>
    problemsOfMetered.some((each) => each === one) ? [code] : []
  )
)

const prices = [
  ...Object.entries(tiers).map(tierLine),
  `- Packages of \`project\`: ${packages.map(({ credits, priceE4 }) => `${credits.toLocaleString("en-US")} credits for ${dollars(priceE4)}`).join(", ")}.`
]

const mcp =
  "**Tools.** The same as an MCP server at `$KALSHIBOOK_URL/mcp` (streamable HTTP, the key as the header `Authorization: Bearer`): `search_markets`, `get_orderbook`, `get_orderbook_samples`, `get_trades`, `get_coverage`, `estimate_cost`, `create_download`, `get_usage`. Short answers, the same prices."

const head = [
  "# KalshiBook",
  "",
  `> ${AgentGuide.oneSentence}`,
  "",
  "```sh",
  "export KALSHIBOOK_URL=http://127.0.0.1:4000  # where this text came from",
  "export KALSHIBOOK_KEY=kb_live_...",
  "```",
  "",
  `**Key.** ${AgentGuide.authentication}`,
  "",
  ...[AgentGuide.units, AgentGuide.trust, AgentGuide.costs, AgentGuide.mistakes, mcp].flatMap((text) => [text, ""])
]

const block = (call: string): ReadonlyArray<string> => ["```sh", call, "```", ""]

const verb = ([purpose, id, query]: (typeof verbs)[number]): ReadonlyArray<string> => {
  const found = operation(id)
  return found === undefined ? [] : [`${purpose} (${priceText(found.price)}):`, "", ...block(curl(found, query))]
}

const operationLine = ({ method, path, price, summary }: Operation): string =>
  `- ${method} \`${path}\`: ${summary} (${priceText(price)})`

const links = [
  "## Docs",
  "",
  "- [Everything in one text](/llms-full.txt): every call with its parameters, answers, errors and examples",
  "- [OpenAPI 3.1](/openapi.json): the same for programs",
  "- [Reference](/docs): the same for people",
  "",
  "## Optional",
  "",
  "- [Prices](/v1/pricing): tiers, packages and what each call costs, as JSON",
  "- [Status](/v1/status): what is recorded now, and how fresh it is",
  "- [Coverage](/v1/coverage): how much is known, and why not the rest"
]

const firstCalls = ["## First calls", "", "Tickers and times are examples: take yours from the first answer.", ""]

/** The short text. */
export const llmsText = (): string =>
  [
    ...head,
    ...firstCalls,
    ...verbs.flatMap(verb),
    "## All calls",
    "",
    ...operations.map(operationLine),
    "",
    "## Prices and limits",
    "",
    ...prices,
    "- `GET /v1/pricing` has the table. `RateLimit` of each answer says how many requests are left, `Retry-After` how long to wait.",
    "",
    ...links,
    ""
  ].join("\n")

const parameterLine = ({ description, example, name, required, schema }: Operation["parameters"][number]): string =>
  [
    `- \`${name}\` (${typeOf(schema)}${required ? ", required" : ""}): ${description}`,
    ...(example === undefined ? [] : [` Example: \`${example}\`.`])
  ].join("")

/** Calls in descriptions name the server as the rest of the text does. */
const ofThisServer = (description: string): string => description.replaceAll("http://localhost:4000", "$KALSHIBOOK_URL")

/** Codes that any call may answer. */
const common =
  operations[0]?.problems.filter((code) => operations.every(({ problems }) => problems.includes(code))) ?? []

const coded = (codes: ReadonlyArray<string>): string => codes.map((code) => `\`${code}\``).join(", ")

const errorsOf = ({ price, problems }: Operation): string => {
  const own = problems.filter((code) => !common.includes(code) && !keyCodes.has(code))
  return [
    ...(own.length === 0 ? [] : [coded(own)]),
    ...(price.kind === "public" ? [] : ["those of keys and credits"]),
    "those of any call"
  ].join(", ")
}

const operationText = (one: Operation): ReadonlyArray<string> => [
  `### ${one.method} ${one.path}`,
  "",
  `${one.summary} (\`${one.id}\`; ${priceText(one.price)}).`,
  "",
  ofThisServer(one.description),
  "",
  ...(one.parameters.length === 0 ? [] : ["Parameters:", "", ...one.parameters.map(parameterLine), ""]),
  ...(one.body === undefined ? [] : [`Body: ${typeOf(one.body)}, as JSON.`, ""]),
  `Answer: ${one.answer === undefined ? "text" : typeOf(one.answer)}. Errors: ${errorsOf(one)}.`,
  "",
  ...block(curl(one)),
  ...(one.example === undefined ? [] : ["```json", JSON.stringify(one.example), "```", ""])
]

interface Told {
  readonly status: number
  readonly title: string
  readonly meaning: string
}

const problemLine = ([code, { meaning, status, title }]: readonly [string, Told]): string =>
  `- \`${code}\` (${status}, ${title}): ${meaning}`

/** The whole text. */
export const llmsFullText = (): string =>
  [
    ...head,
    ...firstCalls,
    ...verbs.flatMap(verb),
    "## Prices and limits",
    "",
    ...prices,
    "",
    "## Calls",
    "",
    `Errors of any call: ${coded(common)}. Those of keys and credits: ${coded([...keyCodes])}.`,
    "",
    ...operations.flatMap(operationText),
    "## Answers",
    "",
    "Fields of every object that a call takes or answers. Every JSON answer has also `usage.credits`, what it cost, `request_id` and `response_time` (seconds). Answers may gain fields.",
    "",
    ...documentOfAnswers(operations),
    "## Errors",
    "",
    ...Object.entries(problems).map(problemLine),
    "",
    ...links,
    ""
  ].join("\n")
