/** Examples of the answers about files, for the documentation. */
const answer = { request_id: "req_5f0c2d6e9a1b4c7d8e3f2a1b0c9d8e7f", response_time: 0.002104, usage: { credits: 0 } }

const sha256 = "b9b1e45304ab5e2061b52c769146536e2613538558b5b3abe9e59b43d5e873bb"
const key = "v1/records/date=2026-11-21/hour=13/part-0000-b9b1e45304ab5e20.parquet"
const sums = { rows: 1_204_118, bytes: 18_231_004, records: 1_180_231, trusted_ratio: 0.998611111 }

export const datasets = {
  datasets: [
    { date: "2026-11-21", hours_sealed: 24, day_revision: 1, ...sums, ts_sealed: "2026-11-22T00:31:10.000000Z" }
  ],
  ...answer
}

export const dataset = {
  date: "2026-11-21",
  spans: [
    {
      span: "hour",
      from: "2026-11-21T13:00:00.000000Z",
      to: "2026-11-21T14:00:00.000000Z",
      revision: 1,
      reason: null,
      markets: 2_911,
      ...sums,
      ts_sealed: "2026-11-21T14:07:02.000000Z",
      files: [{ kind: "records", part: 0, key, rows: 1_204_118, bytes: 18_231_004, sha256 }]
    }
  ],
  ...answer
}

export const download = {
  id: "dl_5f0c2d6e9a1b4c7d8e3f2a1b0c9d8e7f",
  state: "done",
  reason: null,
  format: "parquet",
  kinds: ["records"],
  from: "2026-11-21T13:00:00.000000Z",
  to: "2026-11-21T14:00:00.000000Z",
  markets: null,
  quote: null,
  progress: { days: 1, days_done: 1 },
  parts: [
    {
      url: `http://localhost:4000/v1/objects/${key}?expires=1795655700&signature=Vb2c`,
      expires_at: "2026-11-26T01:15:00.000000Z",
      file_name: "records/date=2026-11-21/hour=13/part-0000-b9b1e45304ab5e20.parquet",
      kind: "records",
      market_ticker: null,
      rows: 1_204_118,
      bytes: 18_231_004,
      sha256,
      from: "2026-11-21T13:00:00.000000Z",
      to: "2026-11-21T14:00:00.000000Z"
    }
  ],
  kept_until: "2026-12-26T01:00:00.000000Z",
  ...answer
}
