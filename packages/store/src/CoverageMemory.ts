/**
 * Coverage by its definition: the range is cut at every moment at which anything could change, and of each piece it is asked whether
 * the market was open and what a fold of its log would say. Knows neither openings nor gaps as the tables have them; slow.
 */
import type { BookRecord, GapRecord, MarketTicker } from "@kalshibook/core/BookRecord"
import { hourMicros, microsFromIso } from "@kalshibook/core/Units"
import { Effect, Option } from "effect"
import type { Coverage, CoverageHour, HourGap, HourRange, Loss, LossCause, MarketHour } from "./Coverage.ts"
import * as CoverageEdge from "./CoverageEdge.ts"
import { gapsPerHourMax, hourOf, hoursOf } from "./CoverageHours.ts"
import type { HotTier } from "./HotTier.ts"
import type { CatalogVersion, MarketCatalog } from "./MarketCatalog.ts"
import { MarketUnheardOf } from "./MarketUnheardOf.ts"

/** What is known of one market. */
interface Facts {
  readonly versions: ReadonlyArray<CatalogVersion>
  readonly log: ReadonlyArray<BookRecord>
  readonly edge: CoverageEdge.CoverageEdge
}

const everything = Number.MAX_SAFE_INTEGER

export const make = (
  hot: HotTier["Service"],
  catalog: MarketCatalog["Service"]
): Omit<Coverage["Service"], "keepRolledUp"> => {
  const edge = Effect.flatMap(hot.watermark, CoverageEdge.at)

  const factsOf = Effect.fnUntraced(function* (marketTicker: MarketTicker, counted: CoverageEdge.CoverageEdge) {
    const all = { fromMicros: 0, toMicros: everything, afterOffset: 0, recordsMax: 1_000_000 }
    const facts: Facts = {
      versions: yield* catalog.versions("market", marketTicker),
      log: yield* hot.records({ marketTicker, ...all }),
      edge: counted
    }
    return facts
  })

  const market = Effect.fnUntraced(function* (marketTicker: MarketTicker, range: HourRange) {
    const counted = yield* edge
    const facts = yield* factsOf(marketTicker, counted)
    if (facts.versions.length === 0 && facts.log.length === 0) return yield* new MarketUnheardOf({ marketTicker })
    const hours = hoursOf(range, counted.countedToMicros).map((hour) =>
      hourFrom(facts, hour, Math.min(hour + hourMicros, range.toMicros, counted.countedToMicros))
    )
    return { countedToMicros: counted.countedToMicros, hours }
  })

  const exchange = Effect.fnUntraced(function* (range: HourRange) {
    const counted = yield* edge
    const described = yield* catalog.markets({}, { entriesMax: 1_000_000 })
    const recorded = yield* hot.heads
    const tickers = new Set([...described.map((one) => one.ticker), ...recorded.map((head) => head.marketTicker)])
    const all = yield* Effect.forEach(tickers, (ticker) => factsOf(ticker, counted))
    const hours = hoursOf(range, counted.countedToMicros).map((hour) => {
      const to = Math.min(hour + hourMicros, range.toMicros, counted.countedToMicros)
      return all.map((facts): CoverageHour => hourFrom(facts, hour, to)).reduce(added, emptyHour(hour))
    })
    return { countedToMicros: counted.countedToMicros, hours }
  })

  return { market, exchange, rollUp: Effect.succeed({ hours: 0, isLevel: true }) }
}

const emptyHour = (hour: number): CoverageHour => ({
  hourMicros: hour,
  openMicros: 0,
  trustedMicros: 0,
  records: 0,
  losses: []
})

const added = (left: CoverageHour, right: CoverageHour): CoverageHour => ({
  hourMicros: left.hourMicros,
  openMicros: left.openMicros + right.openMicros,
  trustedMicros: left.trustedMicros + right.trustedMicros,
  records: left.records + right.records,
  losses: summed([...left.losses, ...right.losses])
})

const summed = (losses: ReadonlyArray<Loss>): ReadonlyArray<Loss> => {
  const byCause = new Map<LossCause, Loss>()
  for (const { cause, gaps, lostMicros } of losses) {
    const sum = byCause.get(cause) ?? { cause, lostMicros: 0, gaps: 0 }
    byCause.set(cause, { cause, lostMicros: sum.lostMicros + lostMicros, gaps: sum.gaps + gaps })
  }
  return [...byCause.values()].sort((left, right) => (left.cause < right.cause ? -1 : 1))
}

