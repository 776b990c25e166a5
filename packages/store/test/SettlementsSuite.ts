/** What every list of settlements promises. Runs over each implementation. */
import { assert, type Vitest } from "@effect/vitest"
import { type CatalogBody, MarketCatalog } from "@kalshibook/store/MarketCatalog"
import { placeOf, type Settlement, type SettlementQuery, Settlements } from "@kalshibook/store/Settlements"
import { Effect, Option } from "effect"

const startMicros = Date.UTC(2026, 10, 21, 14) * 1_000
const iso = (second: number, fraction = "") => `2026-11-21T14:00:${String(second).padStart(2, "0")}${fraction}Z`

const all: SettlementQuery = {
  fromMicros: 0,
  toMicros: Number.MAX_SAFE_INTEGER,
  seriesTicker: "KXSETTLE",
  after: Option.none(),
  entriesMax: 100
}

const tickersOf = (found: ReadonlyArray<Settlement>) => found.map(({ ticker }) => ticker)

export const settlementsSuite = (it: Vitest.MethodsNonLive<Settlements | MarketCatalog>): void => {
  it.effect("has finalized markets alone, by the exchange's time of settlement, each as it was last seen", () =>
    Effect.gen(function* () {
      const catalog = yield* MarketCatalog
      const settlements = yield* Settlements
      const see = (ticker: string, micros: number, body: CatalogBody) =>
        catalog.observe({
          series: [],
          events: [{ ticker: "KXSETTLE-1", body: { series_ticker: "KXSETTLE" }, tsObservedMicros: 1 }],
          markets: [{ ticker, body: { event_ticker: "KXSETTLE-1", ...body }, tsObservedMicros: micros }]
        })
      const ended = { status: "finalized", result: "yes", settlement_value_dollars: "1.0000" }
      yield* see("KXSETTLE-1-A", 10, { status: "active", result: "" })
      yield* see("KXSETTLE-1-A", 20, { status: "determined", result: "yes" })
      yield* see("KXSETTLE-1-A", 30, { ...ended, settlement_ts: iso(9, ".1234567") })
      yield* see("KXSETTLE-1-A", 40, { ...ended, settlement_ts: iso(9, ".1234567"), title: "corrected" })
      yield* see("KXSETTLE-1-B", 50, { ...ended, settlement_ts: iso(9, ".123456") })
      yield* see("KXSETTLE-1-C", 60, { ...ended, settlement_ts: iso(3) })
      yield* see("KXSETTLE-1-D", 70, { status: "determined", result: "no", settlement_ts: iso(1) })
      yield* see("KXSETTLE-1-E", startMicros + 5_000_000, { ...ended, settlement_ts: "2026-13-41T00:00:00Z" })
      yield* see("KXSETTLE-1-F", 80, { ...ended, settlement_ts: iso(2) })
      yield* see("KXSETTLE-1-F", 90, { ...ended, status: "disputed" })
      const found = yield* settlements.list(all)
      assert.deepStrictEqual(tickersOf(found), ["KXSETTLE-1-C", "KXSETTLE-1-E", "KXSETTLE-1-A", "KXSETTLE-1-B"])
      assert.deepStrictEqual(found[2], {
        ticker: "KXSETTLE-1-A",
        seriesTicker: "KXSETTLE",
        body: { event_ticker: "KXSETTLE-1", ...ended, settlement_ts: iso(9, ".1234567"), title: "corrected" },
        version: 4,
        tsSettledMicros: startMicros + 9_123_456,
        tsObservedMicros: 30,
        tsResultObservedMicros: 20
      })
      assert.deepInclude(found[1], { tsSettledMicros: null, tsObservedMicros: startMicros + 5_000_000 })
    })
  )

  it.effect("goes on after a place, whatever is settled meanwhile, and narrows by time, event, series and ticker", () =>
    Effect.gen(function* () {
      const catalog = yield* MarketCatalog
      const settlements = yield* Settlements
      const settle = (event: string, ticker: string, second: number) =>
        catalog.observe({
          series: [],
          events: [{ ticker: event, body: { series_ticker: "KXPAGES" }, tsObservedMicros: 1 }],
          markets: [
            {
              ticker,
              body: { event_ticker: event, status: "finalized", result: "no", settlement_ts: iso(second) },
              tsObservedMicros: 1
            }
          ]
        })
      for (const [at, name] of ["A", "B", "C", "D"].entries()) {
        yield* settle(`KXPAGES-${at % 2}`, `KXPAGES-${at % 2}-${name}`, 10 + Math.floor(at / 2))
      }
      const asked = { ...all, seriesTicker: "KXPAGES", entriesMax: 2 }
      const first = yield* settlements.list(asked)
      assert.deepStrictEqual(tickersOf(first), ["KXPAGES-0-A", "KXPAGES-1-B"])
      yield* settle("KXPAGES-0", "KXPAGES-0-0", 5)
      yield* settle("KXPAGES-0", "KXPAGES-0-E", 11)
      const after = Option.map(Option.fromUndefinedOr(first.at(-1)), placeOf)
      const rest = yield* settlements.list({ ...asked, after, entriesMax: 10 })
      assert.deepStrictEqual(tickersOf(rest), ["KXPAGES-0-C", "KXPAGES-0-E", "KXPAGES-1-D"])
      const narrowed = (query: Partial<SettlementQuery>) =>
        Effect.map(settlements.list({ ...asked, entriesMax: 10, ...query }), tickersOf)
      assert.deepStrictEqual(yield* narrowed({ eventTicker: "KXPAGES-1" }), ["KXPAGES-1-B", "KXPAGES-1-D"])
      assert.deepStrictEqual(yield* narrowed({ tickers: ["KXPAGES-1-D", "KXNONE"] }), ["KXPAGES-1-D"])
      const range = { fromMicros: startMicros + 5_000_000, toMicros: startMicros + 11_000_000 }
      assert.deepStrictEqual(yield* narrowed(range), ["KXPAGES-0-0", "KXPAGES-0-A", "KXPAGES-1-B"])
      assert.deepStrictEqual(yield* narrowed({ seriesTicker: "KXNONE" }), [])
    })
  )
}
