/** Examples of answers about accounts and their keys. */
import { answer } from "./AnswerExample.ts"

export const key = {
  id: "7Yq0hT3kPa",
  name: "nightly backtest",
  scopes: ["read", "download"],
  requests_per_second: 5,
  connections: null,
  month_credits_cap: 500,
  created_at: "2026-11-20T09:12:05.118220Z",
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
