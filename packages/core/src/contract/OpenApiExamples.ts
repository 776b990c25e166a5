/**
 * One example of every answer, for the documentation. The tests decode each with its schema.
 */
import { account, key, usageRequests } from "./AccountExamples.ts"
import { answer } from "./AnswerExample.ts"
import * as BillingExamples from "./BillingExamples.ts"
import { orderbook, orderbooks, records, samples } from "./BooksExamples.ts"
import { event, market, series } from "./CatalogExamples.ts"
import { candles, lifecycle, settlements, trades } from "./ChannelExamples.ts"
import { exchangeCoverage, marketCoverage } from "./CoverageExamples.ts"
import { dataset, datasets, download } from "./DownloadExamples.ts"
import { peopleExamples } from "./PeopleExamples.ts"
import * as PricingAnswer from "./PricingAnswer.ts"
import { docsOf } from "./ProblemKind.ts"
import { problems } from "./Problems.ts"
import { status } from "./StatusExample.ts"

/** By operation: an answer of status 200. */
export const operationExamples: Readonly<Record<string, unknown>> = {
  listMarkets: { markets: [market], cursor: "", as_of: null, ...answer },
  getMarket: { market, as_of: "2026-11-21T14:03:00.000000Z", ...answer },
  listEvents: { events: [event], cursor: "", as_of: null, ...answer },
  getEvent: { event, markets: [market], markets_cursor: "", as_of: null, ...answer },
  listSeries: { series: [series], cursor: "", as_of: null, ...answer },
  getSeries: { series, as_of: null, ...answer },
  getOrderbook: orderbook,
  listOrderbooks: orderbooks,
  listOrderbookSamples: samples,
  listDeltas: records,
  listTrades: trades,
  listCandles: candles,
  listSettlements: settlements,
  listMarketLifecycle: lifecycle,
  listDatasets: datasets,
  getDataset: dataset,
  createDownload: download,
  getDownload: download,
  listLifecycle: lifecycle,
  getMarketCoverage: marketCoverage,
  getCoverage: exchangeCoverage,
  getPricing: { ...PricingAnswer.view(), ...answer },
  getUsage: {
    tier: "free",
    from: "2026-11-01T00:00:00.000000Z",
    to: "2026-11-21T14:03:00.000000Z",
    credits_used: 42,
    month_credits_used: 42,
    month_credits_cap: null,
    credits_remaining: 958,
    days: [{ day: "2026-11-21", operation: "getOrderbook", key: "7Yq0hT3kPa", calls: 42, credits: 42, rows: 42 }],
    ...answer
  },
  listUsageRequests: usageRequests,
  getAccount: account,
  changeAccount: account,
  getBilling: BillingExamples.billing,
  createCheckout: BillingExamples.checkout,
  createPortal: BillingExamples.portal,
  listInvoices: BillingExamples.invoices,
  listKeys: { keys: [key], ...answer },
  createKey: { key, secret: "kb_live_7Yq0hT3kPa_...", replaces: null, ...answer },
  changeKey: { key, ...answer },
  rotateKey: {
    key: { ...key, id: "b8Rt2mW0xe", last_used_at: null },
    secret: "kb_live_b8Rt2mW0xe_...",
    replaces: { ...key, expires_at: "2026-11-22T14:03:00.000000Z" },
    ...answer
  },
  revokeKey: { key: { ...key, revoked_at: "2026-11-21T14:03:00.000000Z" }, ...answer },
  ...peopleExamples,
  createTicket: { ticket: "kb_ticket_...", expires_at: "2026-11-21T14:04:00.000000Z", ...answer },
  getStatus: status,
  getHealth: { status: "ok", ...answer },
  getIndex: {
    name: "KalshiBook",
    description: "The complete, exact order-book history of the Kalshi prediction market.",
    version: "0.1.0",
    links: { docs: "/docs", openapi: "/openapi.json", status: "/v1/status", markets: "/v1/markets" },
    ...answer
  },
  getProblem: {
    problem: {
      code: "bad_cursor",
      type: "/problems/bad_cursor",
      docs: docsOf("bad_cursor"),
      title: problems.bad_cursor.title,
      status: problems.bad_cursor.status,
      meaning: problems.bad_cursor.meaning
    },
    ...answer
  }
}
