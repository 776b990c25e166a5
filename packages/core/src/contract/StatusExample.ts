/** An example of the status. */
import { answer } from "./AnswerExample.ts"
import { recorderReportExample } from "./RecorderReportExample.ts"

export const status = {
  source: {
    kind: "kalshi",
    simulated: false,
    description: "The real exchange, recorded live.",
    url: "wss://external-api-ws.kalshi.com/trade-api/ws/v2"
  },
  recording: { state: "recording", since: "2026-11-21T09:00:04.120001Z" },
  watermark: {
    ts_received: "2026-11-21T14:03:00.690112Z",
    ts_exchange: "2026-11-21T14:03:00.655020Z",
    epoch: 3,
    lag_seconds: 0.31
  },
  markets_recorded: 250,
  records_per_second: 512.4,
  recorder: { ...recorderReportExample, age_seconds: 0.1 },
  archive: {
    sealed_until: "2026-11-21T13:00:00.000000Z",
    lag_seconds: 3_780.69,
    ts_sealed: "2026-11-21T13:05:41.118000Z",
    hours: 72,
    bytes: 1_204_332_118,
    hours_marked: 0,
    hot_from: "2026-11-19T14:00:00.000000Z",
    problem: null,
    age_seconds: 3.2
  },
  live: {
    state: "live",
    problem: null,
    ts_received: "2026-11-21T14:03:00.981302Z",
    age_seconds: 0.02,
    markets: 250,
    lag: { p50_ms: 3.6, p99_ms: 9.8, max_ms: 14.2 }
  },
  uptime_seconds: 18_176.5,
  versions: { api: "0.1.0", contract: "v1" },
  ...answer
}
