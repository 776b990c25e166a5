/** Examples of markets, events and series. */

export const market = {
  ticker: "KXBTC15M-26NOV211415-15",
  event_ticker: "KXBTC15M-26NOV211415",
  market_type: "binary",
  title: "BTC price up in next 15 mins?",
  yes_sub_title: "Price to beat: $91,204.18",
  no_sub_title: "Price to beat: $91,204.18",
  status: "active",
  open_time: "2026-11-21T14:00:00Z",
  close_time: "2026-11-21T14:15:00Z",
  result: "",
  can_close_early: true,
  price_level_structure: "deci_cent",
  price_ranges: [{ start: "0.0000", end: "1.0000", step: "0.0010" }],
  ts_observed: "2026-11-21T13:59:31.402118Z",
  version: 2
}

export const event = {
  event_ticker: "KXBTC15M-26NOV211415",
  series_ticker: "KXBTC15M",
  title: "BTC price up in next 15 mins?",
  sub_title: "Nov 21 - 2:15 PM UTC",
  mutually_exclusive: false,
  category: "Crypto",
  ts_observed: "2026-11-21T13:59:31.402118Z",
  version: 2
}

export const series = {
  ticker: "KXBTC15M",
  title: "Bitcoin price up or down",
  frequency: "fifteen_min",
  category: "Crypto",
  tags: ["Bitcoin"],
  fee_type: "quadratic",
  fee_multiplier: 1,
  ts_observed: "2026-11-20T09:12:05.118220Z",
  version: 1
}
