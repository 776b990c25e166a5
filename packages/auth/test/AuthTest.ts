/** An embedded auth server of a test file's own, over Postgres and HTTP, with its mails at hand. */
import { createServer } from "node:http"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { attemptLimits } from "@kalshibook/auth/AuthSettings"
import * as EmbeddedAuth from "@kalshibook/auth/EmbeddedAuth"
import { type Mail, Mails } from "@kalshibook/auth/Mails"
import * as Passwords from "@kalshibook/auth/Passwords"
import { GoTrueClient } from "@supabase/auth-js"
import { Context, Effect, Layer } from "effect"
import { HttpRouter, HttpServer } from "effect/http"
import * as PgTest from "../../store/test/PgTest.ts"

export class Place extends Context.Service<
  Place,
  { readonly url: string; readonly folder: string; readonly mails: Array<Mail> }
>()("@kalshibook/auth/test/AuthTest/Place") {}

/** All tests of a file come from one address. */
const often = { perSecond: 1, burst: 1_000 }
const limits = { ...attemptLimits, signInsOfAddress: often, mailsOfAddress: often }
const redirectOrigins = ["https://site.example"]

const served = (isAutoconfirmed: boolean) =>
  Layer.unwrap(
    Effect.gen(function* () {
      const server = yield* HttpServer.HttpServer
      const folder = yield* PgTest.temporaryFolder
      const mails: Array<Mail> = []
      const port = server.address._tag === "UnixPathAddress" ? 0 : server.address.port
      const origin = `http://127.0.0.1:${port}`
      const place = Layer.succeed(Place, { url: `${origin}/auth/v1`, folder, mails })
      const auth = EmbeddedAuth.layer({ folder, settings: { origin, isAutoconfirmed, limits, redirectOrigins } })
      const read = Layer.succeed(Mails, { send: (mail: Mail) => Effect.sync(() => void mails.push(mail)) })
      return HttpRouter.serve(Layer.provide(auth, read), { disableLogger: true, disableListenLog: true }).pipe(
        Layer.merge(place),
        Layer.provide(Layer.succeed(Passwords.HashCost, { logN: 10, r: 8, p: 1 }))
      )
    })
  ).pipe(Layer.provide(NodeHttpServer.layer(() => createServer(), { port: 0, host: "127.0.0.1" })))

export const layer = (isAutoconfirmed = false) => served(isAutoconfirmed).pipe(Layer.provideMerge(PgTest.layer))

/** A browser of its own: what it has signed in to stays in its memory. */
export const browser = (flowType: "implicit" | "pkce" = "implicit") =>
  Effect.map(Place, ({ url }) => {
    const kept = new Map<string, string>()
    return new GoTrueClient({
      url,
      flowType,
      autoRefreshToken: false,
      detectSessionInUrl: false,
      persistSession: true,
      storage: {
        getItem: (name: string) => kept.get(name) ?? null,
        setItem: (name: string, value: string) => void kept.set(name, value),
        removeItem: (name: string) => void kept.delete(name)
      }
    })
  })

let drawn = 0
/** An address that nobody has. */
export const freshEmail = (): string => `somebody-${process.pid}-${++drawn}@example.com`

/** The last mail to somebody. */
export const mailTo = (email: string) =>
  Effect.map(Place, ({ mails }) => {
    const found = mails.findLast(({ to }) => to === email)
    if (found === undefined) throw new Error(`no mail to ${email}`)
    return found
  })

/** Opens a link as a browser does, and gives where it leads. */
export const open = (link: string): Effect.Effect<URL> =>
  Effect.promise(async () => {
    const answer = await fetch(link, { redirect: "manual" })
    await answer.text()
    return new URL(answer.headers.get("location") ?? "about:blank")
  })
