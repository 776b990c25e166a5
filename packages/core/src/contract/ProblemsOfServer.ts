/** What the server itself refuses, and what fails on our side. */
import { Problem } from "effect/http-api/HttpApiError"
import * as Schema from "effect/Schema"
import * as ProblemKind from "./ProblemKind.ts"

export const kinds = {
  unknown_route: {
    status: 404,
    title: "Nothing at this path",
    meaning: "There is nothing at this path. The index at / lists what there is."
  },
  method_not_allowed: {
    status: 405,
    title: "Not with this method",
    meaning: "The path exists, but not with this method. The header Allow lists those it has."
  },
  url_too_long: {
    status: 414,
    title: "The URL is too long",
    meaning: "Path and query together are longer than the server reads."
  },
  unsupported_media_type: {
    status: 415,
    title: "The body is not JSON",
    meaning: "Bodies are JSON. Send it with `Content-Type: application/json`."
  },
  malformed_request: {
    status: 400,
    title: "This cannot be read",
    meaning:
      "What was sent is no HTTP request, has too long headers, or came too slowly; on `/v1/stream`: it is no message. `detail` says which."
  },
  upgrade_required: {
    status: 426,
    title: "This is a websocket",
    meaning:
      "`/v1/stream` is a websocket: connect with a websocket client. What is said on it is described in docs/stream.md."
  },
  overloaded: {
    status: 503,
    title: "Too many requests at this moment",
    meaning: "Too many requests are being answered at this moment. Try again after the seconds in Retry-After."
  },
  timed_out: {
    status: 503,
    title: "The answer took too long",
    meaning: "The answer took longer than the server waits. Try again, with a smaller range or page."
  },
  database_away: {
    status: 503,
    title: "The database is away",
    meaning: "The database cannot be reached. Recording goes on; try again after the seconds in Retry-After."
  },
  cold_store_away: {
    status: 503,
    title: "Sealed history cannot be reached",
    meaning:
      "The store of sealed hours cannot be reached at this moment; what is newer can be asked for. Try again after the seconds in Retry-After."
  },
  cold_data_damaged: {
    status: 500,
    title: "Sealed history is damaged",
    meaning:
      "A sealed object that the answer needs is missing, or is not what it was when it was proved, so there is no answer rather than a wrong one. `object` names it. Nothing to do for you: it is logged, and made again from what was recorded."
  },
  internal: {
    status: 500,
    title: "A fault of ours",
    meaning: "A fault of ours. It is logged under the request_id."
  }
} as const satisfies ProblemKind.Kinds

const { annotations, declaration, fields } = ProblemKind.of(kinds)

export class UnknownRoute extends Problem<UnknownRoute>()(
  "UnknownRoute",
  declaration("unknown_route"),
  fields("unknown_route"),
  annotations("unknown_route")
) {}

export class MethodNotAllowed extends Problem<MethodNotAllowed>()(
  "MethodNotAllowed",
  declaration("method_not_allowed"),
  fields("method_not_allowed"),
  annotations("method_not_allowed")
) {}

export class UrlTooLong extends Problem<UrlTooLong>()(
  "UrlTooLong",
  declaration("url_too_long"),
  fields("url_too_long"),
  annotations("url_too_long")
) {}

export class UnsupportedMediaType extends Problem<UnsupportedMediaType>()(
  "UnsupportedMediaType",
  declaration("unsupported_media_type"),
  fields("unsupported_media_type"),
  annotations("unsupported_media_type")
) {}

export class MalformedRequest extends Problem<MalformedRequest>()(
  "MalformedRequest",
  declaration("malformed_request"),
  fields("malformed_request"),
  annotations("malformed_request")
) {}

export class UpgradeRequired extends Problem<UpgradeRequired>()(
  "UpgradeRequired",
  declaration("upgrade_required"),
  fields("upgrade_required"),
  annotations("upgrade_required")
) {}

export class Overloaded extends Problem<Overloaded>()(
  "Overloaded",
  declaration("overloaded"),
  fields("overloaded"),
  annotations("overloaded")
) {}

export class TimedOut extends Problem<TimedOut>()(
  "TimedOut",
  declaration("timed_out"),
  fields("timed_out"),
  annotations("timed_out")
) {}

export class DatabaseAway extends Problem<DatabaseAway>()(
  "DatabaseAway",
  declaration("database_away"),
  fields("database_away"),
  annotations("database_away")
) {}

export class ColdStoreAway extends Problem<ColdStoreAway>()(
  "ColdStoreAway",
  declaration("cold_store_away"),
  fields("cold_store_away"),
  annotations("cold_store_away")
) {}

export class ColdDataDamaged extends Problem<ColdDataDamaged>()(
  "ColdDataDamaged",
  declaration("cold_data_damaged"),
  {
    ...fields("cold_data_damaged"),
    object: Schema.String.annotate({
      description: "Key of the object, or what it should be about where none is known."
    })
  },
  annotations("cold_data_damaged")
) {}

export class Internal extends Problem<Internal>()(
  "Internal",
  declaration("internal"),
  fields("internal"),
  annotations("internal")
) {}

export const classes = {
  unknown_route: UnknownRoute,
  method_not_allowed: MethodNotAllowed,
  url_too_long: UrlTooLong,
  unsupported_media_type: UnsupportedMediaType,
  malformed_request: MalformedRequest,
  upgrade_required: UpgradeRequired,
  overloaded: Overloaded,
  timed_out: TimedOut,
  database_away: DatabaseAway,
  cold_store_away: ColdStoreAway,
  cold_data_damaged: ColdDataDamaged,
  internal: Internal
} as const satisfies Record<keyof typeof kinds, unknown>
