/**
 * The REST API as routes: the contract implemented over the stores, with its document and its reference page.
 */

import * as ErrorCatalogue from "@kalshibook/core/contract/ErrorCatalogue"
import { KalshiBookApi } from "@kalshibook/core/contract/KalshiBookApi"
import { Effect, Layer } from "effect"
import { HttpRouter, HttpServerResponse } from "effect/http"
import { HttpApiBuilder, HttpApiScalar } from "effect/http-api"
import { AccountHandlers } from "./AccountHandlers.ts"
import * as Answering from "./Answering.ts"
import { BooksHandlers } from "./BooksHandlers.ts"
import { BillingHandlers } from "./billing/BillingHandlers.ts"
import * as WebhookRoute from "./billing/WebhookRoute.ts"
import { Callers } from "./Callers.ts"
import { CandlesHandlers } from "./CandlesHandlers.ts"
import { EventsHandlers, MarketsHandlers, SeriesHandlers } from "./CatalogHandlers.ts"
import * as ClientAddress from "./ClientAddress.ts"
import { CoverageHandlers } from "./CoverageHandlers.ts"
import { DatasetsHandlers } from "./DatasetHandlers.ts"
import { DownloadsHandlers } from "./DownloadHandlers.ts"
import { KeysHandlers, TicketsHandlers } from "./KeyHandlers.ts"
import * as LlmsRoutes from "./LlmsRoutes.ts"
import { InvitationsHandlers, MembersHandlers } from "./MemberHandlers.ts"
import * as Metering from "./Metering.ts"
import * as ToolServer from "./mcp/ToolServer.ts"
import * as ObjectRoutes from "./ObjectRoutes.ts"
import { OpenConnections } from "./OpenConnections.ts"
import { PeopleHandlers } from "./PeopleHandlers.ts"
import { RecordsHandlers } from "./RecordsHandlers.ts"
import { RequestErrors } from "./RequestErrors.ts"
import type { RequestGate } from "./RequestGate.ts"
import { docsPath, errorsPath, openApiPath } from "./RouteTable.ts"
import { HealthHandlers, StatusHandlers } from "./ServerHandlers.ts"
import { SettlementsHandlers } from "./SettlementHandlers.ts"
import { LifecycleHandlers, TradesHandlers } from "./SideChannelHandlers.ts"
import * as StraightBooks from "./StraightBooks.ts"
import { StreamMeters } from "./StreamMeter.ts"
import * as SiteRoutes from "./site/SiteRoutes.ts"
import * as StreamRoute from "./stream/StreamRoute.ts"

/** Calls and streams, in whatever protocol, know callers and open connections by the same services. */
const callers = Layer.merge(OpenConnections.layer.pipe(Layer.provideMerge(Callers.layer)), StreamMeters.layer)

const handlers = Layer.mergeAll(
  MarketsHandlers,
  EventsHandlers,
  SeriesHandlers,
  BooksHandlers,
  RecordsHandlers,
  TradesHandlers,
  CandlesHandlers,
  LifecycleHandlers,
  SettlementsHandlers,
  CoverageHandlers,
  DatasetsHandlers,
  DownloadsHandlers,
  AccountHandlers,
  BillingHandlers,
  KeysHandlers,
  TicketsHandlers,
  PeopleHandlers,
  MembersHandlers,
  InvitationsHandlers,
  StatusHandlers,
  HealthHandlers
).pipe(Layer.provide(Metering.layer), Layer.provide(callers))

/** Scalar's own options beyond those that Effect names: no links to Scalar's services. */
const scalar: HttpApiScalar.ScalarConfig & { showDeveloperTools: "never"; hideClientButton: true } = {
  withDefaultFonts: false,
  hideModels: true,
  defaultOpenAllTags: true,
  favicon: "data:,",
  // Sections are some pixels wider than a phone: without this the whole page moves sideways.
  customCss: "html, body { overflow-x: clip }",
  showDeveloperTools: "never",
  hideClientButton: true
}

/** The page is whole: it asks no other host for anything, not even for fonts. */
const docs = HttpApiScalar.layer(KalshiBookApi, { path: docsPath, scalar })

/** The catalogue of errors, as docs/errors.md has it. */
const errors = HttpRouter.add(
  "GET",
  errorsPath,
  Effect.sync(() => HttpServerResponse.text(ErrorCatalogue.markdown(), { contentType: "text/markdown; charset=utf-8" }))
)

/**
 * All routes; needs the stores and an `HttpRouter`, which `HttpRouter.serve` provides. `more` are routes beside the contract that are served
 * with it: they know callers, and pay, as all others.
 */
export const layer = <E = never, R = never>(gate?: RequestGate, more?: Layer.Layer<never, E, R>) =>
  Layer.mergeAll(
    HttpApiBuilder.layer(KalshiBookApi, { openapiPath: openApiPath }),
    docs,
    errors,
    ObjectRoutes.layer,
    SiteRoutes.layer,
    LlmsRoutes.layer,
    ToolServer.layer,
    WebhookRoute.layer,
    StreamRoute.layer,
    more ?? (Layer.empty as Layer.Layer<never, E, R>)
  ).pipe(
    Layer.provide(handlers),
    Layer.provide(StraightBooks.layer),
    Layer.provide(Metering.layer),
    Layer.provide(callers),
    Layer.provide(Answering.layer(gate).pipe(Layer.provide(RequestErrors.layer))),
    // Built first, so it goes around `Answering`, too.
    Layer.provide(ClientAddress.layer)
  )
