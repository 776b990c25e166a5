/** What may go wrong with files and downloads. */
import { Problem } from "effect/http-api/HttpApiError"
import * as ProblemKind from "./ProblemKind.ts"

export const kinds = {
  not_sealed: {
    status: 404,
    title: "Nothing of this is sealed",
    meaning:
      "Files are made of sealed hours, and none of what was asked for is sealed, or has a row of these markets. `/v1/datasets` lists what is."
  },
  unknown_download: {
    status: 404,
    title: "No such download",
    meaning:
      "There is no download of this id, or not any more: they are kept for the `download_days` of the tier. Ask for it again with POST."
  },
  unknown_object: {
    status: 404,
    title: "No such file any more",
    meaning: "The URL was signed for a file that is not there any more. Ask for the download again."
  },
  signature_refused: {
    status: 403,
    title: "The URL does not work, or not any more",
    meaning:
      "The signature of the URL has expired, or does not belong to it. `GET /v1/downloads/{id}` gives new ones, free of charge."
  },
  range_not_satisfiable: {
    status: 416,
    title: "The range lies behind the end of the file",
    meaning: "The file is shorter than where the range begins. The header Content-Range says how long it is."
  },
  download_too_large: {
    status: 422,
    title: "Too much for one download",
    meaning:
      "Files are made for a download up to a size. Ask for fewer markets or days; whole days as `parquet` are not limited."
  },
  storage_away: {
    status: 503,
    title: "The store of files is away",
    meaning: "Sealed files cannot be reached. Recording goes on; try again after the seconds in Retry-After."
  }
} as const satisfies ProblemKind.Kinds

const { annotations, declaration, fields } = ProblemKind.of(kinds)

export class NotSealed extends Problem<NotSealed>()(
  "NotSealed",
  declaration("not_sealed"),
  fields("not_sealed"),
  annotations("not_sealed")
) {}

export class UnknownDownload extends Problem<UnknownDownload>()(
  "UnknownDownload",
  declaration("unknown_download"),
  fields("unknown_download"),
  annotations("unknown_download")
) {}

export class UnknownObject extends Problem<UnknownObject>()(
  "UnknownObject",
  declaration("unknown_object"),
  fields("unknown_object"),
  annotations("unknown_object")
) {}

export class SignatureRefused extends Problem<SignatureRefused>()(
  "SignatureRefused",
  declaration("signature_refused"),
  fields("signature_refused"),
  annotations("signature_refused")
) {}

export class RangeNotSatisfiable extends Problem<RangeNotSatisfiable>()(
  "RangeNotSatisfiable",
  declaration("range_not_satisfiable"),
  fields("range_not_satisfiable"),
  annotations("range_not_satisfiable")
) {}

export class DownloadTooLarge extends Problem<DownloadTooLarge>()(
  "DownloadTooLarge",
  declaration("download_too_large"),
  fields("download_too_large"),
  annotations("download_too_large")
) {}

export class StorageAway extends Problem<StorageAway>()(
  "StorageAway",
  declaration("storage_away"),
  fields("storage_away"),
  annotations("storage_away")
) {}

export const classes = {
  not_sealed: NotSealed,
  unknown_download: UnknownDownload,
  unknown_object: UnknownObject,
  signature_refused: SignatureRefused,
  range_not_satisfiable: RangeNotSatisfiable,
  download_too_large: DownloadTooLarge,
  storage_away: StorageAway
} as const satisfies Record<keyof typeof kinds, unknown>
