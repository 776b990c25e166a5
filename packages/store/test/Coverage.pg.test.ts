/** Coverage by SQL over the tables is coverage by its definition, whatever was recorded and described in whatever order. */
import { assert, layer } from "@effect/vitest"
import { hourMicros, microsFromIso } from "@kalshibook/core/Units"
import { Coverage } from "@kalshibook/store/Coverage"
import { sums } from "@kalshibook/store/CoverageSums"
import { History } from "@kalshibook/store/History"
import { HotTier } from "@kalshibook/store/HotTier"
import { MarketCatalog } from "@kalshibook/store/MarketCatalog"
import * as PgNumbers from "@kalshibook/store/PgNumbers"
import { Clock, Context, Effect, Layer, Option } from "effect"
import { SqlClient } from "effect/sql"
import fc from "fast-check"
import { batch, gap, hourStartMicros, snapshot, watermark } from "./Batch.ts"
import * as MarketLogs from "./MarketLogs.ts"
import * as PgTest from "./PgTest.ts"
import { property } from "./PropertyEffect.ts"
import * as RecordedLogs from "./RecordedLogs.ts"

const tables = Layer.mergeAll(
  Coverage.layerNoDeps,
  History.layerHot.pipe(Layer.provideMerge(HotTier.layerNoDeps)),
  MarketCatalog.layerNoDeps
)

const hours = (from: number, to: number) => ({
  fromMicros: hourStartMicros + from * hourMicros,
  toMicros: hourStartMicros + to * hourMicros
})

const whole = hours(-1, RecordedLogs.hoursMax + 1)

/** Every table as new; the stores are new too, for they remember what they have stored. */
const anew = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  // Records may not be truncated: the triggers that say so rest in the sessions of replicas.
  yield* sql.withTransaction(
    Effect.andThen(
      sql`set local session_replication_role = replica`,
      sql`truncate markets, records, keyframes, watermark, coverage_hours, coverage_totals, coverage_marks cascade`
    )
  )
  return yield* Layer.build(Layer.fresh(tables))
})

/** The moment for whoever reads the clock. */
const at = (micros: number) => {
  const millis = Math.floor(micros / 1_000)
  const fixed = { currentTimeMillis: Effect.succeed(millis), currentTimeMillisUnsafe: () => millis }
  return Effect.updateService(Clock.Clock, (clock): Clock.Clock => Object.assign(Object.create(clock), fixed))
}

const rolledUp = (coverage: Coverage["Service"]) => Effect.repeat(coverage.rollUp, { until: ({ isLevel }) => isLevel })

const plainOf = Effect.map(Layer.build(Layer.fresh(Coverage.layerMemory)), (built) => Context.get(built, Coverage))

