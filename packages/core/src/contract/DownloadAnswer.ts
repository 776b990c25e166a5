/**
 * What is sealed, and downloads of it, as JSON: files with their sizes, rows and digests, so that whoever loads them can prove what
 * arrived.
 */
import * as Schema from "effect/Schema"
import { segmentKinds } from "../cold/SegmentColumns.ts"
import { downloadDaysMax, downloadTickersMax, tickersMax } from "./Limits.ts"
import * as Parameter from "./Parameters.ts"
import { answerFields, Instant, MarketTicker } from "./Scalars.ts"

const Kind = Schema.Literals(segmentKinds).annotate({
  identifier: "SegmentKind",
  description: [
    "What the rows of a file are; `docs/data-format.md` describes every column:",
    "- `records`: the logs that books are folded from, each hour beginning with a keyframe",
    "- `trades`, `lifecycle`: messages beside the books",
    "- `gaps`, `channel_gaps`: where something was lost",
    "- `markets`: versions of the markets' descriptions"
  ].join("\n")
})

const Format = Schema.Literals(["parquet", "csv", "ndjson", "nautilus", "hftbacktest", "tardis"]).annotate({
  identifier: "DownloadFormat",
  description: [
    "What is in the files; `docs/backtesting.md` shows how each is loaded:",
    "- `parquet`, `csv`, `ndjson`: our own rows (the latter two packed with gzip)",
    "- `nautilus`: nautilus_trader's catalogue: `order_book_deltas`, `trade_tick` and the instrument as JSON",
    "- `hftbacktest`: an npz of events for each market and day",
    "- `tardis`: `incremental_book_L2` and `trades` as CSV.gz"
  ].join("\n")
})

const bytes = Schema.Int.annotate({ description: "Bytes.", examples: [18_231_004] })
const rows = Schema.Int.annotate({ description: "Rows, or events.", examples: [1_204_118] })
const sha256 = Schema.String.annotate({
  description: "SHA-256 of the whole file, 64 hexadecimal digits.",
  examples: ["b9b1e45304ab5e2061b52c769146536e2613538558b5b3abe9e59b43d5e873bb"]
})
const date = Schema.String.annotate({ description: "A UTC day.", examples: ["2026-11-21"] })
const revision = Schema.Int.annotate({
  description: "1, 2, 3 ...: a correction is a new one. Files of an older one stay as they are.",
  examples: [1]
})
const ratio = Schema.NullOr(Schema.Finite).annotate({
  description:
    "Of the time in which markets were open, how much is known, as in `/v1/coverage`. Null where nothing was open.",
  examples: [0.998611111]
})

const sums = {
  rows,
  bytes,
  records: Schema.Int.annotate({
    description: "Records of all logs: snapshots, deltas and gaps.",
    examples: [1_180_231]
  })
}

const DatasetDay = Schema.Struct({
  date,
  hours_sealed: Schema.Int.annotate({ description: "Sealed hours, 24 of a whole day.", examples: [24] }),
  day_revision: Schema.NullOr(revision).annotate({
    description: "Revision of the day's files for bulk use; null while there are none, and its hours are what there is."
  }),
  ...sums,
  trusted_ratio: ratio,
  ts_sealed: Instant.annotate({ description: "When the latest of it was sealed." })
}).annotate({ identifier: "DatasetDay", description: "A day of which something is sealed." })

export const Datasets = Schema.Struct({
  datasets: Schema.Array(DatasetDay).annotate({ description: "The latest day first." }),
  ...answerFields
}).annotate({ identifier: "Datasets", description: "What is sealed, by UTC day." })

const DatasetFile = Schema.Struct({
  kind: Kind,
  part: Schema.Int.annotate({ description: "0, 1, 2 ... in the order of the rows.", examples: [0] }),
  key: Schema.String.annotate({
    description: "Names the object in the bucket; ends in the beginning of its digest.",
    examples: ["v1/records/date=2026-11-21/hour=13/part-0000-b9b1e45304ab5e20.parquet"]
  }),
  rows,
  bytes,
  sha256
}).annotate({ identifier: "DatasetFile", description: "A sealed file." })

const DatasetSpan = Schema.Struct({
  span: Schema.Literals(["hour", "day"]).annotate({
    description: "Whether the files are of an hour or of the whole day."
  }),
  from: Instant,
  to: Instant.annotate({ description: "Exclusive." }),
  revision,
  reason: Schema.NullOr(Schema.String).annotate({
    description: "Why this revision takes the place of the one before; null for the first."
  }),
  markets: Schema.Int.annotate({ description: "Markets with rows of records.", examples: [2_911] }),
  ...sums,
  trusted_ratio: ratio,
  ts_sealed: Instant.annotate({ description: "When it was sealed, after its files were read back and proved." }),
  files: Schema.Array(DatasetFile).annotate({ description: "By kind, then part." })
}).annotate({ identifier: "DatasetSpan", description: "A sealed hour, or the day's files for bulk use." })

export const Dataset = Schema.Struct({
  date,
  spans: Schema.Array(DatasetSpan).annotate({ description: "The hours in order, then the day." }),
  ...answerFields
}).annotate({ identifier: "Dataset", description: "Everything sealed of a UTC day." })

/** A day of a body, decoded into its beginning, Unix microseconds. */
const Day = Parameter.Date

