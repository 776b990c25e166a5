/**
 * Whose address a request has where a proxy stands in front: the one that the proxy tells in a header. Else everybody would have the
 * proxy's, and share its limits: whoever tries wrong keys would keep all others out.
 *
 * The header is believed without a look at the connection, so it may be named only where every request passes a proxy that sets it itself.
 */
import { Context, Effect, Option, type Types } from "effect"
import { HttpRouter, HttpServerRequest, type HttpServerResponse } from "effect/http"

/** In lower case; none: the address of the connection counts. */
export const AddressHeader = Context.Reference<Option.Option<string>>("@kalshibook/api/ClientAddress/AddressHeader", {
  defaultValue: () => Option.none()
})

/** The last entry, where a proxy has appended its own to what it was sent. */
export const toldIn = (text: string | undefined): Option.Option<string> =>
  Option.filter(Option.fromUndefinedOr(text?.split(",").at(-1)?.trim()), (address) => address !== "")

/** Global: goes around every route, so that nobody behind it has to know of proxies. Nothing is done where none is said to be. */
export const layer = HttpRouter.middleware(
  Effect.map(AddressHeader, (header) =>
    Option.match(header, {
      onNone: () => (httpEffect: HttpEffect) => httpEffect,
      onSome: (name) => (httpEffect: HttpEffect) => told(name, httpEffect)
    })
  ),
  { global: true }
)

type HttpEffect = Effect.Effect<HttpServerResponse.HttpServerResponse, Types.unhandled>

const told = <A, E, R>(header: string, answering: Effect.Effect<A, E, R>) =>
  Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) => {
    const remoteAddress = toldIn(request.headers[header])
    return Option.isNone(remoteAddress)
      ? answering
      : Effect.provideService(answering, HttpServerRequest.HttpServerRequest, request.modify({ remoteAddress }))
  })
