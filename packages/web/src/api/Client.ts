// adapter: the browser's fetch is a promise; everything above it sees answers, or a Problem that the promise rejects with.
/**
 * Asks this server. Knows how a key or a session is sent and how a problem is told; knows no endpoint.
 */
import * as ApiKey from "../session/ApiKey.ts"
import * as Session from "../session/Session.ts"
import * as Problem from "./Problem.ts"

export type Parameters = Readonly<Record<string, string | number | undefined>>

export interface Question {
  readonly method?: "GET" | "POST" | "PATCH" | "DELETE"
  readonly path: string
  readonly query?: Parameters
  readonly body?: unknown
  /** Asked by whoever is signed in, also where this tab has a key. */
  readonly inPerson?: boolean
}

/** An answer with what its headers say of the cost. */
export interface Whole {
  readonly status: number
  readonly text: string
  readonly type: string
  readonly creditsUsed: number | undefined
  readonly creditsRemaining: string | undefined
  readonly requestId: string | undefined
  readonly millis: number
  readonly retryAfter: string | null
}

/** Path and query as they are sent: parameters that are absent or empty are left out. */
export const urlOf = ({ path, query = {} }: Question): string => {
  const given = Object.entries(query).flatMap(([name, value]) =>
    value === undefined || value === ""
      ? []
      : [`${name}=${encodeURIComponent(value).replaceAll("%3A", ":").replaceAll("%2C", ",")}`]
  )
  return given.length === 0 ? path : `${path}?${given.join("&")}`
}

/** A key of this tab goes before a session: somebody has entered it for this. The server's own files are for everybody. */
const whoAsks = async ({ inPerson = false, path }: Question): Promise<Record<string, string>> => {
  if (path === "/site.json" || path === "/openapi.json") return {}
  const key = ApiKey.current()
  if (key !== undefined && !inPerson) return { "X-API-Key": key }
  const token = await Session.token()
  const account = Session.account()
  if (token === undefined) return {}
  return { Authorization: `Bearer ${token}`, ...(account === undefined ? {} : { "X-Account": account }) }
}

/** The answer, whatever its status. Rejects with a Problem where there is none. */
export const whole = async (question: Question, signal?: AbortSignal): Promise<Whole> => {
  const startedMillis = performance.now()
  const headers = await whoAsks(question)
  if (question.body !== undefined) headers["Content-Type"] = "application/json"
  const response = await fetch(urlOf(question), {
    method: question.method ?? "GET",
    headers,
    ...(question.body === undefined ? {} : { body: JSON.stringify(question.body) }),
    ...(signal === undefined ? {} : { signal })
  }).catch((error: unknown) => Promise.reject(signal?.aborted === true ? error : Problem.unreachable))
  const text = await response.text()
  const used = response.headers.get("x-credits-used")
  return {
    status: response.status,
    text,
    type: response.headers.get("content-type") ?? "",
    creditsUsed: used === null ? undefined : Number(used),
    creditsRemaining: response.headers.get("x-credits-remaining") ?? undefined,
    requestId: response.headers.get("x-request-id") ?? undefined,
    millis: performance.now() - startedMillis,
    retryAfter: response.headers.get("retry-after")
  }
}

/** The parsed answer. Rejects with a Problem where it is none, or is refused. */
export const ask = async <Answer>(question: Question, signal?: AbortSignal): Promise<Answer> => {
  const answer = await whole(question, signal)
  const body = parsed(answer.text)
  if (answer.status >= 400 || body === undefined) {
    return Promise.reject(Problem.of(answer.status, body, answer.retryAfter))
  }
  return body as Answer
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
