/**
 * A market's log over both tiers: the fold of it at a moment, slices of it, its trades. Answers are the same whichever tier holds the
 * records, and whatever is sealed, sealed again or pruned meanwhile.
 *
 * What the hot tier can answer alone it does. Otherwise a fold begins with the state with which a sealed hour begins, and goes on in
 * later hours and in the hot tier for as long as it takes.
 */
import type { BookClock, BookRecord, MarketTicker } from "@kalshibook/core/BookRecord"
import * as LogRowsReplay from "@kalshibook/core/cold/LogRowsReplay"
import type { Keyframe } from "@kalshibook/core/Keyframe"
import * as Replay from "@kalshibook/core/Replay"
import { Effect, Option } from "effect"
import { ColdDataProblem, type ColdTierError } from "./cold/ColdDataProblem.ts"
import type { MarketHour } from "./cold/ColdTier.ts"
import type { FoundHour } from "./cold/SealedHours.ts"
import * as HotPieces from "./HotPieces.ts"
import type { RecordQuery } from "./HotTier.ts"
import type { HotTierError } from "./HotTierError.ts"
import * as LogCursor from "./LogCursor.ts"
import { recordsPerPageMax } from "./LogCursor.ts"

export type LogError = HotTierError | ColdTierError

/** Which storage held the records: `both` when a fold began in the cold tier and went on in the hot one. */
export type Tier = "hot" | "cold" | "both"

/** The fold of the longest prefix of a log up to a moment. */
export interface FoundState {
  readonly replay: Replay.Replay
  /** Offset of the keyframe from which the fold began; `null` when it began at the log's start. */
  readonly keyframeOffset: number | null
  readonly tier: Tier
  /** Key of the cold tier's object with which it began; `null` where it began in the hot tier. */
  readonly source: string | null
}

export interface TieredLog {
  /** What `stateAt` would find by the receive clock where it needs no statement; `undefined` where it does. */
  readonly keptAt: (marketTicker: MarketTicker, atMicros: number) => FoundState | undefined
  /** `undefined` when the log has no record up to the moment. */
  readonly stateAt: (
    marketTicker: MarketTicker,
    atMicros: number,
    clock: BookClock
  ) => Effect.Effect<FoundState | undefined, LogError>
  readonly records: (query: RecordQuery) => Effect.Effect<ReadonlyArray<BookRecord>, LogError>
  /** The log behind a state, from which whoever walks it goes on. */
  readonly after: (
    marketTicker: MarketTicker,
    state: Replay.Replay,
    fromMicros: number,
    toMicros: number
  ) => LogCursor.LogCursor
}

