/**
 * The HTTP API as a value: what the server implements, clients call and the documentation shows.
 */
import { HttpApi, OpenApi } from "effect/http-api"
import { AccountGroup } from "./AccountGroups.ts"
import { BillingGroup } from "./BillingGroups.ts"
import { CandlesGroup } from "./CandlesGroups.ts"
import { EventsGroup, MarketsGroup, SeriesGroup } from "./CatalogGroups.ts"
import { CoverageGroup } from "./CoverageGroups.ts"
import { DatasetsGroup, DownloadsGroup } from "./DownloadGroups.ts"
import { BooksGroup, LifecycleGroup, RecordsGroup, TradesGroup } from "./HistoryGroups.ts"
import { KeysGroup, TicketsGroup } from "./KeyGroups.ts"
import { Metered } from "./Metered.ts"
import { repairOpenApi } from "./OpenApiRepairs.ts"
import { InvitationsGroup, MembersGroup, PeopleGroup } from "./PeopleGroups.ts"
import { HealthGroup, StatusGroup } from "./ServerGroups.ts"
import { SettlementsGroup } from "./SettlementGroups.ts"

/** Version of the server and of its documentation. */
export const apiVersion = "0.1.0"

const description = [
  "The complete, exact order-book history of the Kalshi prediction market.",
  "",
  "**Units.** Prices are dollars as decimal strings with four fraction digits, sizes are contracts with two. Read them as decimals, not as floats.",
  "",
  "**Times.** Give ISO 8601, or Unix seconds, milliseconds or microseconds. Answers have ISO 8601 in UTC with microseconds. Ranges are [from, to).",
  "",
  "**Two clocks.** Every record has the time at which we received it and, where the exchange gave one, the exchange's own. Without `clock`, a moment is meant by the first.",
  "",
  '**Pages.** Lists answer a `cursor`; pass it with the same filters for the next page. `""` is the end.',
  "",
  "**Less, and not again.** `fields=` gives only some fields of the rows of a list. Answers that rest wholly on sealed history have an `ETag`: send it in `If-None-Match`, and 304 costs nothing. An hour that is sealed again, because of a late correction, changes the tag.",
  "",
  "**Holes.** Where something was lost the log has a gap record, and a book that it touches says `stale` until the next snapshot. Trades and lifecycle messages come with the holes of their channels, and `/v1/coverage` says how much is known.",
  "",
  "**Keys and credits.** Send your key as `Authorization: Bearer kb_live_...` or `X-API-Key: kb_live_...`, never in the URL. What each call costs is in `/v1/pricing`; every answer says what it cost (`usage.credits`, `X-Credits-Used`) and what is left (`X-Credits-Remaining`). Errors, empty lists, books that we lost and the same page again cost nothing. `dry_run=true` answers what a call would cost, `max_credits` refuses what would cost more. Without a key: status, coverage, prices, and the first day of each month.",
  "",
  "**Problems.** Every error is `application/problem+json` (RFC 9457) with a `code`, and a `suggestion` of the next call where there is one."
].join("\n")

export class KalshiBookApi extends HttpApi.make("kalshibook")
  .add(
    MarketsGroup,
    EventsGroup,
    SeriesGroup,
    BooksGroup,
    RecordsGroup,
    TradesGroup,
    CandlesGroup,
    LifecycleGroup,
    SettlementsGroup,
    CoverageGroup,
    DatasetsGroup,
    DownloadsGroup,
    AccountGroup,
    BillingGroup,
    KeysGroup,
    TicketsGroup,
    PeopleGroup,
    MembersGroup,
    InvitationsGroup
  )
  // All above: known by a key or as a person, limited, charged by the table in Pricing.
  .middleware(Metered)
  .add(StatusGroup, HealthGroup)
  .annotate(HttpApi.QueryParseOptions, { onExcessProperty: "error", errors: "all" })
  .annotate(HttpApi.PayloadParseOptions, { onExcessProperty: "error", errors: "all" })
  .annotateMerge(
    OpenApi.annotations({
      title: "KalshiBook API",
      version: apiVersion,
      description,
      servers: [{ url: "/", description: "This server" }],
      transform: repairOpenApi
    })
  ) {}
