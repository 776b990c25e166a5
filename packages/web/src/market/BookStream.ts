// adapter: the browser's websocket and its timers, and the promise of the ticket that opens it.
/**
 * Follows a market by `/v1/stream`: a ticket for each connection, the book and its records, and after a lost connection on behind the last
 * record that is here. Tells how it stands, and the book at most so often as an eye sees.
 */
import type { StreamMessage, Ticket } from "../api/Answers.ts"
import * as Client from "../api/Client.ts"
import * as Problem from "../api/Problem.ts"
import type { Gap } from "../book/Gap.ts"
import * as LiveBook from "../book/LiveBook.ts"
import type { ShownBook } from "../book/ShownBook.ts"

export type Standing =
  /** No book has come yet. */
  | { readonly state: "connecting" }
  /** Every record is here as soon as it comes. */
  | { readonly state: "following" }
  /** The connection stands, but whoever tells us does not hear the recorder. */
  | { readonly state: "unheard" }
  /** The connection is lost, and is being made again. */
  | { readonly state: "lost" }
  /** It will not go on by itself. */
  | { readonly state: "ended"; readonly problem: Problem.Problem }

export const connecting: Standing = { state: "connecting" }

export interface Listener {
  readonly onBook: (book: ShownBook | undefined, gaps: ReadonlyArray<Gap>) => void
  readonly onStanding: (standing: Standing) => void
}

/** From one told book to the next: records of one moment that come in two frames are told as one. */
const tellMillis = 50
/** Three heartbeats. */
const silenceMillisMax = 15_000
const retryMillisMin = 250
const retryMillisMax = 10_000
/** After a longer absence the book as it is now is worth more than every record since. */
const resumeMillisMax = 300_000

/** Reasons of `goodbye` after which another connection would be refused, or ended for the same. */
const lasting: ReadonlySet<string> = new Set([
  "credits_exhausted",
  "over_limit",
  "key_revoked",
  "key_expired",
  "account_closed"
])

const problemOf = (code: string, title: string, detail: string): Problem.Problem => ({
  ...Problem.unreachable,
  code,
  status: 403,
  title,
  detail
})

const addressOf = (ticket: string): string =>
  `${location.origin.replace(/^http/, "ws")}/v1/stream?slow=conflate&ticket=${encodeURIComponent(ticket)}`

/** Until the returned function is called. */
export const follow = (ticker: string, { onBook, onStanding }: Listener): (() => void) => {
  const live = LiveBook.make()
  const asking = new AbortController()
  let socket: WebSocket | undefined
  let isOver = false
  let retryMillis = retryMillisMin
  /** When the last message came. */
  let heardMillis = performance.now()
  let retryTimer: ReturnType<typeof setTimeout> | undefined
  let tellTimer: ReturnType<typeof setTimeout> | undefined
  let silenceTimer: ReturnType<typeof setTimeout> | undefined

  const tell = () => {
    tellTimer = undefined
    onBook(LiveBook.shown(live), live.gaps)
    if (live.fold !== undefined) onStanding({ state: live.feed === "live" ? "following" : "unheard" })
  }

  const close = () => {
    clearTimeout(silenceTimer)
    const closing = socket
    socket = undefined
    closing?.close()
  }

  const end = (problem: Problem.Problem) => {
    stop()
    onStanding({ state: "ended", problem })
  }

  const lose = () => {
    close()
    if (isOver) return
    // What was heard is shown: the next connection goes on behind it.
    clearTimeout(tellTimer)
    tellTimer = undefined
    onBook(LiveBook.shown(live), live.gaps)
    onStanding(live.fold === undefined ? connecting : { state: "lost" })
    clearTimeout(retryTimer)
    retryTimer = setTimeout(connect, retryMillis * (0.5 + Math.random()))
    retryMillis = Math.min(retryMillis * 2, retryMillisMax)
  }

  const listenOn = () => {
    clearTimeout(silenceTimer)
    silenceTimer = setTimeout(lose, silenceMillisMax)
  }

  /** Whether the connection is still good for more. */
  const hear = (message: StreamMessage): boolean => {
    if (message.type === "error") {
      end(problemOf(message.code, message.title, message.detail))
      return false
    }
    if (message.type === "goodbye") {
      if (lasting.has(message.reason)) end(problemOf(message.reason, "The stream was ended", message.detail))
      else lose()
      return false
    }
    const heard = LiveBook.hear(live, message)
    if (heard === "missing") {
      lose()
      return false
    }
    if (heard === "changed") {
      retryMillis = retryMillisMin
      tellTimer ??= setTimeout(tell, tellMillis)
    }
    return true
  }

  const open = (ticket: string) => {
    const opened = new WebSocket(addressOf(ticket))
    socket = opened
    listenOn()
    opened.onopen = () => {
      const isFresh = performance.now() - heardMillis < resumeMillisMax
      const resumed = live.place === undefined || !isFresh ? {} : { from_offset: { [ticker]: live.place } }
      opened.send(
        JSON.stringify({ op: "subscribe", id: 1, channels: ["book", "status"], markets: [ticker], ...resumed })
      )
    }
    opened.onmessage = ({ data }) => {
      if (socket !== opened) return
      heardMillis = performance.now()
      listenOn()
      for (const message of JSON.parse(String(data)) as ReadonlyArray<StreamMessage>) if (!hear(message)) return
    }
    opened.onclose = () => {
      if (socket === opened) lose()
    }
  }

  const connect = () => {
    Client.ask<Ticket>({ method: "POST", path: "/v1/tickets" }, asking.signal).then(
      ({ ticket }) => {
        if (!isOver) open(ticket)
      },
      (problem: unknown) => {
        if (isOver) return
        if (Problem.isProblem(problem) && !Problem.isPassing(problem)) end(problem)
        else lose()
      }
    )
  }

  const stop = () => {
    isOver = true
    asking.abort()
    clearTimeout(retryTimer)
    clearTimeout(tellTimer)
    close()
  }

  onStanding(connecting)
  connect()
  return stop
}
