/** Examples of answers about how much is known. */
import { answer } from "./AnswerExample.ts"

const hour = {
  hour: "2026-11-21T14:00:00.000000Z",
  trusted_ratio: 0.998611111,
  records: 18_231,
  lost: [{ cause: "sequence_hole", seconds: 1.25, gaps: 1 }]
}

const range = {
  from: "2026-11-21T14:00:00.000000Z",
  to: "2026-11-21T15:00:00.000000Z",
  counted_until: "2026-11-21T15:30:12.004120Z"
}

const marketHour = { ...hour, open_seconds: 900, trusted_seconds: 898.75 }

export const marketCoverage = {
  market_ticker: "KXBTC15M-26NOV211415-15",
  ...range,
  totals: {
    open_seconds: marketHour.open_seconds,
    trusted_seconds: marketHour.trusted_seconds,
    trusted_ratio: marketHour.trusted_ratio,
    records: marketHour.records,
    lost: marketHour.lost
  },
  hours: [
    {
      ...marketHour,
      gaps: [
        {
          offset: 7_012,
          cause: "sequence_hole",
          from: "2026-11-21T14:07:31.204411Z",
          ts_detected: "2026-11-21T14:07:31.290001Z",
          to: "2026-11-21T14:07:32.454411Z",
          lost_seconds: 1.25
        }
      ],
      gaps_left_out: 0
    }
  ],
  ...answer
}

const exchangeHour = {
  ...hour,
  open_market_seconds: 216_000,
  trusted_market_seconds: 215_700,
  lost: [
    { cause: "not_recorded", seconds: 298.75, gaps: 0 },
    { cause: "sequence_hole", seconds: 1.25, gaps: 1 }
  ]
}

export const exchangeCoverage = {
  ...range,
  totals: {
    open_market_seconds: exchangeHour.open_market_seconds,
    trusted_market_seconds: exchangeHour.trusted_market_seconds,
    trusted_ratio: exchangeHour.trusted_ratio,
    records: exchangeHour.records,
    lost: exchangeHour.lost
  },
  hours: [exchangeHour],
  ...answer
}
