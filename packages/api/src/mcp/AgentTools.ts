/**
 * The tools that agents get. Each is an operation of the API under a name of its own, with short answers unless asked for more; what it
 * takes, costs and refuses is the operation's.
 */
import * as Agent from "@kalshibook/core/contract/AgentAnswers"
import { type JsonSchema, type Operation, operations } from "@kalshibook/core/contract/OperationTable"
import { Result, Schema } from "effect"
import { type Arguments, argumentsOf, type BadArgument, callOf, complete, type InsideCall } from "./ToolArguments.ts"
import { inputSchema, outputSchema, type ToolInput } from "./ToolSchemas.ts"
import * as Texts from "./ToolTexts.ts"

/** An answer in both of its forms. */
export interface ToolAnswer {
  readonly structured: object
  readonly text: string
}

export interface AgentTool {
  readonly name: string
  readonly title: string
  readonly description: string
  readonly inputSchema: JsonSchema
  readonly outputSchema: JsonSchema
  readonly isReadOnly: boolean
  /** What the arguments mean; `undefined` where the answer is known without a call. */
  readonly callFor: (given: Arguments) => Result.Result<InsideCall | undefined, BadArgument>
  /** Makes the answer of the API short. Fails where it is none of those that the contract has. */
  readonly answerOf: (body: object, given: Arguments) => Result.Result<ToolAnswer, Schema.SchemaError>
}

type Usage = Pick<typeof Agent.Book.Type, "usage">

interface Facts<Answer extends Usage> {
  readonly name: string
  readonly title: string
  readonly description: string
  /** Operations by their ids: the first takes the most parameters. */
  readonly operations: ReadonlyArray<string>
  readonly input?: Partial<Pick<ToolInput, "defaults" | "optional">>
  readonly isReadOnly?: boolean
  readonly output: Schema.Codec<Answer, unknown>
  /** What the API's answer lacks of the tool's. */
  readonly arranged?: (body: object) => object
  readonly text: (answer: Answer) => string
}

/** A stream or chosen fields would be another answer than the tool says, and the estimate has a tool of its own. */
const alwaysLeftOut: ReadonlySet<string> = new Set(["format", "fields", "dry_run", "depth_cents", "clock"])

const read = <Answer extends Usage>(output: Schema.Codec<Answer, unknown>, text: (answer: Answer) => string) => {
  const decode = Schema.decodeUnknownResult(output)
  return (body: object): Result.Result<ToolAnswer, Schema.SchemaError> =>
    Result.map(decode(body), (answer) => ({ structured: answer, text: `${text(answer)}\n${Texts.paid(answer)}` }))
}

const tool = <Answer extends Usage>(facts: Facts<Answer>): ReadonlyArray<AgentTool> => {
  const [main, other] = facts.operations.flatMap((id) => operations.filter((one) => one.id === id))
  if (main === undefined) return []
  const { defaults = {}, optional = new Set<string>() } = facts.input ?? {}
  const input: ToolInput = { defaults, leftOut: facts.isReadOnly === false ? new Set() : alwaysLeftOut, optional }
  const schema = inputSchema(main, input)
  const answerOf = read(facts.output, facts.text)
  return [
    {
      name: facts.name,
      title: facts.title,
      description: facts.description,
      inputSchema: schema,
      outputSchema: outputSchema(facts.output),
      isReadOnly: facts.isReadOnly ?? true,
      callFor: (given) =>
        Result.flatMap(complete(schema, defaults, given), (args) => {
          const isWhole = [...optional].every((name) => args[name] !== undefined)
          return callOf(isWhole ? main : (other ?? main), args)
        }),
      answerOf: (body) => answerOf(facts.arranged?.(body) ?? body)
    }
  ]
}

const arrayIn = (body: object, name: string): ReadonlyArray<object> => {
  const value = (body as Readonly<Record<string, unknown>>)[name]
  return Array.isArray(value) ? value : []
}

/** The days and keys of what was used, added up by operation. */
const byOperation = (body: object): object => {
  const sums = new Map<string, { operation: string; calls: number; credits: number; rows: number }>()
  for (const day of arrayIn(body, "days") as ReadonlyArray<{
    operation: string
    calls: number
    credits: number
    rows: number
  }>) {
    const sum = sums.get(day.operation) ?? { operation: day.operation, calls: 0, credits: 0, rows: 0 }
    sums.set(day.operation, {
      ...sum,
      calls: sum.calls + day.calls,
      credits: sum.credits + day.credits,
      rows: sum.rows + day.rows
    })
  }
  return { ...body, operations: [...sums.values()] }
}

const fewParts = (body: object): object => {
  const parts = arrayIn(body, "parts")
  const { partsMax } = Agent
  return { ...body, parts: parts.slice(0, partsMax), parts_left_out: Math.max(0, parts.length - partsMax) }
}

