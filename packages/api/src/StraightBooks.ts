/**
 * The straight way to the answer that is asked for most, one book at a moment: its question is read from the URL at once, without the table
 * of routes and the schemas of the contract, which take a fifth of the time of such an answer.
 *
 * Everything else is what it is for any call: `Answering` around it, rights, limits, credits and refusals by `PricedCalls`, the answer and
 * its problems by `BookAnswer`. What it cannot read goes the way of all others, and nothing has happened by then. docs/adr/0020.
 */
import * as OrderbookQuestion from "@kalshibook/core/contract/OrderbookQuestion"
import { Context, Effect, Metric, Tracer, type Types } from "effect"
import { HttpRouter, HttpServerRequest, type HttpServerResponse } from "effect/http"
import * as BookAnswer from "./BookAnswer.ts"
import { insideRequest, PricedCalls } from "./Metering.ts"
import { RequestMeta } from "./RequestMeta.ts"

/** As the contract names it, and where it is. */
const operation = "getOrderbook"
const route = "/v1/markets/:ticker/orderbook"

/** Whether there is a straight way: not where both are compared. */
export const IsOpen = Context.Reference<boolean>("@kalshibook/api/StraightBooks/IsOpen", { defaultValue: () => true })

/** How often it was taken: what is asked for most should be. */
export const taken = Metric.counter("kalshibook_straight_books_total", {
  description: "Questions for one book that were read from the URL at once.",
  incremental: true
})

type HttpEffect = Effect.Effect<HttpServerResponse.HttpServerResponse, Types.unhandled>

/** Global: goes around every route, inside of `Answering`, which tells problems also where they are defects. */
export const layer = HttpRouter.middleware(
  Effect.gen(function* () {
    const { ask } = yield* PricedCalls
    const bookAnswer = yield* BookAnswer.make
    const isOpen = yield* IsOpen
    return (httpEffect: HttpEffect) =>
      Effect.withFiber<HttpServerResponse.HttpServerResponse, Types.unhandled, HttpServerRequest.HttpServerRequest>(
        (fiber) => {
          const { context } = fiber
          const request = Context.getUnsafe(context, HttpServerRequest.HttpServerRequest)
          const question = isOpen && request.method === "GET" ? OrderbookQuestion.read(request.url) : undefined
          if (question === undefined) return httpEffect
          const { asked, query, ticker } = question
          if (fiber.getRef(Tracer.Tracer) !== Tracer.nativeTracer) noteRoute(context)
          taken.updateUnsafe(1, context)
          Context.getUnsafe(context, RequestMeta).notes.route = route
          const call = ask({ operation, request, params: { ticker }, query }, bookAnswer(ticker, asked))
          return Effect.orDie(insideRequest(call))
        }
      )
  }),
  { global: true }
)

/** As the table of routes would. */
const noteRoute = (context: Context.Context<never>): void => {
  const span = Context.getOrUndefined(context, Tracer.ParentSpan)
  if (span?._tag === "Span" && span.sampled) span.attribute("http.route", route)
}
