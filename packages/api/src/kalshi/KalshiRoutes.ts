/**
 * Kalshi's own API on ours: under its own paths live, and behind `/replay/{address}` in the past, so that a program for the exchange needs
 * another base URL and nothing else ([ADR 15](docs/adr/0015-a-replay-is-a-base-url.md)).
 *
 * Whoever comes is known by a key of ours, also where the exchange's key id would be; signatures are not looked at. What is wrong is said in
 * the exchange's shapes.
 */

import * as TimeParameter from "@kalshibook/core/contract/TimeParameter"
import { badRequest, notFound, ok, type RestAnswer } from "@kalshibook/core/kalshi/RestAnswer"
import { websocketPath } from "@kalshibook/core/kalshi/Signing"
import * as ReplayPace from "@kalshibook/core/ReplayPace"
import { isoFromMicros } from "@kalshibook/core/Units"
import { ColdDataProblem, ColdTierAway } from "@kalshibook/store/cold/ColdDataProblem"
import type { History } from "@kalshibook/store/History"
import { InTheFuture } from "@kalshibook/store/HistoryProblem"
import { HotTierError } from "@kalshibook/store/HotTierError"
import type { MarketCatalog } from "@kalshibook/store/MarketCatalog"
import type { ReplaySource } from "@kalshibook/store/replay/ReplaySource"
import { Effect, Layer, Option, Result } from "effect"
import { HttpRouter, HttpServerRequest, HttpServerRespondable, HttpServerResponse } from "effect/http"
import type { Caller } from "../Caller.ts"
import { Callers } from "../Callers.ts"
import * as Failures from "../Failures.ts"
import { LiveMarkets } from "../live/LiveMarkets.ts"
import { PricedCalls } from "../Metering.ts"
import type { OpenConnections } from "../OpenConnections.ts"
import { chargeFor, noteAsker, RequestMeta } from "../RequestMeta.ts"
import type { StreamMeters } from "../StreamMeter.ts"
import { methodNotAllowed, refused, toResponse } from "./KalshiAnswer.ts"
import * as KalshiConversation from "./KalshiConversation.ts"
import type { KalshiMoment } from "./KalshiMoment.ts"
import * as KalshiRest from "./KalshiRest.ts"
import * as ReplayAddress from "./ReplayAddress.ts"
import { isSpeedAllowed, Replays, type RunningReplay } from "./Replays.ts"

/** A refusal in the exchange's words: it goes out in place of what was asked for. */
class Refused {
  readonly _tag = "Refused"
  readonly answer: RestAnswer
  constructor(answer: RestAnswer) {
    this.answer = answer
  }
}

const refuse = (answer: RestAnswer) => Effect.fail(new Refused(answer))

/** Path and query behind the address of a replay, as the exchange knows them. */
const askedOf = Effect.gen(function* () {
  const { url } = yield* RequestMeta
  const { params } = yield* HttpRouter.RouteContext
  const [path = "", search = ""] = url.split("?", 2)
  const part = params["replay"]
  return {
    path: part === undefined ? path : path.replace(/^\/replay\/[^/]*/, ""),
    query: new URLSearchParams(search),
    part
  }
})

const callerOf = Effect.gen(function* () {
  const callers = yield* Callers
  const caller = yield* callers.callerOf(yield* HttpServerRequest.HttpServerRequest)
  return yield* Option.match(caller, {
    onNone: () =>
      refuse(refused(401, "", "a key of KalshiBook is needed: Authorization: Bearer, X-API-Key, or KALSHI-ACCESS-KEY")),
    onSome: Effect.succeed
  })
})

/** The replay that the path names, for this caller. */
const replayOf = Effect.fnUntraced(function* (caller: Caller, part: string) {
  const replays = yield* Replays
  const address = ReplayAddress.parse(part)
  if (Result.isFailure(address)) return yield* refuse(badRequest(address.failure))
  const { fromMicros, speed } = address.success
  yield* refuseSpeed(caller, speed)
  if (fromMicros > (yield* wallMicros)) return yield* refuse(badRequest("the beginning of the replay has not come yet"))
  const replay = yield* replays.enter(caller, part, address.success)
  if ("_tag" in replay) return yield* refuse(refused(429, "", ""))
  return replay
})