const hourFrom = (facts: Facts, hour: number, toMicros: number): MarketHour => {
  const losses: Array<Loss> = []
  const lostByOffset = new Map<number, number>()
  let openMicros = 0
  let trustedMicros = 0
  const cuts = momentsOfChange(facts).filter((micros) => micros > hour && micros < toMicros)
  for (const [index, from] of [hour, ...cuts].entries()) {
    const micros = (cuts[index] ?? toMicros) - from
    if (!isOpenAt(facts.versions, from)) continue
    openMicros += micros
    const loss = lossAt(facts, from)
    if (loss === undefined) trustedMicros += micros
    else losses.push({ cause: loss.cause, lostMicros: micros, gaps: 0 })
    if (loss?.gap !== undefined) {
      lostByOffset.set(loss.gap.offset, (lostByOffset.get(loss.gap.offset) ?? 0) + micros)
    }
  }
  const inHour = facts.log.filter(({ tsReceivedMicros }) => hourOf(tsReceivedMicros) === hour)
  const begun = inHour.filter((record) => record.kind === "gap").filter((gap) => isBegunOpen(facts, gap, toMicros))
  for (const { cause } of begun) losses.push({ cause, lostMicros: 0, gaps: 1 })
  const listed = facts.log
    .filter((record) => record.kind === "gap")
    .filter((gap) => lostByOffset.has(gap.offset) || begun.includes(gap))
  return {
    hourMicros: hour,
    openMicros,
    trustedMicros,
    records: inHour.filter((record) => record.kind !== "gap").length,
    losses: summed(losses),
    gaps: listed.slice(0, gapsPerHourMax).map((gap) => gapView(facts.log, gap, lostByOffset.get(gap.offset) ?? 0)),
    gapsLeftOut: Math.max(0, listed.length - gapsPerHourMax)
  }
}

/** Ascending, each once. */
const momentsOfChange = ({ edge, log, versions }: Facts): ReadonlyArray<number> => {
  const moments = new Set(log.map((record) => record.tsReceivedMicros))
  for (const version of versions) {
    for (const micros of [version.tsObservedMicros, opensMicros(version), closesMicros(version)]) moments.add(micros)
  }
  if (edge.stoppedFromMicros !== null) moments.add(edge.stoppedFromMicros)
  return [...moments].sort((left, right) => left - right)
}

const timeOf = (version: CatalogVersion, field: string, otherwise: number): number => {
  const text = version.body[field]
  const micros = typeof text === "string" ? microsFromIso(text) : Option.none()
  return Option.getOrElse(
    Option.filter(micros, (one) => one >= 0),
    () => otherwise
  )
}

const opensMicros = (version: CatalogVersion): number => timeOf(version, "open_time", version.tsObservedMicros)
const closesMicros = (version: CatalogVersion): number => timeOf(version, "close_time", everything)

/** Whether a version that held at the moment says so, and no later one that the market had closed by then. */
const isOpenAt = (versions: ReadonlyArray<CatalogVersion>, micros: number): boolean =>
  versions.some((version, index) => {
    const next = versions[index + 1]
    const holds =
      (index === 0 || micros >= version.tsObservedMicros) && (next === undefined || micros < next.tsObservedMicros)
    const isOpen = micros >= opensMicros(version) && micros < closesMicros(version)
    return holds && isOpen && versions.slice(index + 1).every((later) => micros < closesMicros(later))
  })

/** What a fold of the log up to the moment says, save for what the watermark says; `undefined` where the book is known. */
const lossAt = ({ edge, log }: Facts, micros: number): { cause: LossCause; gap?: GapRecord } | undefined => {
  const past = log.filter((record) => record.tsReceivedMicros <= micros)
  const last = past.findLast((record) => record.kind !== "delta")
  if (!past.some((record) => record.kind === "snapshot")) return { cause: "not_recorded" }
  if (last?.kind === "gap") return { cause: last.cause, gap: last }
  const isStopped = edge.stoppedFromMicros !== null && micros >= edge.stoppedFromMicros
  return isStopped ? { cause: "recorder_stopped" } : undefined
}

const isBegunOpen = ({ log, versions }: Facts, gap: GapRecord, toMicros: number): boolean => {
  const first = log.find((record) => record.kind === "snapshot")
  const micros = gap.tsReceivedMicros
  return first !== undefined && micros >= first.tsReceivedMicros && micros < toMicros && isOpenAt(versions, micros)
}

const gapView = (log: ReadonlyArray<BookRecord>, gap: GapRecord, lostMicros: number): HourGap => ({
  offset: gap.offset,
  cause: gap.cause,
  fromMicros: gap.tsReceivedMicros,
  detectedMicros: gap.tsDetectedMicros,
  toMicros: log.find((record) => record.kind === "snapshot" && record.offset > gap.offset)?.tsReceivedMicros ?? null,
  lostMicros
})
