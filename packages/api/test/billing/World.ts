/**
 * Billing in a world whose time, network, crashes and webhooks are all in the hands of a test: the code as it is, the real client of Stripe,
 * and the stand-in behind it, without a socket.
 */
import * as MeterSending from "@kalshibook/api/billing/MeterSending"
import * as StripeCatalogue from "@kalshibook/api/billing/StripeCatalogue"
import { StripeClient } from "@kalshibook/api/billing/StripeClient"
import * as Webhooks from "@kalshibook/api/billing/Webhooks"
import { tierOf } from "@kalshibook/core/contract/Pricing"
import { type Account, Accounts } from "@kalshibook/store/Accounts"
import { BillingBook } from "@kalshibook/store/billing/BillingBook"
import { MeterOutbox } from "@kalshibook/store/billing/MeterOutbox"
import { Ledger } from "@kalshibook/store/Ledger"
import * as Signature from "@kalshibook/stripe-stand-in/Signature"
import { make, type StandIn } from "@kalshibook/stripe-stand-in/StandIn"
import * as StandInFetch from "@kalshibook/stripe-stand-in/StandInFetch"
import type { Event, State } from "@kalshibook/stripe-stand-in/StandInState"
import * as Time from "@kalshibook/stripe-stand-in/Time"
import { Effect, Layer, Option, Redacted } from "effect"
import { TestClock } from "effect/testing"
import type { Luck } from "../stream/Luck.ts"

export const secret = "whsec_of_the_tests"

/** 2026-11-10T12:00:00Z. */
export const beginMillis = Date.UTC(2026, 10, 10, 12)

export interface World {
  readonly standIn: StandIn
  readonly luck: Luck
  /** Webhooks that were sent and have not been taken. */
  readonly queue: Array<Event>
  nowMillis: number
  /** Out of a thousand steps, so many end in a crash, or in a request that is lost before or after it was done. */
  crashesPerMille: number
}

let drawn = 0

export const newWorld = (luck: Luck, state?: State): World => {
  const queue: Array<Event> = []
  const standIn = make({
    clock: () => Math.floor(world.nowMillis / 1_000),
    origin: "http://127.0.0.1:1",
    ...(state === undefined ? {} : { state: structuredClone(state) })
  })
  const world: World = { standIn, luck, queue, nowMillis: beginMillis, crashesPerMille: 0 }
  standIn.onEvent = (event) => queue.push(event)
  return world
}

const strikes = ({ crashesPerMille, luck }: World): boolean =>
  crashesPerMille > 0 && luck.below(1_000) < crashesPerMille

/** The process may die before a step is done, and after it. */
const around =
  (world: World) =>
  <A, E, R>(step: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.suspend(() => (strikes(world) ? Effect.die("crash") : step)).pipe(
      Effect.tap(() => (strikes(world) ? Effect.die("crash") : Effect.void))
    )

/** A service whose every step may be the last. */
const crashing = <Service extends object>(world: World, service: Service): Service => {
  const members = Object.entries(service as Record<string, unknown>).map(([name, member]) => [
    name,
    typeof member === "function"
      ? (...given: ReadonlyArray<unknown>) => around(world)(member(...given) as Effect.Effect<unknown>)
      : around(world)(member as Effect.Effect<unknown>)
  ])
  return Object.fromEntries(members) as Service
}

/** Stripe and the stores of billing, as this world has them. */
export const layer = (world: World) =>
  Layer.mergeAll(
    StripeClient.layer({
      secretKey: Redacted.make("sk_test"),
      webhookSecrets: [Redacted.make("whsec_new"), Redacted.make(secret)],
      fetch: StandInFetch.make(world.standIn, () =>
        strikes(world) ? "unsent" : strikes(world) ? "unanswered" : "answered"
      )
    }),
    Layer.effect(
      BillingBook,
      Effect.map(BillingBook, (book) => BillingBook.of(crashing(world, book)))
    ),
    Layer.effect(
      MeterOutbox,
      Effect.map(MeterOutbox, (outbox) => MeterOutbox.of(crashing(world, outbox)))
    )
  )

/** What is sold, made once. */
export const catalogue = Effect.gen(function* () {
  const world = newWorld({ below: () => 0, oneOf: (values) => values[0] as (typeof values)[number] })
  const client = StripeClient.layer({
    secretKey: Redacted.make("sk_test"),
    webhookSecrets: [],
    fetch: StandInFetch.make(world.standIn)
  })
  const lines = yield* Effect.provide(StripeCatalogue.sync, client)
  const again = yield* Effect.provide(StripeCatalogue.sync, client)
  return { state: world.standIn.state, lines, again }
})

/** Goes on to a moment, and lets happen at Stripe what is due by then. */
export const setTime = (world: World, millis: number) =>
  Effect.suspend(() => {
    world.nowMillis = Math.max(world.nowMillis, millis)
    Time.catchUp(world.standIn)
    return TestClock.setTime(world.nowMillis)
  })

export const newAccount = Effect.flatMap(Accounts, (accounts) =>
  accounts.create({ name: `payer ${process.pid} ${++drawn}`, tier: "free" })
)

export const accountNow = (account: Account) =>
  Effect.map(
    Effect.flatMap(Accounts, (accounts) => accounts.find(account.name)),
    (found) => Option.getOrElse(found, () => account)
  )

/** A webhook arrives, signed now. */
export const deliver = (world: World, event: Event) => {
  const payload = JSON.stringify(event, null, 2)
  return Webhooks.take(
    new TextEncoder().encode(payload),
    Signature.header(payload, secret, Math.floor(world.nowMillis / 1_000))
  )
}

/** Everything that waits arrives, in order. */
export const deliverAll = Effect.fnUntraced(function* (world: World) {
  while (world.queue.length > 0) {
    const event = world.queue.shift()
    if (event !== undefined) yield* deliver(world, event)
  }
})

/** The account uses credits, if it may; with `fate` it dies with the call, or the call costs less than was held. */
export const use = Effect.fnUntraced(function* (
  account: Account,
  credits: number,
  fate: "used" | "less" | "held" = "used"
) {
  const { accountId } = account
  const now = yield* accountNow(account)
  const tier = tierOf(now.tier, now.terms)
  const ledger = yield* Ledger
  const requestId = `request ${process.pid} ${++drawn}`
  const admission = yield* ledger.admit({
    requestId,
    accountId,
    prefix: "0123456789",
    endpoint: "getOrderbook",
    question: null,
    creditsMax: credits,
    cost: 0,
    buckets: [{ name: accountId, perSecond: 1_000_000, burst: 1_000_000 }],
    terms: { creditsMonthly: tier.creditsMonthly, isPostpaid: tier.creditPriceE4 !== null, capCredits: null },
    keyCapCredits: null
  })
  if (admission.verdict !== "admitted" || fate === "held") return
  yield* ledger.settle({
    requestId,
    accountId,
    state: "used",
    credits: fate === "less" ? Math.ceil(credits / 3) : credits,
    rows: 1
  })
})

/** One round of what billing does by itself. */
export const round = Effect.gen(function* () {
  yield* MeterSending.fill()
  yield* MeterSending.send()
})
