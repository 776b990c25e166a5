import { assert, describe, it } from "@effect/vitest"
import * as Maintenance from "@kalshibook/core/kalshi/Maintenance"
import type { ExchangeSchedule } from "@kalshibook/core/kalshi/Rest"
import { microsFromIso } from "@kalshibook/core/Units"
import { Option } from "effect"
import fc from "fast-check"
import { propertyRuns } from "../PropertyRuns.ts"

const at = (text: string): number => Option.getOrThrow(microsFromIso(text))
const minuteMicros = 60_000_000
const hourMicros = 60 * minuteMicros
const statusMicrosMax = 5 * minuteMicros

/** What clocks in New York show, by the platform's own tables. */
const newYork = new Intl.DateTimeFormat("en-US", {
  timeZone: "America/New_York",
  hourCycle: "h23",
  weekday: "short",
  hour: "2-digit",
  minute: "2-digit"
})
const shown = (micros: number): string => newYork.format(micros / 1000)

/** Any, and many of the night from Wednesday to Thursday. */
const moments = fc.oneof(
  fc.integer({ min: at("2024-01-01"), max: at("2031-01-01") }),
  fc
    .record({ weeks: fc.nat(360), minutes: fc.integer({ min: -240, max: 240 }) })
    .map(({ minutes, weeks }) => at("2024-01-04T09:00:00Z") + weeks * 7 * 24 * hourMicros + minutes * minuteMicros)
)

const day = (...hours: ReadonlyArray<readonly [string, string]>) =>
  hours.map(([open_time, close_time]) => ({ open_time, close_time }))
const allDay = day(["00:00", "00:00"])
const week = (changes: Partial<ExchangeSchedule["standard_hours"][number]> = {}): ExchangeSchedule => ({
  standard_hours: [
    {
      monday: allDay,
      tuesday: allDay,
      wednesday: allDay,
      thursday: allDay,
      friday: allDay,
      saturday: allDay,
      sunday: allDay,
      ...changes
    }
  ],
  maintenance_windows: []
})

const published = Maintenance.fromSchedule(week({ thursday: day(["00:00", "03:00"], ["05:00", "00:00"]) }))

describe("the exchange's calendar", () => {
  for (const [what, calendar] of [
    ["assumed", Maintenance.assumed],
    ["published", published]
  ] as const) {
    it(`(${what}) has maintenance exactly when clocks in New York show Thursday between 03:00 and 05:00`, () => {
      fc.assert(
        fc.property(moments, (micros) => {
          const isThen = /^Thu\W+0[34]:/.test(shown(micros))
          const window = Maintenance.windowAt(calendar, micros)
          assert.strictEqual(window !== undefined, isThen, shown(micros))
          if (window === undefined) return
          assert.strictEqual(window.toMicros - window.fromMicros, 2 * hourMicros)
          assert.include(shown(window.fromMicros), "03:00")
        }),
        propertyRuns(300)
      )
    })
  }

  it("keeps New York's hours through the change of the clocks", () => {
    // 2026-11-01 is the end of daylight saving time.
    for (const [micros, isThen] of [
      [at("2026-10-29T06:59:59Z"), false],
      [at("2026-10-29T07:00:00Z"), true],
      [at("2026-10-29T08:59:59Z"), true],
      [at("2026-10-29T09:00:00Z"), false],
      [at("2026-11-05T07:59:59Z"), false],
      [at("2026-11-05T08:00:00Z"), true],
      [at("2026-11-05T10:00:00Z"), false]
    ] as const) {
      assert.strictEqual(Maintenance.windowAt(published, micros) !== undefined, isThen, String(micros))
    }
  })

  it("a night across midnight is one window, also when a clock changes in it", () => {
    const nights = Maintenance.fromSchedule(
      week({ saturday: day(["00:00", "22:00"]), sunday: day(["04:00", "00:00"]) })
    )
    // Six hours by the clock: seven when it is set back, five when it is set forward.
    for (const [micros, hours] of [
      [at("2026-10-25T04:00:00Z"), 6],
      [at("2026-11-01T05:30:00Z"), 7],
      [at("2026-03-08T06:30:00Z"), 5]
    ] as const) {
      const window = Maintenance.windowAt(nights, micros)
      assert.strictEqual(((window?.toMicros ?? 0) - (window?.fromMicros ?? 0)) / hourMicros, hours)
    }
  })

  it("days without trading are closing time, not maintenance; an announced window is, however long", () => {
    const weekends = week({ saturday: [], sunday: [] })
    const saturday = at("2026-11-07T17:00:00Z")
    assert.isUndefined(Maintenance.windowAt(Maintenance.fromSchedule(weekends), saturday))
    const announced = [{ start_datetime: "2026-11-06T00:00:00Z", end_datetime: "2026-11-08T00:00:00-05:00" }]
    const window = Maintenance.windowAt(
      Maintenance.fromSchedule({ ...weekends, maintenance_windows: announced }),
      saturday
    )
    assert.deepStrictEqual(window, { fromMicros: at("2026-11-06T00:00:00Z"), toMicros: at("2026-11-08T05:00:00Z") })
  })

  it("a time without a zone is New York's; what cannot be read is left out", () => {
    const read = Maintenance.fromSchedule({
      standard_hours: [],
      maintenance_windows: [
        { start_datetime: "2026-07-01T01:00:00", end_datetime: "2026-07-01T02:00:00" },
        { start_datetime: "soon", end_datetime: "2026-07-01T02:00:00Z" },
        { start_datetime: "2026-07-01T02:00:00Z", end_datetime: "2026-07-01T01:00:00Z" }
      ]
    })
    assert.deepStrictEqual(read.announced, [
      { fromMicros: at("2026-07-01T05:00:00Z"), toMicros: at("2026-07-01T06:00:00Z") }
    ])
  })
})

