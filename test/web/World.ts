/** What the tests of pages look at: the running system with its site, an open market that has been recorded for a while, and a browser. */
import { setTimeout as sleep } from "node:timers/promises"
import * as Sample from "@kalshibook/api/Sample"
import * as SignIn from "@kalshibook/api/SignIn"
import * as Site from "@kalshibook/api/site/Site"
import { Effect, Exit, Layer, Option, Redacted, Scope } from "effect"
import type { Browser } from "playwright-core"
import * as Customer from "../../packages/api/test/Customer.ts"
import * as PgTest from "../../packages/store/test/PgTest.ts"
import * as WebBuild from "../../scripts/web/WebBuild.ts"
import * as System from "../system/System.ts"
import * as Chromium from "./Browser.ts"
import * as Payments from "./Payments.ts"

const series = "KXBTC15M"

/** Records of the open market that are there before anything is looked at, the later half after a hole. */
const recordsMin = 240
const pollMillis = 100
/** Longer than anything takes on a busy machine. */
const waitMillisMax = 60_000

export interface World {
  readonly system: System.RunningSystem
  readonly browser: Browser
  /** An open market that needs no key. */
  readonly ticker: string
  /** With every scope. */
  readonly key: string
  /** Of the embedded auth server, as the terminal would show them. */
  readonly mails: ReadonlyArray<ReadonlyArray<string>>
  readonly payments: Payments.Payments
  readonly stop: () => Promise<void>
}

export const start = async (): Promise<World> => {
  const problem = await WebBuild.ensure()
  if (problem !== undefined) throw new Error(problem)
  const scope = Effect.runSync(Scope.make())
  const within = <A, E>(effect: Effect.Effect<A, E, Scope.Scope>): Promise<A> =>
    Effect.runPromise(Scope.provide(effect, scope))
  const mails: Array<ReadonlyArray<string>> = []
  const folder = await within(PgTest.temporaryFolder)
  const signIn = await within(
    SignIn.make({ _tag: "embedded", folder, siteUrl: Option.none() }, (lines) => void mails.push(lines))
  )
  let url = ""
  const { layer: paying, payments } = await within(Payments.start(() => url))
  const site = Layer.mergeAll(
    Site.layer(WebBuild.siteFolder),
    Layer.succeed(Sample.DemoSeries, new Set([series])),
    paying
  )
  const [browser, system] = await Promise.all([
    within(Chromium.start),
    within(System.start({ seed: 7, marketsOpen: 6, deltasPerSecond: 120, quickLifeSeconds: 86_400 }, {}, site, signIn))
  ])
  url = system.url
  const get = <Body>(path: string) => Effect.runPromise(system.get<Body>(path))
  const markets = `/v1/markets?series_ticker=${series}&status=active`
  const openMarket = async () =>
    (await get<{ markets?: ReadonlyArray<{ ticker: string }> }>(markets)).body.markets?.[0]?.ticker
  const ticker = await until(openMarket)
  const untilRecords = (records: number) =>
    until(async () => {
      const { body } = await get<{ provenance?: { offset: number } }>(`/v1/markets/${ticker}/orderbook`)
      return (body.provenance?.offset ?? 0) >= records ? true : undefined
    })
  await untilRecords(recordsMin / 2)
  system.exchange.faults.inflict({ fault: "cut" })
  await untilRecords(recordsMin)
  const made = await Effect.runPromise(
    system.keys.create({
      accountId: Customer.accountId(),
      name: "pages",
      scopes: ["read", "stream", "download", "admin"]
    })
  )
  const stop = () => Effect.runPromise(Scope.close(scope, Exit.void))
  return { system, browser, ticker, key: Redacted.value(made.key), mails, payments, stop }
}

/** Until there is something; fails, with what it is, when that takes too long. */
export const until = async <A>(look: () => Promise<A | undefined>, what = "what is waited for"): Promise<A> => {
  for (const untilMillis = performance.now() + waitMillisMax; performance.now() < untilMillis; ) {
    const found = await look()
    if (found !== undefined) return found
    await sleep(pollMillis)
  }
  throw new Error(`not within ${waitMillisMax / 1_000} seconds: ${what}`)
}
