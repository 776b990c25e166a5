/**
 * Lists of what happened as one stream instead of pages: NDJSON, CSV, Parquet or Arrow, read from the stores page by page as the client
 * takes it, so memory is bounded whatever the range.
 *
 * The first page is read before anything is sent: what is wrong by then is a problem like any other. What goes wrong later cuts the
 * connection, so that nobody takes a part for the whole. A client that goes away ends the reading.
 */

import type { SegmentColumn } from "@kalshibook/core/cold/SegmentColumns"
import { NotAcceptable, Overloaded } from "@kalshibook/core/contract/Problems"
import * as RowBytes from "@kalshibook/store/export/RowBytes"
import type { RowColumns } from "@kalshibook/store/export/RowColumns"
import type { HotTierError } from "@kalshibook/store/HotTierError"
import { Effect, Option, Stream } from "effect"
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
  if (form !== "json" && (query.limit !== undefined || query.cursor !== undefined)) {
    const detail = `\`limit\` and \`cursor\` are for pages of \`json\`; \`${form}\` is the whole range in one stream.`
    return yield* new NotAcceptable({ detail, allowed: "`json`", request_id: requestId })
  }
  if (form !== "json" && (query.dry_run === "true" || query.max_credits !== undefined)) {
    const detail = `\`dry_run\` and \`max_credits\` are for pages of \`json\`; \`${form}\` is paid for as it is sent.`
    return yield* new NotAcceptable({ detail, allowed: "`json`", request_id: requestId })
  }
  return form
})

/** A list as it is read. */
export interface RowSource<Entry, E> {
  readonly columns: ReadonlyArray<SegmentColumn>
  readonly toColumns: (entries: ReadonlyArray<Entry>) => RowColumns
  /** An entry as in a page of JSON. */
  readonly toJson: (entry: Entry) => unknown
  /** The entries behind one; fewer than were asked for at the end. */
  readonly page: (after: Option.Option<Entry>) => Effect.Effect<ReadonlyArray<Entry>, E>
  readonly entriesPerPage: number
  /** What a browser is told to name the file. */
  readonly name: string
}

let inFlight = 0

/** The answer that streams a list. Fails as its first page does, and when the account cannot pay for that. */
export const answer = Effect.fnUntraced(function* <Entry, E>(source: RowSource<Entry, E>, form: StreamForm) {
  const { notes, requestId } = yield* RequestMeta
  if (inFlight >= streamsInFlightMax) {
    const detail = "The server is sending as many streams as it can."
    return yield* new Overloaded({ detail, request_id: requestId })
  }
  const { payForRows } = notes.meter?.payments ?? RowPayments.free
  const paidPage = (after: Option.Option<Entry>) =>
    Effect.tap(source.page(after), (entries) => (entries.length === 0 ? Effect.void : payForRows(entries.length)))
  const first = yield* paidPage(Option.none()).pipe(Effect.catchIf(isCreditsEnded, Failures.creditsEnded))
  type PageError = E | RowPayments.CreditsEnded | HotTierError
  const pages = Stream.unfold(
    Effect.succeed(first),
    (read: Effect.Effect<ReadonlyArray<Entry>, PageError> | undefined) =>
      read === undefined
        ? Effect.undefined
        : Effect.map(read, (entries) => {
            const last = entries.at(-1)
            const isEnd = last === undefined || entries.length < source.entriesPerPage
            return [entries, isEnd ? undefined : paidPage(Option.some(last))] as const
          })
  )
  const bytes = bytesOf(source, form, pages)
  return HttpServerResponse.stream(counted(bytes), {
    contentType: form === "ndjson" ? "application/x-ndjson" : RowBytes.contentTypes[form],
    headers: { "content-disposition": `attachment; filename="${source.name}.${endings[form]}"` }
  })
})

const isCreditsEnded = (error: unknown): error is RowPayments.CreditsEnded => error instanceof RowPayments.CreditsEnded

const endings: Readonly<Record<StreamForm, string>> = {
  ndjson: "ndjson",
  csv: "csv",
  parquet: "parquet",
  arrow: "arrows"
}

const bytesOf = <Entry, E>(
  { columns, toColumns, toJson }: Pick<RowSource<Entry, E>, "columns" | "toColumns" | "toJson">,
  form: StreamForm,
  pages: Stream.Stream<ReadonlyArray<Entry>, E>
): Stream.Stream<Uint8Array, E> => {
  if (form === "ndjson") {
    const utf8 = new TextEncoder()
    return pages.pipe(
      Stream.map((entries) => utf8.encode(entries.map((entry) => `${JSON.stringify(toJson(entry))}\n`).join("")))
    )
  }
  const made = RowBytes.make(form, columns)
  return pages.pipe(
    Stream.map((entries) => made.rows(toColumns(entries))),
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