export const make = (tiers: LogCursor.LogTiers): TieredLog => {
  const { cold, hot, sealed } = tiers
  /** The floor as it was last seen: it only rises, and each answer of the hot tier is given only while it is the same. */
  let floorKnown = 0

  /** Asks the hot tier, and again when an hour left it meanwhile. */
  const steady = <A, E>(read: (floorMicros: number) => Effect.Effect<A, E>) =>
    Effect.gen(function* () {
      while (true) {
        const before = floorKnown
        const found = yield* read(before)
        floorKnown = yield* sealed.floorMicros
        if (floorKnown === before) return found
      }
    })

  const pieces = HotPieces.make()

  const keptAt = (ticker: MarketTicker, atMicros: number): FoundState | undefined => {
    if (atMicros < floorKnown) return undefined
    const kept = pieces.stateAt(ticker, atMicros)
    if (kept === undefined || kept.isOpen || kept.replay.last === undefined) return undefined
    return { replay: kept.replay, keyframeOffset: kept.keyframeOffset, tier: "hot", source: null }
  }

  /** What is kept of the hot tier, with what was stored behind it since; `undefined` where that is not enough. */
  const keptState = Effect.fnUntraced(function* (ticker: MarketTicker, atMicros: number) {
    if (atMicros < floorKnown) return undefined
    const kept = pieces.stateAt(ticker, atMicros)
    const last = kept?.replay.last
    if (kept === undefined || last === undefined) return undefined
    const { isOpen, keyframeOffset, replay } = kept
    const state: FoundState = { replay, keyframeOffset, tier: "hot", source: null }
    if (!isOpen) return state
    // A gap that is told late begins at or behind the last record: where that has left the hot tier, the gap is in the cold one.
    if (last.tsReceivedMicros < floorKnown) return undefined
    const floorBefore = floorKnown
    const records = yield* hot.records({
      marketTicker: ticker,
      fromMicros: last.tsReceivedMicros,
      toMicros: atMicros + 1,
      afterOffset: last.offset,
      recordsMax: recordsPerPageMax
    })
    floorKnown = yield* sealed.floorMicros
    if (floorKnown !== floorBefore || records.length === recordsPerPageMax) return undefined
    Replay.applyUntil(replay, records, atMicros, "received")
    return state
  })

  /** Keeps what was read for others who ask about the same time. */
  const keep = Effect.fnUntraced(function* (
    ticker: MarketTicker,
    keyframe: Keyframe | undefined,
    records: ReadonlyArray<BookRecord>
  ) {
    const last = records.at(-1)
    if (last === undefined) return
    const later = Option.getOrUndefined(yield* hot.keyframeAt(ticker, last.tsReceivedMicros, "received"))
    const isNext = later !== undefined && later.offset !== keyframe?.offset
    pieces.keep(ticker, keyframe, records, isNext ? later.tsReceivedMicros : undefined)
  })

  const hotState = Effect.fnUntraced(function* (ticker: MarketTicker, atMicros: number, clock: BookClock) {
    const keyframe = Option.getOrUndefined(yield* hot.keyframeAt(ticker, atMicros, clock))
    if (keyframe === undefined && floorKnown > 0 && !(yield* beginsInHotTier(ticker))) return undefined
    const replay = keyframe === undefined ? Replay.make() : Replay.fromKeyframe(keyframe)
    let recordsMax = recordsPerPageMax
    let isFirstPage = true
    while (true) {
      const { last } = replay
      const isKept = isFirstPage && clock === "received"
      const records = yield* hot.records({
        marketTicker: ticker,
        fromMicros: last?.tsReceivedMicros ?? 0,
        toMicros: clock === "received" && !isKept ? atMicros + 1 : Number.MAX_SAFE_INTEGER,
        afterOffset: last?.offset ?? 0,
        recordsMax
      })
      if (isKept) yield* keep(ticker, keyframe, records)
      isFirstPage = false
      const isComplete = Replay.applyUntil(replay, records, atMicros, clock)
      if (isComplete || records.length < recordsMax) break
      // A page of nothing but snapshots whose place only the delta behind them can show.
      if (replay.last === last) recordsMax *= 2
    }
    return { replay, keyframeOffset: keyframe?.offset ?? null, tier: "hot", source: null } satisfies FoundState
  })

  const beginsInHotTier = (marketTicker: MarketTicker) =>
    Effect.map(
      hot.records({ marketTicker, fromMicros: 0, toMicros: Number.MAX_SAFE_INTEGER, afterOffset: 0, recordsMax: 1 }),
      ([first]) => first?.offset === 1
    )

  /** The latest sealed hour that begins before a moment and has rows of the market. */
  const hourBefore = Effect.fnUntraced(function* (ticker: MarketTicker, beforeMicros: number) {
    const { hours } = yield* sealed.hours({
      marketTicker: ticker,
      alsoMarked: false,
      fromMicros: 0,
      toMicros: beforeMicros,
      order: "latest",
      hoursMax: 1
    })
    return hours[0]
  })

  const read = Effect.fnUntraced(function* (hour: FoundHour, ticker: MarketTicker) {
    const marketHour = yield* cold.marketHour(hour, ticker)
    if (marketHour !== undefined) return { hour, marketHour }
    const detail = `Postgres says that ${ticker} has rows in it, and it has none`
    return yield* new ColdDataProblem({ problem: "incomplete", key: hour.manifestKey, detail })
  })

  /** Whether a fold may begin with the hour: what it begins with is right, and does not lie behind the moment. */
  const isBeginning = Effect.fnUntraced(function* (
    hour: FoundHour,
    { entry, keyframe: keyframeOf }: MarketHour,
    atMicros: number,
    clock: BookClock
  ) {
    const keyframe = keyframeOf()
    if (keyframe?.last === undefined) return entry.offset_first === 1
    if (clock === "exchange" && keyframe.tsExchangeEffectiveMicros > atMicros) return false
    const { offset, tsReceivedMicros } = keyframe.last
    if (!isTold(keyframe)) return false
    if (!hour.isMarked) return true
    const late = yield* sealed.gaps(entry.market_ticker, tsReceivedMicros, hour.hourMicros)
    return late.every((gap) => gap.offset <= offset)
  })

  /** The hour with which a fold up to the moment begins. */
  const beginning = Effect.fnUntraced(function* (ticker: MarketTicker, atMicros: number, clock: BookClock) {
    let beforeMicros = atMicros + 1
    while (true) {
      const hour = yield* hourBefore(ticker, beforeMicros)
      if (hour === undefined) break
      const found = yield* read(hour, ticker)
      if (yield* isBeginning(hour, found.marketHour, atMicros, clock)) return found
      beforeMicros = hour.hourMicros
    }
    if (clock === "received") return undefined
    // What happened by then may have reached us later.
    const { hours } = yield* sealed.hours({
      marketTicker: ticker,
      alsoMarked: false,
      fromMicros: 0,
      toMicros: Number.MAX_SAFE_INTEGER,
      order: "earliest",
      hoursMax: 1
    })
    return hours[0] === undefined ? undefined : yield* read(hours[0], ticker)
  })

  const coldState = Effect.fnUntraced(function* (ticker: MarketTicker, atMicros: number, clock: BookClock) {
    const first = yield* beginning(ticker, atMicros, clock)
    if (first === undefined) return undefined
    const { marketHour } = first
    const replay = marketHour.keyframe() ?? Replay.make()
    const keyframeOffset = replay.last?.offset ?? null
    const cursor = LogCursor.make(tiers, {
      marketTicker: ticker,
      afterOffset: replay.last?.offset ?? 0,
      fromMicros: 0,
      toMicros: clock === "received" ? atMicros + 1 : Number.MAX_SAFE_INTEGER,
      isContinued: true,
      first
    })
    const usesHotTier = yield* foldAll(replay, cursor, atMicros, clock)
    return {
      replay,
      keyframeOffset,
      tier: usesHotTier ? "both" : "cold",
      source: marketHour.source
    } satisfies FoundState
  })

  const stateAt = Effect.fnUntraced(function* (ticker: MarketTicker, atMicros: number, clock: BookClock) {
    const kept = clock === "received" ? yield* keptState(ticker, atMicros) : undefined
    if (kept !== undefined) return kept
    const found = yield* steady((floorMicros) =>
      clock === "received" && atMicros < floorMicros ? Effect.undefined : hotState(ticker, atMicros, clock)
    )
    const state = found ?? (yield* coldState(ticker, atMicros, clock))
    return state?.replay.last === undefined ? undefined : state
  })

  const records = Effect.fnUntraced(function* (query: RecordQuery) {
    const found = yield* steady((floorMicros) =>
      query.fromMicros < floorMicros ? Effect.undefined : hot.records(query)
    )
    if (found !== undefined) return found
    const cursor = LogCursor.make(tiers, { ...query, isContinued: false })
    const collected: Array<BookRecord> = []
    while (collected.length < query.recordsMax) {
      const piece = yield* cursor.next
      if (piece === undefined) break
      const left = query.recordsMax - collected.length
      if (piece._tag === "records") collected.push(...piece.records.slice(0, left))
      else collected.push(...LogRowsReplay.recordsOf(piece.rows, piece.start, piece.end, left))
    }
    return collected
  })

  return {
    keptAt,
    stateAt,
    records,
    after: (marketTicker, state, fromMicros, toMicros) =>
      LogCursor.make(tiers, {
        marketTicker,
        afterOffset: state.last?.offset ?? 0,
        fromMicros: state.last?.tsReceivedMicros ?? fromMicros,
        toMicros,
        isContinued: state.last !== undefined
      })
  }
}