const refuseSpeed = ({ tier }: Caller, speed: number) => {
  const { replaySpeedMax } = tier.limits
  return isSpeedAllowed(speed, replaySpeedMax)
    ? Effect.void
    : refuse(badRequest(`replays of this account are up to ${replaySpeedMax} times as fast`))
}

const wallMicros = Effect.map(
  Effect.clockWith((clock) => clock.currentTimeMillis),
  (millis) => millis * 1_000 + 999
)

// ---- REST ----------------------------------------------------------------------------------------------------------

const rest = Effect.gen(function* () {
  const request = yield* HttpServerRequest.HttpServerRequest
  const { part, path, query } = yield* askedOf
  if (path.endsWith("/")) {
    const location = `${part === undefined ? "" : `/replay/${part}`}${path.replace(/\/+$/, "")}${query.size === 0 ? "" : `?${query}`}`
    return HttpServerResponse.empty({ status: 301, headers: { location } })
  }
  if (request.method !== "GET" && request.method !== "HEAD") return toResponse(methodNotAllowed)
  const words = KalshiRest.wordsOf(path)
  const operation = KalshiRest.operationOf(words)
  if (operation === undefined) return toResponse(notFound(path))
  const { call } = yield* PricedCalls
  const answered = Effect.gen(function* () {
    const moment = part === undefined ? yield* liveMoment : yield* replayMoment(yield* callerOf, decoded(part))
    const answer = yield* KalshiRest.answer(words, moment, query)
    const { notes } = yield* RequestMeta
    if (answer.status < 400) chargeFor(notes.meter, answer.body as Readonly<Record<string, unknown>>)
    return toResponse(answer)
  })
  return yield* call(operation, answered)
})

const liveMoment = Effect.map(wallMicros, (atMicros): KalshiMoment => ({ _tag: "live", atMicros }))

const replayMoment = Effect.fnUntraced(function* (caller: Caller, part: string) {
  const replays = yield* Replays
  const replay = yield* replayOf(caller, part)
  // A moment of a replay that has caught up with the present is the present.
  const atMicros = Math.min(yield* replays.momentOf(replay), yield* wallMicros)
  return { _tag: "replay", atMicros } satisfies KalshiMoment as KalshiMoment
})

const decoded = (part: string): string =>
  Result.getOrElse(
    Result.try(() => decodeURIComponent(part)),
    () => part
  )

// ---- websocket -----------------------------------------------------------------------------------------------------

const websocket = Effect.gen(function* () {
  const request = yield* HttpServerRequest.HttpServerRequest
  const { part, query } = yield* askedOf
  const caller = yield* callerOf
  yield* noteAsker(caller, "openStream")
  if (!caller.scopes.includes("stream"))
    return yield* refuse(refused(403, "forbidden", "this needs a key for `stream`"))
  if (request.headers["upgrade"]?.toLowerCase() !== "websocket") {
    return yield* refuse(badRequest("this is a websocket: the request must ask for an upgrade"))
  }
  if (part === undefined && Option.isNone(yield* Effect.serviceOption(LiveMarkets))) {
    return yield* refuse(refused(503, "service_unavailable", "this server hears no recorder: it has the past alone"))
  }
  const asked = ReplayAddress.optionalGaps(query.get("gaps") ?? undefined)
  if (Result.isFailure(asked)) return yield* refuse(badRequest(asked.failure))
  const replay = part === undefined ? undefined : yield* replayOf(caller, decoded(part))
  const gaps = query.has("gaps") ? asked.success : (replay?.address.gaps ?? "error")
  yield* Effect.scoped(KalshiConversation.hold({ request, caller, gaps, replay })).pipe(
    Effect.catchTag("TooManyConnections", ({ max, whose }) =>
      refuse(refused(429, "", `${max} connections of this ${whose} are open, as many as may be`))
    )
  )
  return HttpServerResponse.empty()
})

// ---- control of replays --------------------------------------------------------------------------------------------

const view = Effect.fnUntraced(function* (replay: RunningReplay) {
  const replays = yield* Replays
  const { address, connections, pace } = replay
  return ok({
    now: isoFromMicros(yield* replays.momentOf(replay)),
    from: isoFromMicros(address.fromMicros),
    to: address.toMicros === undefined ? null : isoFromMicros(address.toMicros),
    speed: pace.speed === ReplayPace.asFastAsRead ? "max" : pace.speed,
    paused: pace.isPaused,
    connections
  })
})

