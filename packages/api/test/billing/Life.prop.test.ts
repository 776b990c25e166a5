/** A thousand customers' lives, each with its own bad luck. */
import { assert, it } from "@effect/vitest"
import { Accounts } from "@kalshibook/store/Accounts"
import { AccountsState } from "@kalshibook/store/AccountsState"
import { BillingBook } from "@kalshibook/store/billing/BillingBook"
import { MeterOutbox } from "@kalshibook/store/billing/MeterOutbox"
import { Ledger } from "@kalshibook/store/Ledger"
import { Cause, Effect, Exit, Layer, Logger } from "effect"
import { propertyRuns } from "../../../core/test/PropertyRuns.ts"
import * as Luck from "../stream/Luck.ts"
import * as Life from "./Life.ts"
import * as World from "./World.ts"

const lives = propertyRuns(1_000).numRuns

const bought = Layer.effect(
  Life.Bought,
  Effect.map(
    AccountsState,
    ({ balanceOf, entries }) =>
      (accountId: string) =>
        Effect.sync(() => {
          let sum = balanceOf(accountId).boughtLeft
          for (const { call, credits, sources, state } of entries.values()) {
            if (call.accountId !== accountId) continue
            if (state === "used") sum += Math.max(0, Math.min(sources.bought, credits - sources.grant))
            if (state === "held") sum += sources.bought
          }
          return sum
        })
  )
).pipe(Layer.provide(AccountsState.layer))

const stores = Layer.mergeAll(
  Accounts.layerMemory,
  Ledger.layerMemory,
  BillingBook.layerMemory,
  MeterOutbox.layerMemory,
  bought
)

it.effect(
  `in ${lives} lives with repeated, late and lost webhooks and crashes, plan, credits and use are right in the end`,
  () =>
    Effect.gen(function* () {
      const { again, lines, state } = yield* World.catalogue
      assert.isTrue(lines.every((line) => line.includes("made")))
      assert.isTrue(again.every((line) => line.endsWith("there")))
      const met = { owed: 0, cancelled: 0, metered: 0, bought: 0 }
      const seed = Number(process.env["KALSHIBOOK_BILLING_SEED"] ?? 0)
      for (let life = 1; life <= lives; life++) {
        const luck = Luck.make(seed === 0 ? life : seed)
        const world = World.newWorld(luck, state)
        const exit = yield* Life.live(world).pipe(
          Effect.provide(Layer.provideMerge(World.layer(world), stores)),
          Effect.exit
        )
        if (Exit.isFailure(exit)) assert.fail(`KALSHIBOOK_BILLING_SEED=${life}\n${Cause.pretty(exit.cause)}`)
        const { events, invoices, sessions, subscriptions } = world.standIn.state
        if (events.some(({ type }) => type === "invoice.payment_failed")) met.owed++
        if (Object.values(subscriptions).some(({ status }) => status === "canceled")) met.cancelled++
        if (Object.values(invoices).some(({ total }) => total > 0)) met.metered++
        if (Object.values(sessions).some(({ mode, status }) => mode === "payment" && status === "complete"))
          met.bought++
      }
      // Lives in which nothing happens prove nothing.
      for (const [what, count] of Object.entries(met)) assert.isAtLeast(count, lives / 50, what)
    }).pipe(Effect.provide(Logger.layer([]))),
  240_000
)