describe("whether the exchange rests", () => {
  const inside = at("2026-11-05T09:00:00Z")
  const outside = at("2026-11-06T09:00:00Z")
  const judge = (micros: number, isActive?: boolean, agoMicros = 0) =>
    Maintenance.judge(
      published,
      isActive === undefined ? undefined : { isActive, tsReadMicros: micros - agoMicros },
      micros,
      statusMicrosMax
    )

  it("is known by its word, while that is fresh, and by its schedule otherwise", () => {
    assert.isUndefined(judge(outside))
    assert.strictEqual(judge(outside, false)?.by, "status")
    assert.isUndefined(judge(outside, false, statusMicrosMax + 1))
    assert.strictEqual(judge(inside)?.by, "schedule")
    assert.strictEqual(judge(inside, false)?.toMicros, at("2026-11-05T10:00:00Z"))
  })

  it("not when it says well within the window that it is active; what it said before, or as it began, counts for nothing", () => {
    assert.isUndefined(judge(inside, true))
    const begun = at("2026-11-05T08:00:00Z")
    for (const agoMicros of [1, Maintenance.windowSettleMicros - 1]) {
      assert.strictEqual(judge(begun + agoMicros, true)?.by, "schedule")
    }
    const settled = begun + Maintenance.windowSettleMicros
    assert.isUndefined(judge(settled, true))
    assert.isUndefined(judge(settled + hourMicros, true, hourMicros))
    assert.strictEqual(judge(settled + 1, true, 2)?.by, "schedule")
  })

  it("a little before a window and after it, as clocks differ; after it only until it says that it is active", () => {
    const from = at("2026-11-05T08:00:00Z")
    const to = at("2026-11-05T10:00:00Z")
    const { windowMarginMicros } = Maintenance
    assert.strictEqual(judge(from - windowMarginMicros, true)?.by, "schedule")
    assert.isUndefined(judge(from - windowMarginMicros - 1, true))
    assert.strictEqual(judge(to + windowMarginMicros - 1)?.by, "schedule")
    assert.isUndefined(judge(to + windowMarginMicros))
    assert.isUndefined(judge(to, true))
  })

  it("is never believed outside of a window without its word", () => {
    fc.assert(
      fc.property(moments, fc.nat(2 * statusMicrosMax), (micros, agoMicros) => {
        const { windowMarginMicros } = Maintenance
        const near = [0, -windowMarginMicros, windowMarginMicros]
        if (near.some((margin) => Maintenance.windowAt(published, micros + margin) !== undefined)) return
        assert.isUndefined(judge(micros))
        assert.isUndefined(judge(micros, true, agoMicros))
        assert.strictEqual(judge(micros, false, agoMicros) !== undefined, agoMicros <= statusMicrosMax)
      }),
      propertyRuns(100)
    )
  })
})
