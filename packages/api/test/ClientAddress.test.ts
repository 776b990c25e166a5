/** Whose address a request has behind a proxy. */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { assert, it } from "@effect/vitest"
import { Effect, Layer, Option } from "effect"
import { HttpClient, HttpRouter, HttpServerRequest, HttpServerResponse } from "effect/http"
import * as ClientAddress from "../src/ClientAddress.ts"

const answer = Effect.map(HttpServerRequest.HttpServerRequest, ({ remoteAddress }) =>
  HttpServerResponse.text(Option.getOrElse(remoteAddress, () => "unknown"))
)

const served = (header: Option.Option<string>) =>
  HttpRouter.serve(Layer.provide(HttpRouter.add("GET", "/", answer), ClientAddress.layer), {
    disableLogger: true,
    disableListenLog: true
  }).pipe(
    Layer.provide(Layer.succeed(ClientAddress.AddressHeader, header)),
    Layer.provideMerge(NodeHttpServer.layerTest)
  )

const ask = (headers: Readonly<Record<string, string>>) =>
  Effect.flatMap(HttpClient.get("/", { headers }), ({ text }) => text)

it.effect("is the one that the proxy tells, and never what somebody else wrote into another header", () =>
  Effect.gen(function* () {
    assert.strictEqual(yield* ask({ "x-real-ip": "198.51.100.7", "x-forwarded-for": "6.6.6.6" }), "198.51.100.7")
    assert.match(yield* ask({ "x-forwarded-for": "6.6.6.6" }), /127\.0\.0\.1|::1/)
  }).pipe(Effect.provide(served(Option.some("x-real-ip"))))
)

it.effect("is that of the connection where no proxy is said to be", () =>
  Effect.gen(function* () {
    assert.match(yield* ask({ "x-real-ip": "6.6.6.6" }), /127\.0\.0\.1|::1/)
  }).pipe(Effect.provide(served(Option.none())))
)

it("of several the last one counts, which the nearest proxy has added", () => {
  assert.deepStrictEqual(ClientAddress.toldIn("6.6.6.6, 198.51.100.7"), Option.some("198.51.100.7"))
  for (const nothing of [undefined, "", " ", "1.1.1.1,"]) assert.isTrue(Option.isNone(ClientAddress.toldIn(nothing)))
})