/**
 * Whether the state of a keyframe is all that a fold would know: one that stands in a gap has the gap's head, so the last record is told
 * only where it is the gap.
 */
const isTold = ({ last, trust }: Replay.Replay): boolean => trust._tag !== "stale" || trust.gap.offset === last?.offset

/** Rows that become records at once, by the exchange's clock. */
const rowsAtOnce = 4_096

/** Folds all that the cursor gives, up to the moment. Returns whether any of it came from the hot tier. */
const foldAll = Effect.fnUntraced(function* (
  replay: Replay.Replay,
  cursor: LogCursor.LogCursor,
  atMicros: number,
  clock: BookClock
) {
  let usesHotTier = false
  /** Records whose place is not known yet, which only later ones can show. */
  let held: ReadonlyArray<BookRecord> = []
  const isComplete = (records: ReadonlyArray<BookRecord>): boolean => {
    const all = held.length === 0 ? records : [...held, ...records]
    if (Replay.applyUntil(replay, all, atMicros, clock)) return true
    const offset = replay.last?.offset ?? 0
    held = all.filter((record) => record.offset > offset)
    return false
  }
  while (true) {
    const piece = yield* cursor.next
    if (piece === undefined) return usesHotTier
    if (piece._tag === "records") {
      usesHotTier = true
      if (isComplete(piece.records)) return usesHotTier
      continue
    }
    const { end, rows, start } = piece
    if (clock === "received") {
      LogRowsReplay.foldReceived(replay, rows, start, end, atMicros)
      continue
    }
    for (let row = start; row < end; ) {
      const next = LogRowsReplay.endNear(rows, row + rowsAtOnce, end)
      if (isComplete(LogRowsReplay.recordsOf(rows, row, next))) return usesHotTier
      row = next
    }
  }
})
