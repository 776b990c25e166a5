/**
 * What a recorder tells of itself, part by part, in `/v1/status`: the tree of what it supervises, from the process down to the
 * markets, its lags, and what went wrong lately. Read by people and monitors; the data does not depend on it.
 *
 * The recorder writes it in this form, also into the database, where an API in another process finds it.
 */
import * as Schema from "effect/Schema"
import { Epoch, Instant, MarketTicker } from "./Scalars.ts"

export const Lag = Schema.Struct({
  p50_ms: Schema.Finite.annotate({ description: "Half of them took at most this, milliseconds.", examples: [24.1] }),
  p99_ms: Schema.Finite.annotate({ description: "99 of 100 took at most this, milliseconds.", examples: [81.5] }),
  max_ms: Schema.Finite.annotate({ description: "The longest, milliseconds.", examples: [140.2] })
}).annotate({
  identifier: "Lag",
  description: "How long something took over the last minute. Quantiles are off by at most a thirty-second part."
})

const LagOrNull = Schema.NullOr(Lag)
/** Whole numbers by name. */
const Counts = Schema.Record(Schema.String, Schema.Int)
const Bytes = Schema.Int
const MarketReason = Schema.Struct({
  ticker: MarketTicker,
  reason: Schema.String.annotate({ description: "Why, in words." })
}).annotate({ identifier: "MarketReason", description: "A market, and why it is not recorded." })

const RecorderProcess = Schema.Struct({
  uptime_seconds: Schema.Finite.annotate({
    description: "How long the recorder's process runs.",
    examples: [18_176.5]
  }),
  memory_bytes: Bytes.annotate({ description: "Its resident memory.", examples: [201_326_592] }),
  heap_bytes: Bytes.annotate({ description: "What its JavaScript heap takes of that.", examples: [88_080_384] }),
  cpu_seconds: Schema.Finite.annotate({ description: "CPU time since its start.", examples: [5_120.4] }),
  event_loop_delay: Lag.annotate({
    description: "How much later than it should its event loop got to its work, over the last 10 to 20 seconds."
  }),
  clock_skew_ms: Schema.Finite.annotate({
    description:
      "The receive clock, which never goes back, less the machine's wall clock, milliseconds. Above 0 after the wall clock was set back.",
    examples: [0]
  }),
  clock_steps: Schema.Int.annotate({ description: "How often the wall clock was set by more than half a second." })
}).annotate({ identifier: "RecorderProcess", description: "The recorder's process." })

const RecorderSession = Schema.Struct({
  number: Schema.Int.annotate({
    description: "1, 2, 3 ...: recording begins anew within the process when the disk of the tape gave out.",
    examples: [1]
  }),
  since: Instant.annotate({ description: "When it began." }),
  restarts: Schema.Int.annotate({ description: "How often recording began anew since the process started." })
}).annotate({ identifier: "RecorderSession", description: "One recording, from its beginning to the end of its tape." })

const ConnectionEnd = Schema.Struct({
  at: Instant,
  epoch: Epoch,
  cause: Schema.String.annotate({ description: "The cause of the gaps that it left.", examples: ["silence"] }),
  detail: Schema.String.annotate({ description: "The same in words.", examples: ["no ping for 30000 ms"] })
}).annotate({ identifier: "ConnectionEnd", description: "Why and when a connection ended." })

const RecorderConnection = Schema.Struct({
  slot: Schema.Int.annotate({
    description: "Its place: 0, 1, 2 ...; the connection after it in the same place has the same."
  }),
  epoch: Schema.NullOr(Epoch).annotate({ description: "The connection that is open; null while there is none." }),
  state: Schema.String.annotate({ description: "What it is doing, in words.", examples: ["connected (epoch 3)"] }),
  since: Instant.annotate({ description: "Since when it is open, or not." }),
  markets_assigned: Schema.Int.annotate({ description: "Markets that it is to carry.", examples: [1_000] }),
  markets_live: Schema.Int.annotate({ description: "Markets whose books it keeps exact now.", examples: [998] }),
  frames_per_second: Schema.Finite.annotate({ description: "Over the last seconds.", examples: [512.4] }),
  connections: Schema.Int.annotate({ description: "How many connections were opened in this place.", examples: [1] }),
  last_end: Schema.NullOr(ConnectionEnd).annotate({ description: "How the one before ended; null when none has." })
}).annotate({ identifier: "RecorderConnection", description: "One connection to the exchange." })

