/**
 * Whose address a request has where a proxy stands in front: the one that the proxy tells in a header. Else everybody would have the
 * proxy's, and share its limits: whoever tries wrong keys would keep all others out.
 *
 * The header is believed without a look at the connection, so it may be named only where every request passes a proxy that sets it itself.
 */
import { Context, Effect, Option } from "effect"
import { HttpServerRequest, type HttpServerResponse } from "effect/http"

/** In lower case; none: the address of the connection counts. */
export const AddressHeader = Context.Reference<Option.Option<string>>("@kalshibook/api/ClientAddress/AddressHeader", {
  defaultValue: () => Option.none()
})

/** The last entry, where a proxy has appended its own to what it was sent. */
export const toldIn = (text: string | undefined): Option.Option<string> =>
  Option.filter(Option.fromUndefinedOr(text?.split(",").at(-1)?.trim()), (address) => address !== "")

/** Around everything that is served: nobody behind it has to know of proxies. */
export const middleware = <E, R>(
  answering: Effect.Effect<HttpServerResponse.HttpServerResponse, E, R>
): Effect.Effect<HttpServerResponse.HttpServerResponse, E, R | HttpServerRequest.HttpServerRequest> =>
  Effect.gen(function* () {
    const header = yield* AddressHeader
    if (Option.isNone(header)) return yield* answering
    const request = yield* HttpServerRequest.HttpServerRequest
    const remoteAddress = toldIn(request.headers[header.value])
    if (Option.isNone(remoteAddress)) return yield* answering
    return yield* Effect.provideService(
      answering,
      HttpServerRequest.HttpServerRequest,
      request.modify({ remoteAddress })
    )
  })