const tickersOf = (what: string, max: number) =>
  Schema.Array(Parameter.Ticker)
    .check(Schema.isMinLength(1), Schema.isMaxLength(max))
    .annotate({
      description: `Only markets ${what}; several filters give the markets of each. Without any: all.`
    })

export const DownloadBody = Schema.Struct({
  kinds: Schema.optionalKey(Schema.Array(Kind).check(Schema.isMinLength(1))).annotate({
    description: "What is wanted. Without it: `records` and `trades`. Engines' formats have these two alone.",
    examples: [["records", "trades"]]
  }),
  dates: Schema.optionalKey(
    Schema.Array(Day).check(Schema.isMinLength(1), Schema.isMaxLength(downloadDaysMax))
  ).annotate({
    description: `UTC days that follow each other, at most ${downloadDaysMax}; instead of \`from\` and \`to\`.`
  }),
  from: Schema.optionalKey(
    Parameter.time("From the hour of this moment on, by the receive clock.", "2026-11-21T13:00:00Z")
  ),
  to: Schema.optionalKey(
    Parameter.time(
      "Up to the end of the hour in which this moment lies, or to its beginning when it is one.",
      "2026-11-21T15:00:00Z"
    )
  ),
  tickers: Schema.optionalKey(tickersOf("of these tickers", downloadTickersMax)),
  events: Schema.optionalKey(tickersOf("of these events", tickersMax)),
  series: Schema.optionalKey(tickersOf("of these series", tickersMax)),
  format: Schema.optionalKey(Format),
  dry_run: Schema.optionalKey(Schema.Boolean).annotate({
    description: "Only the quote: how many files, rows and bytes it would be. Nothing is made.",
    examples: [true]
  }),
  max_credits: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 999_999_999 }))).annotate({
    description: "Refuses the download beforehand when it costs more credits than this.",
    examples: [200]
  })
}).annotate({ identifier: "DownloadRequest", description: "What is to be downloaded." })

const Part = Schema.Struct({
  url: Schema.String.annotate({
    description:
      "Gives the file to whoever has it, until `expires_at`. Accepts Range, so that a download that was cut goes on.",
    examples: ["http://localhost:4000/v1/objects/downloads/dl_5f0c/records_2026-11-21.parquet?expires=1&signature=x"]
  }),
  expires_at: Instant.annotate({ description: "Until when the URL works. `GET /v1/downloads/{id}` gives a new one." }),
  file_name: Schema.String.annotate({
    description: "Where it is to be put; parts of an engine's catalogue have folders.",
    examples: ["records_2026-11-21.parquet"]
  }),
  kind: Kind,
  market_ticker: Schema.NullOr(MarketTicker).annotate({
    description: "Whose it is; null where it is of more than one."
  }),
  rows,
  bytes,
  sha256,
  from: Instant.annotate({ description: "Receive clock: beginning of the time that it is about." }),
  to: Instant.annotate({ description: "Exclusive." })
}).annotate({ identifier: "DownloadPart", description: "A file." })

const QuoteAnswer = Schema.Struct({
  files: Schema.Int.annotate({ description: "How many files it would be.", examples: [2] }),
  rows: Schema.Int.annotate({ description: "How many rows are read for it.", examples: [1_204_118] }),
  bytes: Schema.Int.annotate({ description: "How large they would be together.", examples: [18_231_004] }),
  credits: Schema.Int.annotate({
    description: "What it costs, unless the account has paid for the same before.",
    examples: [121]
  }),
  is_exact: Schema.Boolean.annotate({
    description:
      "Whether it is of files that are there. Else rows are an upper bound, and bytes what is expected, within a factor of two."
  })
}).annotate({ identifier: "DownloadQuote", description: "What a download would be." })

export const Download = Schema.Struct({
  id: Schema.NullOr(Schema.String).annotate({
    description: "Names the download: the same question about the same revisions has the same. Null for a quote.",
    examples: ["dl_5f0c2d6e9a1b4c7d8e3f2a1b0c9d8e7f"]
  }),
  state: Schema.Literals(["quoted", "queued", "running", "done", "failed"]).annotate({
    description:
      "`queued` and `running`: ask again with GET until it is `done`; the parts that are ready are there already."
  }),
  reason: Schema.NullOr(Schema.String).annotate({ description: "Why it failed; null in any other state." }),
  format: Format,
  kinds: Schema.Array(Kind),
  from: Instant.annotate({ description: "Beginning of the first hour." }),
  to: Instant.annotate({ description: "End of the last hour." }),
  markets: Schema.NullOr(Schema.Int).annotate({
    description: "How many markets were asked for; null for all.",
    examples: [2]
  }),
  quote: Schema.NullOr(QuoteAnswer).annotate({ description: "With `dry_run`; else null." }),
  progress: Schema.NullOr(
    Schema.Struct({
      days: Schema.Int.annotate({ description: "Days that it is about, as far as they are sealed.", examples: [1] }),
      days_done: Schema.Int.annotate({ description: "Days whose files are ready.", examples: [1] })
    }).annotate({ identifier: "DownloadProgress" })
  ).annotate({ description: "How far it is; null for a quote." }),
  parts: Schema.Array(Part).annotate({ description: "The files that are ready." }),
  kept_until: Schema.NullOr(Instant).annotate({
    description:
      "From when on it is forgotten, with files that were made for it; asking again keeps it longer. Null for a quote."
  }),
  ...answerFields
}).annotate({ identifier: "Download", description: "Files that were asked for." })
export type Download = typeof Download.Type