/** `GET /replay/{address}`: how it stands. */
const show = Effect.gen(function* () {
  const { part = "" } = yield* askedOf
  const replay = yield* replayOf(yield* callerOf, decoded(part))
  return toResponse(yield* view(replay))
})

/** `POST /replay/{address}/pause`, `/resume`, `/speed?value=`, `/seek?at=`, `/end`. */
const control = Effect.gen(function* () {
  const { params } = yield* HttpRouter.RouteContext
  const { part = "", query } = yield* askedOf
  const caller = yield* callerOf
  const replays = yield* Replays
  const replay = yield* replayOf(caller, decoded(part))
  switch (params["action"]) {
    case "pause":
      yield* replays.change(replay, ReplayPace.pause)
      break
    case "resume":
      yield* replays.change(replay, ReplayPace.resume)
      break
    case "speed": {
      const speed = ReplayAddress.speedOf(query.get("value") ?? "")
      if (Result.isFailure(speed)) return yield* refuse(badRequest(speed.failure))
      yield* refuseSpeed(caller, speed.success)
      yield* replays.change(replay, (pace, now) => ReplayPace.withSpeed(pace, speed.success, now))
      break
    }
    case "seek": {
      const at = Option.getOrUndefined(TimeParameter.parse(query.get("at") ?? ""))
      if (at === undefined) return yield* refuse(badRequest(`at must be ${TimeParameter.timeAllowed}`))
      yield* replays.seek(replay, at)
      break
    }
    case "end":
      yield* replays.end(caller, decoded(part))
      break
    default:
      return yield* refuse(notFound("a replay has pause, resume, speed, seek and end"))
  }
  return toResponse(yield* view(replay))
})

// ---- failures ------------------------------------------------------------------------------------------------------

/** What is wrong, in the exchange's words: problems of ours keep their status. */
const inKalshisWords = <E, R>(work: Effect.Effect<HttpServerResponse.HttpServerResponse, E, R>) =>
  Effect.catch(work, (error) => told(error))

const told = (error: unknown): Effect.Effect<HttpServerResponse.HttpServerResponse, never, RequestMeta> => {
  if (error instanceof Refused) return Effect.succeed(toResponse(error.answer))
  if (error instanceof HotTierError) return Effect.catch(Failures.storeFailed(error), answerOf)
  if (error instanceof ColdTierAway) return Effect.catch(Failures.logFailures.ColdTierAway(error), answerOf)
  if (error instanceof ColdDataProblem) return Effect.catch(Failures.logFailures.ColdDataProblem(error), answerOf)
  if (error instanceof InTheFuture) return Effect.succeed(toResponse(badRequest("the moment has not come yet")))
  return isProblem(error) ? answerOf(error) : Effect.die(error)
}

type Problem = HttpServerRespondable.Respondable & { readonly code: string; readonly detail: string }

const answerOf = (problem: Problem) =>
  Effect.gen(function* () {
    const { status } = yield* HttpServerRespondable.toResponse(problem)
    const { notes } = yield* RequestMeta
    notes.code = problem.code
    return toResponse(refused(status, problem.code, problem.detail))
  })

const isProblem = (error: unknown): error is Problem =>
  HttpServerRespondable.isRespondable(error) && "code" in error && "detail" in error

type Needs = Callers | History | MarketCatalog | PricedCalls | OpenConnections | ReplaySource | Replays | StreamMeters

/** Routes beside the contract, for `ApiServer.layer`. */
export const layer = HttpRouter.use((router) =>
  Effect.gen(function* () {
    const needs = yield* Effect.context<Needs>()
    const within = <A, E, R>(route: Effect.Effect<A, E, R>) => Effect.provideContext(route, needs)
    yield* router.add("GET", websocketPath, within(inKalshisWords(websocket)))
    yield* router.add("*", "/trade-api/v2/*", within(inKalshisWords(rest)))
    yield* router.add("GET", `/replay/:replay${websocketPath}`, within(inKalshisWords(websocket)))
    yield* router.add("*", "/replay/:replay/trade-api/v2/*", within(inKalshisWords(rest)))
    yield* router.add("GET", "/replay/:replay", within(inKalshisWords(show)))
    yield* router.add("POST", "/replay/:replay/:action", within(inKalshisWords(control)))
  })
).pipe(Layer.provide(Replays.layer))
