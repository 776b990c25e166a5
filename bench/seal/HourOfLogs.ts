/**
 * An hour of many markets as rows of the cold tier, made market by market, so that it is never in memory as a whole: a few hot markets
 * and many quiet ones, frames at random times, sizes mostly of whole contracts, an exchange that is some milliseconds away.
 */
import * as LogRows from "@kalshibook/core/cold/LogRows"
import * as LogRowsBuilder from "@kalshibook/core/cold/LogRowsBuilder"
import { hourMicros } from "@kalshibook/core/cold/SegmentKeys"
import * as Replay from "@kalshibook/core/Replay"
import * as Prng from "@kalshibook/simulator/exchange/Prng"

export interface HourSettings {
  readonly records: number
  readonly markets: number
}

/** 2026-11-21T00:00:00Z. */
export const startMicros = 1_795_219_200_000_000

const batchRows = 16_384
/** Levels of each side before the hour: every cent up to it. */
const levelsPerSide = 30
const priceCentsMax = 48
const connections = 3
/** The n-th hottest market is picked n times less often; where in the alphabet it stands is mixed. */
const rankStep = 1_237

/** All rows, in the order of the files. */
export function* rowsOf(settings: HourSettings): Generator<LogRows.LogRows> {
  const done: Array<LogRows.LogRows> = []
  const builder = LogRowsBuilder.make(batchRows, (rows) => done.push(rows))
  for (let market = 0; market < settings.markets; market++) {
    const prng = Prng.make(1, market)
    const marketTicker = `KXBENCH-26NOV21-M${String(market).padStart(4, "0")}`
    const before = openingOf(marketTicker, prng)
    builder.keyframe(before)
    for (const _ of fill(builder, marketTicker, market, countOf(market, settings), before, prng, settings)) {
      yield* done.splice(0)
    }
  }
  builder.flush()
  yield* done.splice(0)
}

const countOf = (market: number, { markets, records }: HourSettings): number => {
  let harmonic = 0
  for (let rank = 1; rank <= markets; rank++) harmonic += 1 / rank
  return Math.max(1, Math.round(records / harmonic / (((market * rankStep) % markets) + 1)))
}

const openingOf = (marketTicker: string, prng: Prng.Prng): Replay.Replay => {
  const replay = Replay.make()
  const ladder = () =>
    Array.from({ length: levelsPerSide }, (_, index) => ({
      priceE4: (index + 1) * 100,
      sizeE2: Prng.between(prng, 1, 5_000) * 100
    }))
  const head = { marketTicker, offset: 1_000, epoch: 7, sid: 1, seq: 1, tsExchangeMicros: null }
  const levels = { yes: ladder(), no: ladder() }
  Replay.apply(replay, { kind: "snapshot", ...head, tsReceivedMicros: startMicros - 5_000_000, levels })
  return replay
}

/** Adds the market's changes; yields now and then. */
function* fill(
  { row, rows }: LogRowsBuilder.LogRowsBuilder,
  marketTicker: string,
  market: number,
  count: number,
  before: Replay.Replay,
  prng: Prng.Prng,
  { records }: HourSettings
): Generator<void> {
  const offset = before.last?.offset ?? 0
  const meanMicros = (hourMicros / (count + 1)) * 0.98
  const framesPerMicro = records / connections / hourMicros
  const sizes = new Map<number, number>()
  let tsReceivedMicros = startMicros
  let tsExchangeMicros = 0
  let seq = 0
  for (let index = 1; index <= count; index++) {
    const elapsed = Math.floor(-Math.log(1 - Prng.fraction(prng)) * meanMicros)
    tsReceivedMicros = Math.min(startMicros + hourMicros - 1, tsReceivedMicros + elapsed)
    const lagMicros = 8_000 + Math.floor(-Math.log(1 - Prng.fraction(prng)) * 6_000)
    tsExchangeMicros = Math.max(tsExchangeMicros, tsReceivedMicros - lagMicros)
    seq = Math.max(seq + 1, Math.floor((tsReceivedMicros - startMicros) * framesPerMicro) + Prng.below(prng, 50))
    const at = row(LogRows.kindDelta, marketTicker)
    const batch = rows()
    batch.offset[at] = offset + index
    batch.epoch[at] = 7 + (market % connections)
    batch.sid[at] = 1
    batch.seq[at] = seq
    batch.tsReceivedMicros[at] = tsReceivedMicros
    batch.tsExchangeMicros[at] = tsExchangeMicros
    const side = Prng.chance(prng, 0.5) ? LogRows.sideYes : LogRows.sideNo
    const priceE4 = (priceCentsMax - Math.floor(priceCentsMax * Prng.fraction(prng) ** 3)) * 100
    batch.side[at] = side
    batch.priceE4[at] = priceE4
    const key = priceE4 * 4 + side
    const held = sizes.get(key) ?? 0
    const change = changeOf(prng, held)
    sizes.set(key, held + change)
    batch.sizeE2[at] = change
    if (at % 1_024 === 0) yield
  }
}

/** Never takes more than is there, and never nothing. */
const changeOf = (prng: Prng.Prng, held: number): number => {
  const kind = Prng.fraction(prng)
  if (held > 0 && kind < 0.3) return -held
  const cents = Prng.chance(prng, 0.1) ? Prng.between(prng, 1, 99) : 0
  const size = Math.floor(Math.exp(Prng.fraction(prng) * 8)) * 100 + cents
  return kind < 0.6 || size === held ? size : size - held
}
