/** The answers of the API as types: derived from the one contract, which itself stays out of the browser. */
import type * as BillingContract from "@kalshibook/core/contract/BillingAnswer"
import type * as Catalog from "@kalshibook/core/contract/CatalogAnswer"
import type * as Coverage from "@kalshibook/core/contract/CoverageAnswer"
import type * as Downloads from "@kalshibook/core/contract/DownloadAnswer"
import type * as KeyContract from "@kalshibook/core/contract/KeyAnswer"
import type * as LifecycleContract from "@kalshibook/core/contract/LifecycleView"
import type * as OrderbookContract from "@kalshibook/core/contract/OrderbookAnswer"
import type * as PeopleContract from "@kalshibook/core/contract/PeopleAnswer"
import type * as PricingContract from "@kalshibook/core/contract/PricingAnswer"
import type * as RecordContract from "@kalshibook/core/contract/RecordView"
import type * as SamplesContract from "@kalshibook/core/contract/SamplesAnswer"
import type * as StatusContract from "@kalshibook/core/contract/StatusAnswer"
import type * as StreamContract from "@kalshibook/core/contract/stream/StreamMessages"
import type * as TradeContract from "@kalshibook/core/contract/TradeView"
import type * as UsageContract from "@kalshibook/core/contract/UsageAnswer"
import type * as RequestsContract from "@kalshibook/core/contract/UsageRequestsAnswer"

/** With these fields: only a question for a summary leaves them out, and no page asks one. */
type With<Answer, Field extends keyof Answer> = Answer & {
  readonly [Name in Field]-?: Exclude<Answer[Name], undefined>
}

type AnyOrderbook = typeof OrderbookContract.Orderbook.Type
export type Orderbook = With<AnyOrderbook, "orderbook_fp" | "provenance" | "book_hash">
export type Samples = typeof SamplesContract.Samples.Type
export type BookSample = With<SamplesContract.BookSample, "orderbook_fp" | "offset">
export type Records = typeof RecordContract.Records.Type
export type BookRecord = RecordContract.RecordAnswer
export type Trades = typeof TradeContract.Trades.Type
export type Trade = TradeContract.TradeAnswer
export type Lifecycle = typeof LifecycleContract.Lifecycle.Type

export type Markets = typeof Catalog.Markets.Type
export type Market = Markets["markets"][number]
export type MarketOne = typeof Catalog.MarketOne.Type
export type Events = typeof Catalog.Events.Type
export type EventOne = typeof Catalog.EventOne.Type
export type SeriesPage = typeof Catalog.SeriesPage.Type
export type SeriesOne = typeof Catalog.SeriesOne.Type

export type MarketCoverage = typeof Coverage.MarketCoverage.Type
export type ExchangeCoverage = typeof Coverage.ExchangeCoverage.Type
export type Loss = MarketCoverage["totals"]["lost"][number]

export type Status = typeof StatusContract.Status.Type
export type Pricing = typeof PricingContract.Pricing.Type
export type Usage = typeof UsageContract.Usage.Type
export type UsageRequests = typeof RequestsContract.UsageRequests.Type
export type UsageRequest = RequestsContract.UsageRequest
export type KeyList = typeof KeyContract.KeyList.Type
export type Key = KeyList["keys"][number]
export type NewKey = typeof KeyContract.NewKey.Type
export type OneKey = typeof KeyContract.OneKey.Type
export type Billing = typeof BillingContract.Billing.Type
export type PaymentPage = typeof BillingContract.PaymentPage.Type
export type Invoices = typeof BillingContract.Invoices.Type
export type Session = typeof PeopleContract.Session.Type
export type Membership = Session["accounts"][number]
export type OpenedAccount = typeof PeopleContract.OpenedAccount.Type
export type JoinedAccount = typeof PeopleContract.JoinedAccount.Type
export type MemberList = typeof PeopleContract.MemberList.Type
export type Member = MemberList["members"][number]
export type InvitationList = typeof PeopleContract.InvitationList.Type
export type Invitation = InvitationList["invitations"][number]
export type NewInvitation = typeof PeopleContract.NewInvitation.Type
export type Datasets = typeof Downloads.Datasets.Type
export type Download = Downloads.Download
export type Ticket = typeof KeyContract.Ticket.Type

export type StreamMessage = StreamContract.ServerMessage
/** A whole book of the stream. */
export type StreamedBook = Extract<StreamMessage, { readonly type: "snapshot" | "conflated" }>

/** What the server says to the pages before anything else (`/site.json`). */
export interface SiteSettings {
  readonly auth: { readonly url: string; readonly key: string } | null
  /** Series whose markets need no key. */
  readonly demo_series: ReadonlyArray<string>
  /** Where there is no such series: the busiest market of the latest day that is open to everybody. */
  readonly sample: SampleMarket | null
}

export interface SampleMarket {
  readonly market_ticker: string
  readonly title: string
  /** Of its first and last record of the day. */
  readonly from: string
  readonly to: string
}
