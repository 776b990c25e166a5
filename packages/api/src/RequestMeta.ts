/**
 * What belongs to one request while it is answered: its id, what was asked, since when, and what it costs.
 */
import { type Ceiling, chargeOf, type Price } from "@kalshibook/core/contract/Pricing"
import type { answerFields } from "@kalshibook/core/contract/Scalars"
import type { Person } from "@kalshibook/store/MemberRecord"
import { Clock, Context, Effect } from "effect"
import { HttpServerResponse } from "effect/http"
import type { Caller } from "./Caller.ts"
import type { RowPayments } from "./RowPayments.ts"

/** A call that is metered: what it costs is found when its answer is made. */
export interface Meter {
  readonly caller: Caller | undefined
  readonly price: Price
  /** Whether the answer is free, whatever it is. */
  readonly isFree: boolean
  /** What is answered in place of doing anything; `undefined` when the call is meant. */
  readonly estimate: Ceiling | undefined
  /** For streams and files, whose rows the call itself has to find out. */
  readonly payments: RowPayments
  /** Credits that these payments took until now. */
  paid: number
  /** What the answer cost. */
  charge: { readonly rows: number; readonly credits: number }
}

/** Somebody who was recognised, and which call he makes: whether he may or not. */
export interface Asker {
  readonly caller: Caller
  readonly operation: string
}

/** What comes to be known while the request is answered. */
export interface RequestNotes {
  /** Headers of the answer, also where it is a problem. */
  readonly headers: Record<string, string>
  /** Absent outside what is metered. */
  meter: Meter | undefined
  /** Absent where nobody of an account asks. */
  asker: Asker | undefined
  /** Who is signed in, where that is asked for. */
  person?: Person
  /** The code of the problem, where the answer tells it in other words. */
  code?: string
  /** The pattern of the path, where it was found without the table of routes. */
  route?: string
  /** How long the answer is held back, milliseconds: a refusal of somebody who goes on far above his limit. */
  holdMillis?: number
  /** Whether the answer tells of something that has not ended, and so may become another. */
  isOpenEnded: boolean
}

export class RequestMeta extends Context.Service<
  RequestMeta,
  {
    /** Ours, never the client's: `req_` and 32 hexadecimal digits. */
    readonly requestId: string
    /** Path and query as they were asked, without keys. */
    readonly url: string
    /** When the request arrived, by the clock of the process. */
    readonly startedNanos: bigint
    readonly notes: RequestNotes
  }
>()("@kalshibook/api/RequestMeta") {}

/** Who asks, behind what needs a key. */
export const callerHere: Effect.Effect<Caller, never, RequestMeta> = Effect.flatMap(RequestMeta, ({ notes }) => {
  const caller = notes.meter?.caller
  // impossible: the middleware lets nobody pass without a key
  return caller === undefined ? Effect.die("nobody asks") : Effect.succeed(caller)
})

/** Notes who makes which call, so that an error of it is found in his list. */
export const noteAsker = (caller: Caller, operation: string): Effect.Effect<void, never, RequestMeta> =>
  Effect.map(RequestMeta, ({ notes }) => {
    notes.asker = { caller, operation }
  })

/** Who is signed in, behind what is for people. */
export const personHere: Effect.Effect<Person, never, RequestMeta> = Effect.flatMap(RequestMeta, ({ notes }) =>
  // impossible: the middleware lets nobody else pass
  notes.person === undefined ? Effect.die("nobody is signed in") : Effect.succeed(notes.person)
)

/** For middleware of single routes, whose types cannot say that all routes run inside `Answering`, which provides it. */
export const ofRequest = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, Exclude<R, RequestMeta>> =>
  // @effect-diagnostics-next-line unsafeEffectTypeAssertion:off
  effect as Effect.Effect<A, E, Exclude<R, RequestMeta>>

/** A new id of a request. */
export const newRequestId = (): string => {
  const id = globalThis.crypto.randomUUID()
  return `req_${id.slice(0, 8)}${id.slice(9, 13)}${id.slice(14, 18)}${id.slice(19, 23)}${id.slice(24)}`
}

/** The fields that `answered` adds. */
type AnswerField = keyof typeof answerFields

/**
 * Writes the body as JSON, with what it cost, `request_id` and `response_time`. That it is what the schema says is checked by the compiler
 * and by tests, not again for each answer: encoding a book of 200 levels through its schema costs ten times its JSON.
 *
 * A dry run never begins the body. `cut` leaves out what the caller does not want; what it costs is what it was before.
 */
export const answered =
  <Answer extends object, E2 = never, R2 = never>(
    _schema: { readonly Type: Answer },
    cut: (body: object) => Effect.Effect<object, E2, R2> = Effect.succeed
  ) =>
  <E, R>(
    body: Effect.Effect<Omit<Answer, AnswerField>, E, R>
  ): Effect.Effect<HttpServerResponse.HttpServerResponse, E | E2, R | R2 | RequestMeta> =>
    Effect.withFiber((fiber) => {
      const meta = Context.getUnsafe(fiber.context, RequestMeta)
      const { meter } = meta.notes
      const written = (shown: object, credits: number) => {
        const nanos = fiber.getRef(Clock.Clock).currentTimeNanosUnsafe() - meta.startedNanos
        const response_time = Math.round(Number(nanos) / 1_000) / 1_000_000
        return HttpServerResponse.jsonUnsafe({
          ...shown,
          usage: { credits },
          request_id: meta.requestId,
          response_time
        })
      }
      const estimate = meter?.estimate
      if (estimate !== undefined) return Effect.succeed(written({ estimate: estimateView(estimate) }, 0))
      return Effect.flatMap(body, (result) => {
        const credits = chargeFor(meter, result)
        return Effect.mapEager(cut(result), (shown) => written(shown, credits))
      })
    })

const estimateView = ({ bytes, credits, rows }: Ceiling) => ({
  rows_max: rows,
  bytes_max: bytes,
  credits_max: credits
})

/** Notes what an answer costs. Returns the credits. */
export const chargeFor = (meter: Meter | undefined, result: object): number => {
  if (meter === undefined || meter.estimate !== undefined) return 0
  const charge = chargeOf(meter.price, result as Readonly<Record<string, unknown>>)
  meter.charge = meter.isFree ? { ...charge, credits: 0 } : charge
  return meter.charge.credits + meter.paid
}
