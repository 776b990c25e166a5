/** Examples of answers about accounts and their keys. */
import { answer } from "./AnswerExample.ts"
import { docsOf } from "./ProblemKind.ts"

export const key = {
  id: "7Yq0hT3kPa",
  name: "nightly backtest",
  scopes: ["read", "download"],
  requests_per_second: 5,
  connections: null,
  month_credits_cap: 500,
  created_at: "2026-11-20T09:12:05.118220Z",
  created_by: { kind: "member", name: "ada@example.com", is_gone: false },
  expires_at: null,
  revoked_at: null,
  last_used_at: "2026-11-21T14:02:00.000000Z"
}

export const account = {
  account_id: "3f0f7c4e-5a53-4c8e-9a55-2b1d6f0f9f10",
  name: "ada",
  tier: "payg",
  credits_monthly: 0,
  credits_remaining: 9_958,
  credits_bought: 0,
  month_credits_used: 42,
  month_credits_held: 0,
  month_credits_cap: 10_000,
  limits: {
    requests_per_second: 50,
    burst: 200,
    requests_at_once: 16,
    connections: 5,
    replay_speed_max: 100,
    download_days: 7
  },
  ...answer
}

const request = {
  time: "2026-11-21T14:02:07.311204Z",
  request_id: "req_9d0f6c3b2a1e4f58b7c6d5e4f3a2b1c0",
  download_id: null,
  operation: "getOrderbook",
  key: "7Yq0hT3kPa",
  outcome: "answered",
  status: null,
  code: null,
  docs: null,
  credits: 1,
  rows: 1,
  count: 1,
  time_last: "2026-11-21T14:02:07.311204Z"
}

const limited = {
  outcome: "failed",
  status: 429,
  code: "rate_limited",
  docs: docsOf("rate_limited"),
  credits: 0,
  rows: 0
}

export const usageRequests = {
  from: "2026-10-12T00:00:00.000000Z",
  to: "2026-11-21T14:03:00.000000Z",
  kept_from: "2026-10-12T00:00:00.000000Z",
  requests: [
    {
      ...request,
      ...limited,
      ...{ request_id: null, operation: null, count: 1_204 },
      ...{ time: "2026-11-21T14:02:31.902113Z", time_last: "2026-11-21T14:02:59.998310Z" }
    },
    {
      ...{ ...request, ...limited, operation: "getMarket", request_id: "req_1a2b3c4d5e6f4071829304a5b6c7d8e9" },
      ...{ status: 404, code: "unknown_market", docs: docsOf("unknown_market") },
      ...{ time: "2026-11-21T14:02:08.020001Z", time_last: "2026-11-21T14:02:08.020001Z" }
    },
    request
  ],
  cursor: "",
  ...answer
}