const NotRecorded = Schema.Struct({
  count: Schema.Int.annotate({ description: "How many.", examples: [120] }),
  by_reason: Counts.annotate({ description: "How many for which reason.", examples: [{ no_room: 120 }] }),
  sample: Schema.Array(MarketReason).annotate({
    description: "The first of them: those that are chosen, then by ticker."
  }),
  places: Schema.Int.annotate({
    description: "How many markets can be recorded at a time, as far as settings and exchange bear them now.",
    examples: [100_000]
  }),
  priority: Schema.String.annotate({
    description: "The rule by which places are given when there are too few; empty: by volume alone.",
    examples: ["series:KXBTC15M, category:Crypto, volume"]
  })
}).annotate({
  identifier: "NotRecorded",
  description: [
    "Markets that are not recorded, and why:",
    "",
    "- `not_chosen`: the settings choose others",
    "- `no_room`: chosen, but there are more markets than places, and it comes after those that are recorded",
    "- `refused`: the exchange does not send its book",
    "- `combo`: a multivariate market, which is recorded on request alone",
    "- `closed`: listed, but it does not trade any more"
  ].join("\n")
})

const RecorderFault = Schema.Struct({
  at: Instant.annotate({ description: "When it came last." }),
  first_at: Instant.annotate({ description: "When it came first: within a minute of one another they are one." }),
  times: Schema.Int.annotate({ description: "How often it came." }),
  kind: Schema.String.annotate({
    description:
      "Where it went wrong: connection, gap (books are not known), market, store (the database), tape (the disk), discovery (the list of markets), clock, defect (a fault of ours) or session.",
    examples: ["gap"]
  }),
  cause: Schema.String.annotate({ description: "A gap's cause, or a sentence.", examples: ["sequence_hole"] }),
  action: Schema.String.annotate({ description: "What is done about it.", examples: ["snapshots are asked for"] }),
  markets: Schema.Int.annotate({ description: "Markets that it concerned; 0 when it is about none.", examples: [412] }),
  slot: Schema.NullOr(Schema.Int),
  epoch: Schema.NullOr(Schema.Int),
  sid: Schema.NullOr(Schema.Int),
  ticker: Schema.NullOr(Schema.String).annotate({ description: "The market, or the first of several." })
}).annotate({ identifier: "RecorderFault", description: "Something that went wrong, and what was done." })

const RecorderLag = Schema.Struct({
  exchange_to_receipt: LagOrNull.annotate({
    description:
      "From the exchange's own time of a change or trade to its receipt: the way, the exchange's own delay, and the difference of the clocks. Null when nothing came."
  }),
  receipt_to_tape: LagOrNull.annotate({
    description: "From the receipt of a frame until it is safe on the disk. Null when nothing came."
  }),
  receipt_to_commit: LagOrNull.annotate({
    description:
      "From the receipt of a record until it is committed to the database, and so in answers. Null when none was."
  })
}).annotate({ identifier: "RecorderLag", description: "How long the data takes, over the last minute." })

const RecorderTape = Schema.Struct({
  segments: Schema.Int.annotate({ description: "Files of the tape.", examples: [14] }),
  bytes: Bytes.annotate({ description: "Their size.", examples: [1_420_113_408] }),
  entries_appended: Schema.Int.annotate({ description: "Number of the last entry taken.", examples: [48_120_004] }),
  entries_synced: Schema.Int.annotate({ description: "All up to this one are on the disk.", examples: [48_119_980] }),
  entries_committed: Schema.Int.annotate({
    description: "All that came of the entries up to this one is in the database.",
    examples: [48_119_950]
  }),
  behind: Schema.Int.annotate({ description: "Entries that are taken and not in the database yet.", examples: [54] }),
  catching_up: Schema.Boolean.annotate({
    description: "Whether the database was away so long that it is filled from the tape."
  }),
  bytes_waiting: Bytes.annotate({ description: "In memory, to be written.", examples: [0] }),
  sync_lag_ms: Schema.Finite.annotate({
    description: "How long the oldest entry that is not synced waits now.",
    examples: [12]
  }),
  free_bytes: Schema.NullOr(Bytes).annotate({ description: "Room left on its disk.", examples: [68_719_476_736] }),
  alarm: Schema.Boolean.annotate({ description: "Whether there is so little room that recording will stop soon." }),
  problem: Schema.NullOr(Schema.String).annotate({ description: "Why it takes nothing, in words; null when it does." }),
  checkpoints: Schema.Int.annotate({ description: "Checkpoints written since the process started.", examples: [14] })
}).annotate({
  identifier: "RecorderTape",
  description: "The tape, on which everything is before it is in the database."
})

const RecorderStore = Schema.Struct({
  problem: Schema.NullOr(Schema.String).annotate({
    description: "Why nothing is being stored right now, in words; null when it is."
  }),
  records_committed: Schema.Int.annotate({ description: "Records since the process started.", examples: [9_311_202] }),
  records_waiting: Schema.Int.annotate({
    description: "Records in memory that are not committed yet.",
    examples: [31]
  }),
  committed_up_to: Instant.annotate({ description: "Everything received up to then is in the database." })
}).annotate({ identifier: "RecorderStore", description: "What the recorder knows of the database." })

