/** Why a command of a client is refused: a problem of the catalogue, told on the connection. */
import { type ProblemCode, problems } from "@kalshibook/core/contract/Problems"
import type { Id } from "@kalshibook/core/contract/stream/StreamCommands"
import type { ErrorMessage } from "@kalshibook/core/contract/stream/StreamMessages"
import { Data } from "effect"

export interface RefusalFacts {
  readonly code: ProblemCode
  readonly detail: string
  /** The field that is wrong, and what it may be. */
  readonly parameter?: string
  readonly allowed?: string
  readonly suggestion?: string
  readonly retry_after_seconds?: number
}

export class Refusal extends Data.TaggedError("Refusal")<RefusalFacts> {}

export const messageOf = (id: Id | null, refusal: RefusalFacts): ErrorMessage => {
  const { allowed, code, detail, parameter, retry_after_seconds, suggestion } = refusal
  return {
    type: "error",
    id,
    code,
    title: problems[code].title,
    detail,
    ...(parameter === undefined ? {} : { parameter }),
    ...(allowed === undefined ? {} : { allowed }),
    ...(suggestion === undefined ? {} : { suggestion }),
    ...(retry_after_seconds === undefined ? {} : { retry_after_seconds })
  }
}
