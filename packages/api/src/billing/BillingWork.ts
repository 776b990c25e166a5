/**
 * What billing does by itself: every minute hours that are over go into the outbox, what waits there is sent, and graces that are over end; every
 * night all of it is held against Stripe. Any number of nodes may do so: each step is safe to be done twice.
 */
import { BillingBook } from "@kalshibook/store/billing/BillingBook"
import { Cause, Clock, Duration, Effect, Layer } from "effect"
import type { DeskServices } from "./BillingDesk.ts"
import * as MeterSending from "./MeterSending.ts"
import * as Reconciling from "./Reconciling.ts"

const roundMillis = 60_000
const dayMillis = 86_400_000
/** 03:17 UTC: behind the hour in which a month becomes final. */
const nightMillis = 11_820_000

/** One round; what fails is done by the next one. */
export const round = Effect.gen(function* () {
  yield* MeterSending.fill()
  yield* MeterSending.send()
  const lapsed = yield* (yield* BillingBook).lapse((yield* Clock.currentTimeMillis) * 1_000)
  for (const accountId of lapsed) {
    yield* Effect.logWarning("a plan is over: its end has come, or the grace of an unpaid invoice").pipe(
      Effect.annotateLogs({ accountId })
    )
  }
})

const untilNight = Effect.map(
  Clock.currentTimeMillis,
  (millis) => (nightMillis - (millis % dayMillis) + dayMillis) % dayMillis || dayMillis
)

/** Also a fault of ours is one round's: billing goes on. Only an interruption ends it. */
const kept = <A, E extends { readonly message: string }, R>(name: string, work: Effect.Effect<A, E, R>) =>
  work.pipe(
    Effect.catch((error) => Effect.logWarning(`${name} failed: ${error.message}`)),
    Effect.catchCauseIf(
      (cause) => !Cause.hasInterruptsOnly(cause),
      (cause) => Effect.logError(`${name} failed by a fault of ours`, cause)
    )
  )

const rounds = Effect.forever(Effect.andThen(kept("billing", round), Effect.sleep(Duration.millis(roundMillis))))

const nights = Effect.forever(
  Effect.flatMap(untilNight, (millis) =>
    Effect.andThen(Effect.sleep(Duration.millis(millis)), kept("the reconciliation", Reconciling.reconcile()))
  )
)

export const layer: Layer.Layer<never, never, DeskServices> = Layer.effectDiscard(
  Effect.andThen(Effect.forkScoped(rounds), Effect.forkScoped(nights))
)
