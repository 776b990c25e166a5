/**
 * What the problems of the HTTP API have in common: RFC 9457 (`application/problem+json`), told apart by `code`.
 *
 * A kind is a code with its status, title and meaning; the documentation (docs/errors.md) is made of them. `type` of each is the path at
 * which the API describes it, `docs` where the documentation does.
 */
import * as Schema from "effect/Schema"

export interface Kind {
  readonly status: number
  readonly title: string
  /** What it means, and what to do. */
  readonly meaning: string
}

/** By code. */
export type Kinds = Readonly<Record<string, Kind>>

/** Where the server shows docs/errors.md. */
export const docsPath = "/docs/errors.md"

/** The members that are the same in every problem of a kind. */
export const declarationOf = <Code extends string, K extends Kind>(code: Code, { status, title }: K) =>
  ({ type: `/problems/${code}`, status: status as K["status"], title: title as K["title"] }) as const

/** Where the documentation says what the code means. */
export const docsOf = <Code extends string>(code: Code) => `${docsPath}#${code}` as const

/** What the classes of these kinds are made of. */
export const of = <K extends Kinds>(kinds: K) => ({
  declaration: <Code extends keyof K & string>(code: Code) =>
    declarationOf<Code, K[Code]>(code, kinds[code] as K[Code]),
  annotations: (code: keyof K & string) => ({ description: kinds[code]?.meaning ?? "" }),
  fields: <Code extends keyof K & string>(code: Code) =>
    ({
      detail: Schema.String.annotate({ description: "What happened with this request, for a person to read." }),
      code: Schema.tag(code).annotate({ description: "The kind of problem, for a program to read." }),
      request_id: Schema.String.annotate({
        description: "Names this request in our logs; also in the header X-Request-Id."
      }),
      docs: Schema.tag(docsOf(code)).annotate({
        description: "Where the documentation says what it means and what to do."
      }),
      suggestion: Schema.optionalKey(Schema.String).annotate({
        description: "Path and query of the next call that would work; absent where there is none."
      })
    }) as const
})
