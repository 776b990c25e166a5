/** One example of a recorder's report, for the documentation: minutes after a connection was lost. The tests decode it with its schema. */
import type { RecorderReport } from "./RecorderReport.ts"

export const recorderReportExample: RecorderReport = {
  ts_reported: "2026-11-21T14:03:00.900112Z",
  process: {
    uptime_seconds: 18_176.5,
    memory_bytes: 201_326_592,
    heap_bytes: 88_080_384,
    cpu_seconds: 5_120.4,
    event_loop_delay: { p50_ms: 0.2, p99_ms: 4.1, max_ms: 18.9 },
    clock_skew_ms: 0,
    clock_steps: 0
  },
  session: { number: 1, since: "2026-11-21T09:00:04.120001Z", restarts: 0 },
  connections: [
    {
      slot: 0,
      epoch: 3,
      state: "connected (epoch 3)",
      since: "2026-11-21T13:58:12.300220Z",
      markets_assigned: 250,
      markets_live: 250,
      frames_per_second: 611.2,
      connections: 2,
      last_end: { at: "2026-11-21T13:58:11.020118Z", epoch: 2, cause: "silence", detail: "no ping for 30000 ms" }
    }
  ],
  markets: { unopened: 4, waiting: 0, live: 250, refused: 1 },
  refused: [{ ticker: "KXBTC15M-26NOV211345-45", reason: "error 6: Market not found" }],
  not_recorded: {
    count: 1,
    by_reason: { no_room: 1 },
    sample: [{ ticker: "KXHIGHNY-26NOV21-T44", reason: "no_room" }],
    places: 250,
    priority: "category:Crypto, volume"
  },
  restarts: 3,
  faults: [
    {
      at: "2026-11-21T13:58:11.020118Z",
      first_at: "2026-11-21T13:58:11.020118Z",
      times: 1,
      kind: "gap",
      cause: "silence",
      action: "the connection is cut and gaps are written; connecting again",
      markets: 250,
      slot: null,
      epoch: 2,
      sid: null,
      ticker: "KXBTC15M-26NOV211415-15"
    }
  ],
  lag: {
    exchange_to_receipt: { p50_ms: 22.5, p99_ms: 61.4, max_ms: 140.2 },
    receipt_to_tape: { p50_ms: 28.1, p99_ms: 57, max_ms: 71.3 },
    receipt_to_commit: { p50_ms: 41.9, p99_ms: 88, max_ms: 104.7 }
  },
  tape: {
    segments: 14,
    bytes: 1_420_113_408,
    entries_appended: 48_120_004,
    entries_synced: 48_119_980,
    entries_committed: 48_119_950,
    behind: 54,
    catching_up: false,
    bytes_waiting: 3_120,
    sync_lag_ms: 12,
    free_bytes: 68_719_476_736,
    alarm: false,
    problem: null,
    checkpoints: 6
  },
  store: {
    problem: null,
    records_committed: 9_311_202,
    records_waiting: 31,
    committed_up_to: "2026-11-21T14:03:00.690112Z"
  },
  discovery_problem: null,
  maintenance: { active: false, until: null, description: "The exchange trades." },
  audits: { passed: 143_210, failed: 0, undecided: 411, pass_rate: 1, problem: null, last_failure: null },
  gaps: { connection_lost: 0, silence: 250, sequence_hole: 0, market_closed: 1_804 },
  channel_gaps: { trade: 1, market_lifecycle_v2: 1 },
  channels_closed: [],
  counts: {
    frames: 10_211_870,
    frames_repeated: 0,
    frames_unknown: 0,
    frames_undecodable: 0,
    frames_unknown_fields: 0,
    frames_stray: 0,
    frames_lost: 0,
    deltas_empty: 0,
    sequence_gaps: 0
  }
}