layer(PgTest.layer, { excludeTestServices: true })("Coverage", (it) => {
  it.effect(
    "is what its definition says, for one market and for all, summed up or not, at whatever moment it is asked",
    () =>
      Effect.gen(function* () {
        const markets = fc.array(fc.tuple(RecordedLogs.log, RecordedLogs.descriptions, MarketLogs.cuts), {
          minLength: 1,
          maxLength: 3
        })
        const asked = fc.record({
          markets,
          marks: fc.array(RecordedLogs.moment, { minLength: 1, maxLength: 4 }),
          silence: fc.constantFrom(0, 9_000_000, 11_000_000, 2 * hourMicros)
        })
        yield* property(asked, 25, ({ markets, marks, silence }) =>
          Effect.gen(function* () {
            const built = yield* anew
            const coverage = Context.get(built, Coverage)
            const hot = Context.get(built, HotTier)
            const catalog = Context.get(built, MarketCatalog)
            const plain = yield* Effect.provide(plainOf, built)
            const tickers = markets.map((_, index) => `KXCOVER-${index}`)
            let now = 0
            for (const mark of marks.toSorted((left, right) => left - right)) {
              // Up to the mark everything is stored that was noticed by then, as a recorder would have it.
              for (const [index, [log, descriptions]] of markets.entries()) {
                const ticker = tickers[index] ?? ""
                for (const { body, tsObservedMicros } of descriptions) {
                  if (tsObservedMicros <= now || tsObservedMicros > mark) continue
                  yield* catalog.observe({ series: [], events: [], markets: [{ ticker, body, tsObservedMicros }] })
                }
                const known = log.findIndex((record) => noticedMicros(record) > mark)
                const records = MarketLogs.renamed(known < 0 ? log : log.slice(0, known), ticker)
                yield* hot.append(batch({ records, watermark: watermark({ tsReceivedMicros: mark }) }))
              }
              now = mark
              const clock = at(mark + silence)
              for (const roll of [false, true]) {
                if (roll) yield* rolledUp(coverage)
                const all = yield* clock(coverage.exchange(whole))
                assert.deepStrictEqual(all, yield* clock(plain.exchange(whole)))
                for (const ticker of tickers) {
                  const one = yield* Effect.result(clock(coverage.market(ticker, whole)))
                  assert.deepStrictEqual(one, yield* Effect.result(clock(plain.market(ticker, whole))))
                }
              }
            }
          }).pipe(Effect.scoped)
        )
      }),
    240_000
  )

  it.effect(
    "trusts exactly the moments at which the book is trusted",
    () =>
      Effect.gen(function* () {
        const asked = fc.record({
          log: RecordedLogs.log,
          mark: RecordedLogs.moment,
          moments: fc.array(RecordedLogs.moment, { minLength: 6, maxLength: 6 }),
          isStopped: fc.boolean()
        })
        const seen = { trusted: 0, lost: 0 }
        yield* property(asked, 40, ({ isStopped, log, mark, moments }) =>
          Effect.gen(function* () {
            const sql = yield* SqlClient.SqlClient
            const built = yield* anew
            const history = Context.get(built, History)
            const marketTicker = "KXSAME"
            yield* Context.get(built, MarketCatalog).observe({
              series: [],
              events: [],
              markets: [{ ticker: marketTicker, body: { open_time: "2026-01-01T00:00:00Z" }, tsObservedMicros: 1 }]
            })
            const known = log.findIndex((record) => noticedMicros(record) > mark)
            const records = MarketLogs.renamed(known < 0 ? log : log.slice(0, known), marketTicker)
            yield* Context.get(built, HotTier).append(
              batch({ records, watermark: watermark({ tsReceivedMicros: mark }) })
            )
            for (const micros of isStopped ? moments : moments.filter((one) => one <= mark)) {
              const clock = at(isStopped ? whole.toMicros + 60_000_000 : mark)
              const book = yield* Effect.result(clock(history.bookAt(marketTicker, micros, "received")))
              const rows = yield* sums(sql, {
                fromMicros: micros,
                toMicros: micros + 1,
                stoppedFromMicros: isStopped ? mark + 1 : null
              })
              const lost = rows.filter((row) => row.cause !== null && row.micros > 0)
              const isTrusted = book._tag === "Success" && book.success.trust._tag === "trusted"
              assert.strictEqual(lost.length === 0, isTrusted, JSON.stringify({ micros, rows }))
              const isRecorded = records.some((one) => one.kind === "snapshot" && one.tsReceivedMicros <= micros)
              if (isRecorded && book._tag === "Success" && book.success.trust._tag === "stale") {
                assert.strictEqual(lost[0]?.cause, book.success.trust.gap.cause)
              }
              seen[isTrusted ? "trusted" : "lost"]++
            }
          }).pipe(Effect.scoped)
        )
        assert.isAbove(Math.min(seen.trusted, seen.lost), 0)
      }),
    240_000
  )

  it.effect("is summed up a day at a time, once however many ask for it, and then only where facts changed", () =>
    Effect.gen(function* () {
      const built = yield* anew
      const coverage = Context.get(built, Coverage)
      const hot = Context.get(built, HotTier)
      const other = Context.get(yield* Layer.build(Layer.fresh(Coverage.layerNoDeps)), Coverage)
      const marketTicker = "KXROLL"
      const body = { open_time: "2026-11-22T00:00:00Z", close_time: "2026-11-30T00:00:00Z" }
      const seen = { ticker: marketTicker, body, tsObservedMicros: hourStartMicros }
      const catalog = Context.get(built, MarketCatalog)
      yield* catalog.observe({ series: [], events: [], markets: [seen] })
      const begun = snapshot({ marketTicker, offset: 1 })
      const after = (hours: number, minutes = 0) => hourStartMicros + hours * hourMicros + minutes * 60_000_000
      yield* hot.append(batch({ records: [begun], watermark: watermark({ tsReceivedMicros: after(30, 30) }) }))
      const both = yield* Effect.all([coverage.rollUp, other.rollUp], { concurrency: 2 })
      assert.include([24, 30], both[0].hours + both[1].hours)
      assert.isAtMost(Math.max(both[0].hours, both[1].hours), 24)
      yield* rolledUp(coverage)
      const sql = yield* SqlClient.SqlClient
      const stored = sql`select hour_micros, open_micros, trusted_micros, records from coverage_totals order by 1`
      const before = yield* stored
      assert.deepStrictEqual(
        before,
        Array.from({ length: 30 }, (_, hour) => ({
          hour_micros: after(hour),
          open_micros: hourMicros,
          trusted_micros: hourMicros - (hour === 0 ? 1 : 0),
          records: hour === 0 ? 1 : 0
        }))
      )
      assert.deepStrictEqual(yield* coverage.rollUp, { hours: 0, isLevel: true })

      // A doubt that reaches back three hours and a half: four hours that were summed up, and the one that is not over.
      const doubt = gap({
        marketTicker,
        offset: 2,
        cause: "audit",
        tsReceivedMicros: after(26, 30),
        tsDetectedMicros: after(30, 40)
      })
      yield* hot.append(batch({ records: [doubt], watermark: watermark({ tsReceivedMicros: after(30, 40) }) }))
      assert.deepStrictEqual(yield* coverage.rollUp, { hours: 4, isLevel: true })
      assert.deepStrictEqual(yield* coverage.rollUp, { hours: 0, isLevel: true })
      const lost =
        yield* sql`select hour_micros, cause, lost_micros, gaps from coverage_losses where cause = 'audit' order by 1`
      assert.deepStrictEqual(
        lost,
        [26, 27, 28, 29].map((hour) => ({
          hour_micros: after(hour),
          cause: "audit",
          lost_micros: hour === 26 ? hourMicros / 2 : hourMicros,
          gaps: hour === 26 ? 1 : 0
        }))
      )

      // A close that was seen late takes the time behind it back.
      const closed = { ...seen, body: { ...body, close_time: "2026-11-23T15:00:00Z" }, tsObservedMicros: after(30, 41) }
      yield* catalog.observe({ series: [], events: [], markets: [closed] })
      assert.deepStrictEqual(yield* coverage.rollUp, { hours: 2, isLevel: true })
      assert.deepStrictEqual(
        (yield* stored).map((row) => row["open_micros"]),
        Array.from({ length: 30 }, (_, hour) => (hour < 28 ? hourMicros : 0))
      )
      assert.deepStrictEqual(
        (yield* stored).map((row) => row["records"]),
        before.map((row) => row["records"])
      )
    }).pipe(Effect.scoped)
  )

  it.effect("is kept summed up in the background", () =>
    Effect.gen(function* () {
      const built = yield* anew
      const sql = yield* SqlClient.SqlClient
      const records = [snapshot({ marketTicker: "KXKEPT", offset: 1 })]
      const mark = watermark({ tsReceivedMicros: hourStartMicros + 50 * hourMicros })
      yield* Context.get(built, HotTier).append(batch({ records, watermark: mark }))
      yield* Effect.forkScoped(Context.get(built, Coverage).keepRolledUp)
      const count = Effect.map(sql`select count(*) as hours from coverage_totals`, ([row]) => row?.["hours"])
      yield* Effect.repeat(Effect.andThen(Effect.yieldNow, count), { until: (hours) => hours === 50 })
    }).pipe(Effect.scoped)
  )

  it.effect("reads the times of descriptions as everything else does", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const two = (max: number) => fc.integer({ min: 0, max }).map((value) => String(value).padStart(2, "0"))
      const iso = fc
        .tuple(
          fc.constantFrom("1969", "1970", "2026", "2028", "2100", "2254", "2255", "9999"),
          fc.tuple(two(13), two(32)),
          fc.tuple(two(24), two(60), two(60)),
          fc.constantFrom("", ".1", ".123456", ".1234569", ".999999999", ".1234567890"),
          fc.constantFrom("Z", "z", "", "+01:30", "-0500", "+23:59", "-23:59", "+24:00", "+1:00")
        )
        .map(([year, day, time, fraction, zone]) => `${year}-${day.join("-")}T${time.join(":")}${fraction}${zone}`)
      const odd = [
        "2026-11-22",
        "2026-11-22T11:00",
        "2026-11-22 11:00Z",
        "2026-11-22T11Z",
        "2026-11-22T11:00:00.Z",
        "0000-01-01"
      ]
      const texts = fc.array(fc.oneof({ weight: 9, arbitrary: iso }, fc.string()), { minLength: 50, maxLength: 50 })
      yield* property(texts, 10, (asked) =>
        Effect.gen(function* () {
          const clean = [...asked, ...odd].map((text) => text.replaceAll("\u0000", ""))
          const rows = yield* sql<{ micros: number | null }>`
            select micros_of_iso(iso) as micros from unnest(${PgNumbers.texts(clean)}) with ordinality as asked (iso, place) order by place`
          for (const [index, text] of clean.entries()) {
            const micros = Option.filter(microsFromIso(text), (one) => one >= 0)
            assert.strictEqual(rows[index]?.micros ?? null, Option.getOrNull(micros), text)
          }
        })
      )
    })
  )
})

const noticedMicros = (record: { readonly tsReceivedMicros: number; readonly tsDetectedMicros?: number }): number =>
  record.tsDetectedMicros ?? record.tsReceivedMicros
