/** What can go wrong below while files are made, as whoever makes them tells it. */
import type * as DuckDb from "@kalshibook/store/cold/DuckDb"
import type * as HourFromHot from "@kalshibook/store/cold/HourFromHot"
import type * as LogRowsWriter from "@kalshibook/store/cold/LogRowsWriter"
import { HotTierError } from "@kalshibook/store/HotTierError"
import type { SqlError } from "effect/sql"
import type * as SealedManifest from "./SealedManifest.ts"
import { type MakeError, SpanError } from "./SpanMaker.ts"

export type MakeCause =
  | MakeError
  | DuckDb.DuckDbError
  | HourFromHot.OpeningsMissing
  | LogRowsWriter.LogRowsRefused
  | SealedManifest.ManifestWrong
  | SqlError.SqlError

/** What may pass when it is tried again is told apart from what will not. */
export const asMakeError = (error: MakeCause): MakeError => {
  switch (error._tag) {
    case "SqlError":
      return new HotTierError({ operation: "readHour", reason: error })
    case "DuckDbError":
    case "LogRowsRefused":
    case "ManifestWrong":
    case "OpeningsMissing":
      return new SpanError({ problem: error.message, isRetryable: false })
    default:
      return error
  }
}
