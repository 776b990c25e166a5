/** The endpoints about files: what is sealed, and downloads of it. */

import { HttpApiEndpoint, HttpApiGroup, OpenApi } from "effect/http-api"
import * as Schema from "effect/Schema"
import { Dataset, Datasets, Download, DownloadBody } from "./DownloadAnswer.ts"
import { coverageDaysMax } from "./Limits.ts"
import * as Parameter from "./Parameters.ts"
import { problemsOfAll } from "./Problems.ts"
import { DownloadTooLarge, NotSealed, StorageAway, UnknownDownload } from "./ProblemsOfFiles.ts"
import {
  IdempotencyInProgress,
  IdempotencyKeyReused,
  UnknownEvent,
  UnknownMarket,
  UnknownSeries
} from "./ProblemsOfQuestions.ts"
import { UnsupportedMediaType } from "./ProblemsOfServer.ts"

export const DatasetsGroup = HttpApiGroup.make("datasets")
  .add(
    HttpApiEndpoint.get("list", "/v1/datasets", {
      query: { from: Schema.optionalKey(Parameter.CoverageFrom), to: Schema.optionalKey(Parameter.CoverageTo) },
      success: Datasets,
      error: [...problemsOfAll]
    }).annotateMerge(
      OpenApi.annotations({
        identifier: "listDatasets",
        summary: "What is sealed",
        description: `The UTC days of which something is sealed, with sizes and how much of their time is known: at most ${coverageDaysMax} days, without \`from\` the latest.`
      })
    ),
    HttpApiEndpoint.get("ofDate", "/v1/datasets/:date", {
      params: { date: Parameter.Date },
      success: Dataset,
      error: [...problemsOfAll, NotSealed, StorageAway]
    }).annotateMerge(
      OpenApi.annotations({
        identifier: "getDataset",
        summary: "The sealed files of a day",
        description:
          "Every sealed hour of a UTC day, and the day's files for bulk use, with revision, rows, bytes and digests."
      })
    )
  )
  .annotateMerge(OpenApi.annotations({ title: "Datasets", description: "What is sealed in files." }))

export const DownloadsGroup = HttpApiGroup.make("downloads")
  .add(
    HttpApiEndpoint.post("create", "/v1/downloads", {
      headers: { "idempotency-key": Schema.optionalKey(Parameter.IdempotencyKey) },
      payload: DownloadBody,
      success: Download,
      error: [
        ...problemsOfAll,
        NotSealed,
        DownloadTooLarge,
        UnknownDownload,
        StorageAway,
        UnknownMarket,
        UnknownEvent,
        UnknownSeries,
        UnsupportedMediaType,
        IdempotencyKeyReused,
        IdempotencyInProgress
      ]
    }).annotateMerge(
      OpenApi.annotations({
        identifier: "createDownload",
        summary: "Download sealed data",
        description: [
          "Files of sealed hours, whole or of some markets, in our own formats or in those of backtesting engines.",
          "",
          "```",
          `curl -d '{"dates": ["2026-11-21"], "series": ["KXBTC15M"], "format": "nautilus", "dry_run": true}' \\`,
          `     -H "Authorization: Bearer $KALSHIBOOK_KEY" -H 'content-type: application/json' "http://localhost:4000/v1/downloads"`,
          "```",
          "",
          "- With `dry_run` the answer is a quote, which costs nothing. `max_credits` refuses what would cost more.",
          "- Everything as `parquet` is signed as it is, and `done` at once. Anything else is made in the background: ask with GET until it is `done`.",
          "- With an `Idempotency-Key` of your own the request can be repeated safely for 24 hours: it gives the same download, also when more was sealed meanwhile.",
          "- The same question about the same revisions is the same download: it is made once, and paid once by each account for as long as its tier keeps it (`download_days`)."
        ].join("\n")
      })
    ),
    HttpApiEndpoint.get("get", "/v1/downloads/:id", {
      params: { id: Parameter.DownloadIdPath },
      success: Download,
      error: [...problemsOfAll, UnknownDownload, StorageAway]
    }).annotateMerge(
      OpenApi.annotations({
        identifier: "getDownload",
        summary: "How far a download is",
        description:
          "Its state, and the files that are ready, with new URLs, free of charge: of downloads that the account has asked for."
      })
    )
  )
  .annotateMerge(OpenApi.annotations({ title: "Downloads", description: "Files for backtests." }))
