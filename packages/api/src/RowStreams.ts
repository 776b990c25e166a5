/**
 * Lists of what happened, and books at regular moments, as one stream instead of pages: NDJSON, CSV, Parquet or Arrow, read from the
 * stores part by part as the client takes it, so memory is bounded whatever the range.
 *
 * The first part is read before anything is sent: what is wrong by then is a problem like any other. What goes wrong later cuts the
 * connection, so that nobody takes a part for the whole. A client that goes away ends the reading.
 */

import { NotAcceptable } from "@kalshibook/core/contract/ProblemsOfQuestions"
import { Overloaded } from "@kalshibook/core/contract/ProblemsOfServer"
import type { TableColumn } from "@kalshibook/core/export/TableColumns"
import * as RowBytes from "@kalshibook/store/export/RowBytes"
import type { RowColumns } from "@kalshibook/store/export/RowColumns"
import { Effect, Exit, Option, Pull, Scope, Stream } from "effect"
import { HttpServerRequest, HttpServerResponse } from "effect/http"
import { streamMillisMax, streamsInFlightMax } from "./ApiLimits.ts"
import * as Failures from "./Failures.ts"
import { RequestMeta } from "./RequestMeta.ts"
import * as RowPayments from "./RowPayments.ts"

export const streamForms = ["ndjson", ...RowBytes.rowFormats] as const
export type StreamForm = (typeof streamForms)[number]
export type Form = "json" | StreamForm

const formOfType: Readonly<Record<string, Form>> = {
  "application/json": "json",
  "application/*": "json",
  "*/*": "json",
  "application/x-ndjson": "ndjson",
  "application/ndjson": "ndjson",
  "application/jsonl": "ndjson",
  "text/csv": "csv",
  "application/vnd.apache.parquet": "parquet",
  "application/vnd.apache.arrow.stream": "arrow"
}

/** The form that the header asks for most; JSON without one. `undefined`: none of those that there are. */
const formOfAccept = (accept: string | undefined): Form | undefined => {
  if (accept === undefined || accept.trim() === "") return "json"
  const asked = accept.split(",").map((range) => {
    const [type = "", ...parameters] = range.split(";").map((part) => part.trim().toLowerCase())
    const weight = parameters.find((parameter) => parameter.startsWith("q="))
    return { form: formOfType[type], weight: weight === undefined ? 1 : Number(weight.slice(2)) }
  })
  let best: (typeof asked)[number] | undefined
  for (const one of asked) {
    if (one.form !== undefined && one.weight > 0 && one.weight > (best?.weight ?? 0)) best = one
  }
  return best?.form
}

/** `format`, or else what the header Accept asks for. Pages are of JSON alone. */
export const formOf = Effect.fnUntraced(function* (query: {
  readonly format?: Form
  readonly limit?: number
  readonly cursor?: string
  readonly fields?: ReadonlyArray<string>
  readonly dry_run?: string
  readonly max_credits?: number
}) {
  const { headers } = yield* HttpServerRequest.HttpServerRequest
  const { requestId } = yield* RequestMeta
  const form = query.format ?? formOfAccept(headers.accept)
  const allowed = "`json`, `ndjson`, `csv`, `parquet` or `arrow`"
  if (form === undefined) {
    const detail = `\`${headers.accept}\` names no form of this list: it can be ${allowed}.`
    return yield* new NotAcceptable({ detail, allowed, request_id: requestId })
  }
  if (form !== "json" && (query.limit !== undefined || query.cursor !== undefined || query.fields !== undefined)) {
    const detail = `\`limit\`, \`cursor\` and \`fields\` are for pages of \`json\`; \`${form}\` is the whole range in one stream.`
    return yield* new NotAcceptable({ detail, allowed: "`json`", request_id: requestId })
  }
  if (form !== "json" && (query.dry_run === "true" || query.max_credits !== undefined)) {
    const detail = `\`dry_run\` and \`max_credits\` are for pages of \`json\`; \`${form}\` is paid for as it is sent.`
    return yield* new NotAcceptable({ detail, allowed: "`json`", request_id: requestId })
  }
  return form
})

/** A list as it is read, part by part. */
export interface RowSource<Part, E> {
  readonly columns: ReadonlyArray<TableColumn>
  readonly toColumns: (part: Part) => RowColumns
  /** The entries of a part as in a page of JSON. */
  readonly toJson: (part: Part) => ReadonlyArray<unknown>
  /** How many rows of a part have to be paid for, which they are before it is sent. */
  readonly rowsToPay: (part: Part) => number
  readonly parts: Stream.Stream<Part, E>
  /** What a browser is told to name the file. */
  readonly name: string
}

