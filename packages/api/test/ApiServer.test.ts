import { assert, describe, it } from "@effect/vitest"
import * as ApiConfig from "@kalshibook/api/ApiConfig"
import { Config, ConfigProvider, Context, Effect, Layer, Scope } from "effect"
import { HttpServer } from "effect/http"
import * as ApiTest from "./ApiTest.ts"
import { json, port } from "./Http.ts"

const configured = (env: Record<string, string>) =>
  ApiConfig.address.pipe(Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromUnknown(env)))

describe("the server's address", () => {
  it.effect("is this machine's port 4000 unless the environment says otherwise", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* configured({}), { host: "127.0.0.1", port: 4_000 })
      const other = { KALSHIBOOK_API_HOST: "0.0.0.0", KALSHIBOOK_API_PORT: "8080" }
      assert.deepStrictEqual(yield* configured(other), { host: "0.0.0.0", port: 8_080 })
      const error = yield* Effect.flip(configured({ KALSHIBOOK_API_PORT: "http" }))
      assert.instanceOf(error, Config.ConfigError)
    })
  )

  it.effect("that is taken is refused in plain words", () =>
    Effect.gen(function* () {
      const taken = yield* port
      const error = yield* Effect.flip(Effect.scoped(Layer.build(ApiTest.layerAt({ host: "127.0.0.1", port: taken }))))
      assert.strictEqual(
        error.message,
        `port ${taken} on 127.0.0.1 is in use by another program: stop it, or choose another with KALSHIBOOK_API_PORT`
      )
    }).pipe(Effect.provide(ApiTest.layerEmpty()))
  )

  it.effect("is free again when the server stops", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const context = yield* Layer.buildWithScope(ApiTest.layerEmpty(), scope)
      const server = Layer.succeed(HttpServer.HttpServer, Context.get(context, HttpServer.HttpServer))
      const number = yield* Effect.provide(port, server)
      assert.strictEqual((yield* Effect.provide(json("/healthz"), server)).status, 200)
      yield* Scope.close(scope, yield* Effect.exit(Effect.void))
      yield* Effect.scoped(Layer.build(ApiTest.layerAt({ host: "127.0.0.1", port: number })))
    })
  )
})
