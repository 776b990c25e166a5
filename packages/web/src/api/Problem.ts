/** What went wrong with a question, as the server says it (RFC 9457), or as this page has to, when there was no answer. */
export interface Problem {
  /** The server's `code`; `unreachable` where none answered. */
  readonly code: string
  /** 0 where none answered. */
  readonly status: number
  readonly title: string
  readonly detail: string
  /** The next call that the server suggests. */
  readonly suggestion: string | undefined
  readonly requestId: string | undefined
  /** After how long the same question may be asked again. */
  readonly retryAfterSeconds: number | undefined
}

export const unreachable: Problem = {
  code: "unreachable",
  status: 0,
  title: "The server does not answer",
  detail: "The connection may be down, or the server is being restarted. This page keeps trying.",
  suggestion: undefined,
  requestId: undefined,
  retryAfterSeconds: undefined
}

const textOf = (body: object, field: string): string | undefined => {
  const value = (body as Readonly<Record<string, unknown>>)[field]
  return typeof value === "string" ? value : undefined
}

/** From a refused answer. */
export const of = (status: number, body: unknown, retryAfter: string | null): Problem => {
  const fields = typeof body === "object" && body !== null ? body : {}
  return {
    code: textOf(fields, "code") ?? "unknown",
    status,
    title: textOf(fields, "title") ?? `The server answered ${status}`,
    // What is code there is marked as in Markdown; here it is read by people.
    detail: (textOf(fields, "detail") ?? "It gave no reason.").replaceAll("`", ""),
    suggestion: textOf(fields, "suggestion"),
    requestId: textOf(fields, "request_id"),
    retryAfterSeconds: retryAfter === null || !/^\d+$/.test(retryAfter) ? undefined : Number(retryAfter)
  }
}

export const isProblem = (error: unknown): error is Problem =>
  typeof error === "object" && error !== null && "code" in error && "retryAfterSeconds" in error

/** Whether asking again, unchanged, may help. */
export const isPassing = ({ status }: Problem): boolean => status === 0 || status === 429 || status >= 500

/** Whether whoever asks may not have it at all: another key, or another role, would. */
export const isBarring = (problem: Problem): boolean => wantsKey(problem) || problem.code === "role_missing"

/** Whether it is for want of a key, or of a better one. */
export const wantsKey = ({ code }: Problem): boolean =>
  ["key_required", "key_invalid", "scope_missing", "sign_in_required"].includes(code)