/** Entries page by page, given how those behind one are read: fewer than `entriesPerPage` at the end. */
export const paged = <Entry, E>(
  entriesPerPage: number,
  page: (after: Option.Option<Entry>) => Effect.Effect<ReadonlyArray<Entry>, E>
): Stream.Stream<ReadonlyArray<Entry>, E> =>
  Stream.unfold(page(Option.none()), (read: Effect.Effect<ReadonlyArray<Entry>, E> | undefined) =>
    read === undefined
      ? Effect.undefined
      : Effect.map(read, (entries) => {
          const last = entries.at(-1)
          const isEnd = last === undefined || entries.length < entriesPerPage
          return [entries, isEnd ? undefined : page(Option.some(last))] as const
        })
  )

let inFlight = 0

/** The answer that streams a list. Fails as its first part does, and when the account cannot pay for that. */
export const answer = Effect.fnUntraced(function* <Part, E>(source: RowSource<Part, E>, form: StreamForm) {
  const { notes, requestId } = yield* RequestMeta
  if (inFlight >= streamsInFlightMax) {
    const detail = "The server is sending as many streams as it can."
    return yield* new Overloaded({ detail, request_id: requestId })
  }
  const { payForRows } = notes.meter?.payments ?? RowPayments.free
  const paid = Stream.tap(source.parts, (part) => {
    const rows = source.rowsToPay(part)
    return rows === 0 ? Effect.void : payForRows(rows)
  })
  const parts = yield* begun(paid).pipe(Effect.catchIf(isCreditsEnded, Failures.creditsEnded))
  const bytes = bytesOf(source, form, parts)
  return HttpServerResponse.stream(counted(bytes), {
    contentType: form === "ndjson" ? "application/x-ndjson" : RowBytes.contentTypes[form],
    headers: { "content-disposition": `attachment; filename="${source.name}.${endings[form]}"` }
  })
})

const isCreditsEnded = (error: unknown): error is RowPayments.CreditsEnded => error instanceof RowPayments.CreditsEnded

/** The same stream, of which the first part is there. */
const begun = <A, E>(stream: Stream.Stream<A, E>): Effect.Effect<Stream.Stream<A, E>, E> =>
  Effect.gen(function* () {
    const scope = yield* Scope.make()
    const pull = yield* Scope.provide(Stream.toPull(stream), scope)
    const first = yield* pull.pipe(
      Pull.catchDone(() => Effect.succeed<ReadonlyArray<A>>([])),
      Effect.onError((cause) => Scope.close(scope, Exit.failCause(cause)))
    )
    return Stream.fromArray(first).pipe(
      Stream.concat(Stream.fromPull(Effect.succeed(pull))),
      Stream.onExit((exit) => Scope.close(scope, exit))
    )
  })

const endings: Readonly<Record<StreamForm, string>> = {
  ndjson: "ndjson",
  csv: "csv",
  parquet: "parquet",
  arrow: "arrows"
}

const bytesOf = <Part, E>(
  { columns, toColumns, toJson }: Pick<RowSource<Part, unknown>, "columns" | "toColumns" | "toJson">,
  form: StreamForm,
  parts: Stream.Stream<Part, E>
): Stream.Stream<Uint8Array, E> => {
  if (form === "ndjson") {
    const utf8 = new TextEncoder()
    const textOf = (part: Part): string =>
      toJson(part)
        .map((entry) => `${JSON.stringify(entry)}\n`)
        .join("")
    return parts.pipe(
      Stream.map((part) => utf8.encode(textOf(part))),
      Stream.filter((piece) => piece.length > 0)
    )
  }
  const made = RowBytes.make(form, columns)
  return parts.pipe(
    Stream.map((part) => made.rows(toColumns(part))),
    Stream.concat(Stream.suspend(() => Stream.succeed(made.end()))),
    Stream.filter((piece) => piece.length > 0)
  )
}

/** Counts a stream while it is sent, and cuts one that takes too long. */
const counted = <E>(bytes: Stream.Stream<Uint8Array, E>): Stream.Stream<Uint8Array, E> =>
  Stream.unwrap(
    Effect.acquireRelease(
      Effect.sync(() => {
        inFlight++
        return bytes
      }),
      () => Effect.sync(() => inFlight--)
    )
  ).pipe(Stream.interruptWhen(Effect.andThen(Effect.sleep(streamMillisMax), Effect.die("a stream took too long"))))