const called: ReadonlyArray<AgentTool> = [
  ...tool({
    name: "search_markets",
    title: "Search markets",
    description:
      "Finds markets of Kalshi, also closed ones, by series, event, category, status or tickers. Begin here: other tools take the `ticker`.",
    operations: ["listMarkets"],
    input: { defaults: { limit: 10 } },
    output: Agent.FoundMarkets,
    text: Texts.markets
  }),
  ...tool({
    name: "get_orderbook",
    title: "Order book at a moment",
    description:
      "The order book of a market now, or as it was `at` any recorded moment: best prices, the best `depth` levels, and whether it may be believed. `view=full` adds the proof. 1 credit.",
    operations: ["getOrderbook"],
    input: { defaults: { view: "summary", depth: 5 } },
    output: Agent.Book,
    text: Texts.book
  }),
  ...tool({
    name: "get_orderbook_samples",
    title: "Order book at regular moments",
    description:
      "Best prices of a market `every` so often in [from, to): a time series. `view=full` with `depth` adds ladders, `derive` measures. 1 credit per 100 begun.",
    operations: ["listOrderbookSamples"],
    input: { defaults: { view: "summary", limit: 60 } },
    output: Agent.BookSamples,
    text: Texts.samples
  }),
  ...tool({
    name: "get_trades",
    title: "Trades",
    description: "Trades of a market in [from, to), oldest first, with the holes between them. 1 credit per 250 begun.",
    operations: ["listTrades"],
    input: { defaults: { limit: 25 } },
    output: Agent.MarketTrades,
    text: Texts.trades
  }),
  ...tool({
    name: "get_coverage",
    title: "How much is known",
    description:
      "Which share of the open time of a market, or of the whole exchange without `ticker`, is known in [from, to), and what took the rest. Free, without a key.",
    operations: ["getMarketCoverage", "getCoverage"],
    input: { optional: new Set(["ticker"]) },
    output: Agent.Coverage,
    text: Texts.coverage
  }),
  ...tool({
    name: "create_download",
    title: "Download files",
    description:
      "Files of whole hours or days, for backtests. `dry_run` quotes for nothing; `max_credits` refuses what costs more. Call again with the same arguments to see how far it is: paid once. Needs the scope `download`.",
    operations: ["createDownload"],
    isReadOnly: false,
    output: Agent.DownloadState,
    arranged: fewParts,
    text: Texts.download
  }),
  ...tool({
    name: "get_usage",
    title: "What was used",
    description: "Credits used and left, and what was used in [from, to) by operation. Free.",
    operations: ["getUsage"],
    output: Agent.UsageSummary,
    arranged: byOperation,
    text: Texts.usage
  })
]

const names = called.map(({ name }) => name)

/** The call with `dry_run`; `undefined` for one that costs nothing anyway. */
const dry = (call: InsideCall): InsideCall | undefined => {
  if (call.body !== undefined) return { ...call, body: JSON.stringify({ ...JSON.parse(call.body), dry_run: true }) }
  const { parameters = [] } = operations.find((one) => argumentsOf(one, call.url) !== undefined) ?? {}
  if (!parameters.some(({ name }) => name === "dry_run")) return undefined
  return { ...call, url: `${call.url}${call.url.includes("?") ? "&" : "?"}dry_run=true` }
}

const isArguments = (value: unknown): value is Arguments =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const readEstimate = read(Agent.CostEstimate, Texts.estimate)

interface Estimated {
  readonly estimate?: object
  readonly quote?: {
    readonly rows: number
    readonly bytes: number
    readonly credits: number
    readonly is_exact: boolean
  }
}

const estimateCost: AgentTool = {
  name: "estimate_cost",
  title: "What a call would cost",
  description: "What a call of another tool costs at most, without making it. Free.",
  inputSchema: {
    type: "object",
    properties: {
      tool: { type: "string", enum: names },
      arguments: { type: "object", description: "The arguments of that tool." }
    },
    required: ["tool", "arguments"],
    additionalProperties: false
  },
  outputSchema: outputSchema(Agent.CostEstimate),
  isReadOnly: true,
  callFor: (given) => {
    const { arguments: args, tool: name, ...others } = given
    const meant = called.find((one) => one.name === name)
    const allowed = names.map((one) => `\`${one}\``).join(", ")
    if (meant === undefined) return Result.fail({ parameter: "tool", allowed, detail: `There is ${allowed}.` })
    if (!isArguments(args) || Object.keys(others).length > 0) {
      const detail = "`tool` and `arguments`, an object, are the arguments of this tool."
      return Result.fail({ parameter: "arguments", allowed: "the arguments of that tool", detail })
    }
    return Result.map(meant.callFor(args), (call) => (call === undefined ? undefined : dry(call)))
  },
  answerOf: (body, { tool: name }) => {
    const { estimate, quote } = body as Estimated
    const none = { credits_max: 0, rows_max: 0, bytes_max: 0, is_exact: true }
    const quoted =
      quote === undefined || quote === null
        ? undefined
        : { credits_max: quote.credits, rows_max: quote.rows, bytes_max: quote.bytes, is_exact: quote.is_exact }
    return readEstimate({
      ...none,
      ...body,
      ...(estimate === undefined ? {} : { ...estimate, is_exact: false }),
      ...quoted,
      tool: name
    })
  }
}

export const tools: ReadonlyArray<AgentTool> = [...called, estimateCost]

/** The tool that makes a call of the API, with the arguments; `undefined` where none does. */
export const toolFor = (url: string): { readonly tool: string; readonly arguments: Arguments } | undefined => {
  for (const { name, operation } of toolOfOperation) {
    const args = argumentsOf(operation, url)
    if (args !== undefined) return { tool: name, arguments: args }
  }
  return undefined
}

const toolOfOperation: ReadonlyArray<{ readonly name: string; readonly operation: Operation }> = [
  ["search_markets", "listMarkets"],
  ["get_orderbook", "getOrderbook"],
  ["get_orderbook_samples", "listOrderbookSamples"],
  ["get_trades", "listTrades"],
  ["get_coverage", "getMarketCoverage"],
  ["get_coverage", "getCoverage"],
  ["get_usage", "getUsage"]
].flatMap(([name = "", id]) => operations.filter((one) => one.id === id).map((operation) => ({ name, operation })))
