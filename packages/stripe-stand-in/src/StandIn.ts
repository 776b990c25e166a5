/**
 * A stand-in for Stripe: what it remembers, its clock, and the events that it tells of. Plain synchronous code without IO; `Requests` answers
 * the API out of it, `StandInServer` puts it on a port, and tests hand it to the package `stripe` as its way to the network.
 *
 * It is for machines of developers and for tests: it charges nobody, and knows only what this system asks of Stripe.
 */
import type { Parameters } from "./FormText.ts"
import { type Event, empty, type State } from "./StandInState.ts"

/** The version of the API whose shapes it has. */
const apiVersion = "2026-10-28.endive"

/** What is wrong with a request, as Stripe says it. */
export interface Refused {
  readonly status: number
  readonly type: "invalid_request_error" | "idempotency_error" | "api_error"
  readonly message: string
  readonly code?: string
  readonly param?: string
}

export interface StandIn {
  readonly state: State
  /** The stand-in's own time, Unix seconds. */
  readonly now: () => number
  /** Where its pages are. */
  readonly origin: string
  readonly id: (prefix: string) => string
  /** Something happened to an object, as it is now: an event, which is told to whoever listens. */
  readonly happened: (type: string, object: object) => void
  /** Hears of events as they happen. */
  onEvent: (event: Event) => void
}

/** Answers one kind of request; `id` is the one in the path. */
export type Endpoint = (
  standIn: StandIn,
  parameters: Parameters,
  id: string
) => { readonly found: object } | { readonly refused: Refused }

export interface Options {
  /** Unix seconds. */
  readonly clock: () => number
  readonly origin: string
  readonly state?: State
}

export const make = (options: Options): StandIn => {
  const { clock, state = empty() } = options
  const now = () => clock() + state.aheadSeconds
  const id = (prefix: string) => `${prefix}_${(++state.lastNumber).toString(36).padStart(14, "0")}`
  const standIn: StandIn = {
    state,
    now,
    get origin() {
      return options.origin
    },
    id,
    onEvent: () => {},
    happened: (type, object) => {
      const event: Event = {
        id: id("evt"),
        object: "event",
        api_version: apiVersion,
        created: now(),
        // Objects are replaced, never changed: an event keeps what was.
        data: { object },
        livemode: false,
        pending_webhooks: 1,
        request: { id: null, idempotency_key: null },
        type
      }
      state.events.push(event)
      standIn.onEvent(event)
    }
  }
  return standIn
}
