/**
 * `/v1/stream` as a route: who connects is known and let in before there is a websocket, so that a refusal is an answer like any other.
 */
import * as NodeHttpServerRequest from "@effect/platform-node/NodeHttpServerRequest"
import { KeyRequired } from "@kalshibook/core/contract/ProblemsOfAccess"
import { BadParameter } from "@kalshibook/core/contract/ProblemsOfQuestions"
import { UpgradeRequired } from "@kalshibook/core/contract/ProblemsOfServer"
import { formats, type GoodbyeReason, slowPolicies } from "@kalshibook/core/contract/stream/StreamMessages"
import { Effect, Layer, Option } from "effect"
import { HttpRouter, HttpServerRequest, HttpServerResponse } from "effect/http"
import type { Caller } from "../Caller.ts"
import { Callers } from "../Callers.ts"
import * as Failures from "../Failures.ts"
import { refuseScope } from "../Metering.ts"
import { type ConnectionEnding, OpenConnections } from "../OpenConnections.ts"
import { noteAsker, RequestMeta } from "../RequestMeta.ts"
import { streamPath } from "../RouteTable.ts"
import { StreamMeters } from "../StreamMeter.ts"
import * as SocketLink from "./SocketLink.ts"
import { type AccountLimits, StreamServer, type StreamSession } from "./StreamServer.ts"

/** How a key that ends is said on the connection. */
const endings: Readonly<Record<ConnectionEnding["reason"], GoodbyeReason>> = {
  key_revoked: "key_revoked",
  key_expired: "key_expired",
  gone: "account_closed",
  member_left: "account_closed",
  over_limit: "over_limit"
}

const limitsOf = ({ tier }: Caller): AccountLimits => ({
  connectionsMax: tier.limits.connections,
  replaySpeedMax: tier.limits.replaySpeedMax
})

const parameters = { format: formats, slow: slowPolicies } as const

type Parameter = keyof typeof parameters

const choice = Effect.fnUntraced(function* <Name extends Parameter>(
  query: HttpServerRequest.ParsedSearchParams["Service"],
  name: Name
) {
  const { requestId } = yield* RequestMeta
  const value = query[name] ?? parameters[name][0]
  const found = (parameters[name] as ReadonlyArray<unknown>).includes(value)
  if (found) return value as (typeof parameters)[Name][number]
  const allowed = parameters[name].map((one) => `\`${one}\``).join(", ")
  const detail = `\`${name}\` has to be one of ${allowed}.`
  return yield* new BadParameter({ detail, parameter: name, allowed, request_id: requestId })
})

const caller = Effect.fnUntraced(function* (
  request: HttpServerRequest.HttpServerRequest,
  ticket: string | ReadonlyArray<string> | undefined
) {
  const callers = yield* Callers
  const { requestId } = yield* RequestMeta
  if (typeof ticket === "string") return yield* callers.callerOfTicket(request, ticket)
  const found = yield* callers.callerOf(request)
  if (Option.isSome(found)) return found.value
  const detail =
    "The stream needs a key: `Authorization: Bearer kb_live_...` or `X-API-Key` with the upgrade, or `?ticket=` from a browser."
  return yield* new KeyRequired({ detail, request_id: requestId, suggestion: "/v1/pricing" })
})

const answer = Effect.gen(function* () {
  const request = yield* HttpServerRequest.HttpServerRequest
  const query = yield* HttpServerRequest.ParsedSearchParams
  const server = yield* StreamServer
  const connections = yield* OpenConnections
  const meters = yield* StreamMeters
  const { notes, requestId } = yield* RequestMeta
  if (request.headers["upgrade"]?.toLowerCase() !== "websocket") {
    notes.headers["upgrade"] = "websocket"
    const detail = "This is a websocket: connect with a websocket client."
    return yield* new UpgradeRequired({ detail, request_id: requestId })
  }
  const who = yield* caller(request, query["ticket"])
  yield* noteAsker(who, "openStream")
  yield* refuseScope(who, "stream")
  const stranger = Object.keys(query).find((name) => name !== "ticket" && !Object.hasOwn(parameters, name))
  if (stranger !== undefined) {
    const allowed = "`format`, `slow`, `ticket`"
    const detail = `\`${stranger.slice(0, 100)}\` is not a parameter here: there is ${allowed}.`
    return yield* new BadParameter({ detail, parameter: stranger.slice(0, 100), allowed, request_id: requestId })
  }
  const format = yield* choice(query, "format")
  const slow = yield* choice(query, "slow")

  let session: StreamSession | undefined
  let ended: ConnectionEnding | undefined
  const close = (ending: ConnectionEnding) =>
    Effect.suspend(() => {
      ended = ending
      return session === undefined ? Effect.void : session.end(endings[ending.reason], ending.message)
    })
  const onChange = (changed: Caller) =>
    Effect.suspend(() => (session === undefined ? Effect.void : session.limit(limitsOf(changed))))
  const connection = yield* Effect.catchTag(
    connections.open({ caller: who, close, onChange }),
    "TooManyConnections",
    Failures.tooManyConnections
  )

  const paying = { caller: connection.caller, requestId }
  const meter = yield* Effect.catchTag(meters.open(paying), "StreamUnpaid", Failures.streamUnpaid)

  // Reads begin with the handshake.
  const upgraded = yield* request.upgrade
  const incoming = yield* upgraded.reader
  const link = SocketLink.make(NodeHttpServerRequest.toIncomingMessage(request).socket)
  session = yield* server.connect({
    link,
    format,
    slow,
    meter,
    limits: limitsOf(connection.caller())
  })
  if (ended !== undefined) yield* close(ended)
  const { receive } = session
  yield* Effect.forever(
    Effect.flatMap(incoming.pull, (frames) => Effect.forEach(frames, receive, { discard: true }))
  ).pipe(Effect.catchTag("SocketError", () => Effect.void))
  return HttpServerResponse.empty()
}).pipe(Effect.scoped, Effect.catchTag("HotTierError", Failures.storeFailed))

export const layer = Layer.unwrap(
  Effect.map(Effect.context<Callers | OpenConnections | StreamMeters | StreamServer>(), (context) =>
    HttpRouter.add("GET", streamPath, Effect.provideContext(answer, context))
  )
)
