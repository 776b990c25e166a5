import { assert, describe, it } from "@effect/vitest"
import * as LifecycleNews from "@kalshibook/core/kalshi/LifecycleNews"

const created = {
  market_ticker: "KXA-1-T1",
  event_type: "created",
  open_ts: 1_784_500_000,
  close_ts: 1_784_503_600,
  additional_metadata: { event_ticker: "KXA-1", title: "A" },
  price_ranges: [{ start: "0.0000", end: "1.0000", step: "0.0100" }]
}

describe("a lifecycle message", () => {
  it("that announces a market says when it opens and closes, and at which prices", () => {
    assert.deepStrictEqual(LifecycleNews.ofMarket("created", created), {
      _tag: "announced",
      openMicros: 1_784_500_000_000_000,
      closeMicros: 1_784_503_600_000_000,
      eventTicker: "KXA-1",
      grid: { bands: [{ startE4: 0, endE4: 10_000, stepE4: 100 }] }
    })
  })

  it("with prices that cannot be read says nothing of prices", () => {
    for (const price_ranges of [undefined, [], "0.01", [{ start: 0 }]]) {
      assert.deepInclude(LifecycleNews.ofMarket("created", { ...created, price_ranges }), {
        _tag: "announced",
        grid: null
      })
    }
  })

  it("that tells of a new price grid says which, where that can be read", () => {
    const price_ranges = [{ start: "0.0000", end: "1.0000", step: "0.0010" }]
    const repriced = (body: Record<string, unknown>) => LifecycleNews.ofMarket("price_level_structure_updated", body)
    assert.deepStrictEqual(repriced({ price_level_structure: "deci_cent", price_ranges }), {
      _tag: "repriced",
      grid: { bands: [{ startE4: 0, endE4: 10_000, stepE4: 10 }] }
    })
    assert.deepStrictEqual(repriced({ price_level_structure: "deci_cent" }), { _tag: "repriced", grid: null })
  })

  it("that lacks or garbles what it should say has to be read", () => {
    for (const wrong of [
      { open_ts: undefined },
      { close_ts: "soon" },
      { close_ts: 1e15 },
      { additional_metadata: {} }
    ]) {
      assert.deepStrictEqual(LifecycleNews.ofMarket("created", { ...created, ...wrong }), { _tag: "other" })
    }
    assert.deepStrictEqual(LifecycleNews.ofMarket("close_date_updated", { close_ts: -1 }), { _tag: "other" })
    assert.deepStrictEqual(LifecycleNews.ofEvent({}), { _tag: "other" })
    assert.deepStrictEqual(LifecycleNews.ofMarket("a_new_word", created), { _tag: "other" })
  })

  it("tells a moved close, a reactivation, the end, and the series of an event", () => {
    assert.deepStrictEqual(LifecycleNews.ofMarket("close_date_updated", { close_ts: 5 }), {
      _tag: "close_moved",
      closeMicros: 5_000_000
    })
    assert.deepStrictEqual(LifecycleNews.ofMarket("activated", { is_deactivated: false }), { _tag: "activated" })
    for (const word of ["determined", "settled"]) {
      assert.deepStrictEqual(LifecycleNews.ofMarket(word, {}), { _tag: "ended" })
    }
    assert.deepStrictEqual(LifecycleNews.ofEvent({ series_ticker: "KXA" }), { _tag: "listed", seriesTicker: "KXA" })
  })
})