const Maintenance = Schema.Struct({
  active: Schema.Boolean.annotate({ description: "Whether the exchange rests now." }),
  until: Schema.NullOr(Instant).annotate({ description: "When it is to end, as far as the exchange says." }),
  description: Schema.String.annotate({ description: "The same in words." })
}).annotate({ identifier: "Maintenance", description: "The exchange's announced maintenance." })

const AuditFailed = Schema.Struct({
  at: Instant.annotate({ description: "When the exchange's book was there." }),
  ticker: MarketTicker,
  offset: Schema.Int.annotate({ description: "The last record of the book of ours that came closest." }),
  levels_compared: Schema.Int,
  levels_different: Schema.Int
}).annotate({ identifier: "AuditFailed", description: "A book of ours that was not the exchange's." })

const RecorderAudits = Schema.Struct({
  passed: Schema.Int.annotate({
    description: "Books that were the exchange's, in the last 24 hours.",
    examples: [143_210]
  }),
  failed: Schema.Int.annotate({ description: "Books that were not.", examples: [0] }),
  undecided: Schema.Int.annotate({ description: "Comparisons that show nothing.", examples: [411] }),
  pass_rate: Schema.NullOr(Schema.Finite).annotate({
    description: "Share of those decided that passed, 0 to 1; null when none was decided.",
    examples: [1]
  }),
  problem: Schema.NullOr(Schema.String).annotate({
    description: "Why books cannot be compared now; null when they can."
  }),
  last_failure: Schema.NullOr(AuditFailed).annotate({ description: "Null when none failed since the process started." })
}).annotate({
  identifier: "RecorderAudits",
  description: "Our stored books, compared with those of the exchange's REST."
})

export const RecorderReport = Schema.Struct({
  ts_reported: Instant.annotate({ description: "When the recorder said this." }),
  process: RecorderProcess,
  session: RecorderSession,
  connections: Schema.Array(RecorderConnection),
  markets: Counts.annotate({
    description:
      "Markets that are to be recorded, by state. `unopened`: not open yet. `waiting`: the book is asked for. `live`: the book is exact. `refused`: the exchange refuses it.",
    examples: [{ unopened: 12, waiting: 0, live: 2_314, refused: 0 }]
  }),
  refused: Schema.Array(MarketReason).annotate({ description: "Markets that the exchange refuses; at most 100." }),
  not_recorded: Schema.NullOr(NotRecorded).annotate({ description: "Null where it is not known." }),
  restarts: Schema.Int.annotate({
    description: "How often a market's book had to be asked for again since the process started.",
    examples: [3]
  }),
  faults: Schema.Array(RecorderFault).annotate({ description: "The last faults, newest first; at most 100." }),
  lag: RecorderLag,
  tape: RecorderTape,
  store: RecorderStore,
  discovery_problem: Schema.NullOr(Schema.String).annotate({
    description: "Why the list of markets cannot be read right now, in words; null when it can."
  }),
  maintenance: Schema.NullOr(Maintenance).annotate({ description: "Null where nothing is known of one." }),
  audits: Schema.NullOr(RecorderAudits).annotate({ description: "Null where nothing is compared." }),
  gaps: Counts.annotate({
    description: "Gaps stored since the process started, by cause.",
    examples: [{ sequence_hole: 412 }]
  }),
  channel_gaps: Counts.annotate({
    description: "Holes of the channels of the whole exchange since the process started, by channel.",
    examples: [{ trade: 0, market_lifecycle_v2: 0 }]
  }),
  channels_closed: Schema.Array(Schema.String).annotate({
    description: "Channels of the whole exchange that are not open now: what they would tell is missed."
  }),
  counts: Schema.Struct({
    frames: Schema.Int.annotate({ description: "Frames received." }),
    frames_repeated: Schema.Int.annotate({ description: "Frames that came twice or too late." }),
    frames_unknown: Schema.Int.annotate({ description: "Frames of a type that this version does not know." }),
    frames_undecodable: Schema.Int.annotate({ description: "Frames that could not be read." }),
    frames_unknown_fields: Schema.Int.annotate({ description: "Frames with fields that this version does not know." }),
    frames_stray: Schema.Int.annotate({ description: "Frames of books that are not recorded." }),
    frames_lost: Schema.Int.annotate({ description: "Frames that the sequence numbers show to be missing." }),
    deltas_empty: Schema.Int.annotate({ description: "Changes of size 0." }),
    sequence_gaps: Schema.Int.annotate({ description: "Holes in the sequence numbers." })
  }).annotate({ description: "What was counted since the process started." })
}).annotate({
  identifier: "RecorderReport",
  description: "What the recorder is doing, from its process to its markets."
})

export type RecorderReport = typeof RecorderReport.Type
