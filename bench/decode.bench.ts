/**
 * Frames of deltas to whole numbers: `Wire.decode` against `JSON.parse` and the parsing of its decimals.
 *
 * The other side is the least that a recorder could do: it checks nothing, keeps no unknown field, and takes the time from `ts_ms`
 * alone where ours reads the microseconds of `ts`. Both run in one process in alternating rounds on the same bytes; every result is
 * compared beforehand.
 */
import { Buffer } from "node:buffer"
import { noUnknownFields } from "@kalshibook/core/kalshi/ServerMessage"
import * as Wire from "@kalshibook/core/kalshi/Wire"
import * as Prng from "@kalshibook/simulator/exchange/Prng"
import { type BenchRow, median, rate } from "./BenchTable.ts"

const marketCount = 3_000
/** Few enough to stay in the processor's cache, as frames that have just come from a socket are. */
const frameCount = 2_000
/** Many short rounds: what interrupts one of them on a busy machine hardly moves the median. */
const roundCount = 60
const warmupRounds = 10
const passesPerRound = 10
const ratioPromised = 2

/** As in a busy second of the exchange: a few hot markets and many quiet ones (Zipf), deci-cent prices, some fractions of contracts. */
const makeFrames = (): ReadonlyArray<Buffer> => {
  const prng = Prng.make(20261122, 0)
  const startMicros = 1_778_796_513_694_567
  return Array.from({ length: frameCount }, (_, index) => {
    const market = Math.floor(marketCount ** Prng.fraction(prng))
    const text = Wire.encode({
      _tag: "orderbook_delta",
      sid: 1,
      seq: 250_000 + index,
      marketTicker: `KXBTC15M-26MAY${140_000 + market}-${market % 60}`,
      marketId: `9b5194ce-fa5b-4fa6-a79f-${String(market).padStart(12, "0")}`,
      side: Prng.chance(prng, 0.5) ? "yes" : "no",
      priceE4: Prng.between(prng, 1, 999) * 10,
      deltaE2: Prng.between(prng, 1, 2_000) * (Prng.chance(prng, 0.2) ? 1 : 100) * (Prng.chance(prng, 0.5) ? 1 : -1),
      tsExchangeMicros: startMicros + index * 137,
      tsSentMicros: Math.floor((startMicros + index * 137) / 1000) * 1000 + 4_000,
      unknownFields: noUnknownFields
    })
    return Buffer.from(text)
  })
}

interface Numbers {
  readonly sid: number
  readonly seq: number
  readonly marketTicker: string
  readonly side: string
  readonly priceE4: number
  readonly deltaE2: number
  readonly tsExchangeMillis: number
}

interface DeltaJson {
  readonly sid: number
  readonly seq: number
  readonly msg: {
    readonly market_ticker: string
    readonly side: string
    readonly price_dollars: string
    readonly delta_fp: string
    readonly ts_ms: number
  }
}

const decodeTheirs = (frame: Buffer): Numbers => {
  const { sid, seq, msg } = JSON.parse(frame.toString()) as DeltaJson
  return {
    sid,
    seq,
    marketTicker: msg.market_ticker,
    side: msg.side,
    priceE4: Math.round(Number.parseFloat(msg.price_dollars) * 10_000),
    deltaE2: Math.round(Number.parseFloat(msg.delta_fp) * 100),
    tsExchangeMillis: msg.ts_ms
  }
}

const compare = (frame: Buffer): void => {
  const ours = Wire.decode(frame)
  const theirs = decodeTheirs(frame)
  const isEqual =
    ours._tag === "orderbook_delta" &&
    ours.sid === theirs.sid &&
    ours.seq === theirs.seq &&
    ours.marketTicker === theirs.marketTicker &&
    ours.side === theirs.side &&
    ours.priceE4 === theirs.priceE4 &&
    ours.deltaE2 === theirs.deltaE2 &&
    Math.floor((ours.tsExchangeMicros ?? 0) / 1000) === theirs.tsExchangeMillis
  if (!isEqual) throw new Error(`decoded differently: ${frame.toString()}`)
}

/** Seconds for all frames, several times over. The sum of the prices is returned too, so that no decoding can be optimized away. */
const timed = (frames: ReadonlyArray<Buffer>, priceOf: (frame: Buffer) => number): { seconds: number; sum: number } => {
  let sum = 0
  const startedMillis = performance.now()
  for (let pass = 0; pass < passesPerRound; pass++) {
    for (const frame of frames) sum += priceOf(frame)
  }
  return { seconds: (performance.now() - startedMillis) / 1000, sum }
}

const priceOurs = (frame: Buffer): number => {
  const message = Wire.decode(frame)
  return message._tag === "orderbook_delta" ? message.priceE4 : Number.NaN
}

const priceTheirs = (frame: Buffer): number => decodeTheirs(frame).priceE4

export const run = async (): Promise<ReadonlyArray<BenchRow>> => {
  const frames = makeFrames()
  frames.forEach(compare)
  const secondsOurs: Array<number> = []
  const secondsTheirs: Array<number> = []
  for (let round = -warmupRounds; round < roundCount; round++) {
    const ours = timed(frames, priceOurs)
    const theirs = timed(frames, priceTheirs)
    if (ours.sum !== theirs.sum) throw new Error("the decoders do not agree")
    if (round < 0) continue
    secondsOurs.push(ours.seconds)
    secondsTheirs.push(theirs.seconds)
  }
  const ratio = median(secondsTheirs) / median(secondsOurs)
  const decoded = frameCount * passesPerRound
  return [
    {
      what: `decode of deltas, ${marketCount.toLocaleString("en")} markets, ${frames[0]?.length} bytes a frame`,
      ours: rate(decoded / median(secondsOurs)),
      baseline: rate(decoded / median(secondsTheirs)),
      ratio: `${ratio.toFixed(1)}x`,
      promised: `at least ${ratioPromised}x`,
      passed: ratio >= ratioPromised
    }
  ]
}
