/**
 * Spoils frames of a conversation, and holds decoder and recorder to their promises with each: neither throws, the two ways of
 * decoding agree, and whatever the recorder makes of it is a log that can be stored and never trusts what it does not know.
 */
import { isDeepStrictEqual } from "node:util"
import type { BookRecord, MarketTicker } from "@kalshibook/core/BookRecord"
import * as DeltaFrame from "@kalshibook/core/kalshi/DeltaFrame"
import type { ServerMessage } from "@kalshibook/core/kalshi/ServerMessage"
import * as Wire from "@kalshibook/core/kalshi/Wire"
import * as MarketLog from "@kalshibook/core/MarketLog"
import * as Outbox from "@kalshibook/core/Outbox"
import type * as Recorder from "@kalshibook/core/Recorder"
import * as Replay from "@kalshibook/core/Replay"
import fc from "fast-check"
import { assert } from "vitest"
import * as Listening from "../Listening.ts"
import * as FrameSamples from "./FrameSamples.ts"
import * as Mutations from "./Mutations.ts"

export interface FuzzOptions {
  readonly seed: number
  readonly frames: number
}

/** How many frames became which message, and how often each mutation was done. */
export interface FuzzCounts {
  readonly messages: Record<string, number>
  readonly mutations: Record<string, number>
  readonly recordsWritten: number
  readonly gapsWritten: number
  readonly millisMax: number
}

/** A frame that takes so long is one that a whole exchange would wait for. Generous: other processes may have the processor. */
const decodeMillisMax = 2_000
const tickers: ReadonlyArray<MarketTicker> = ["KXFUZZ-26NOV25-A", "KXFUZZ-26NOV25-B", "KXFUZZ-26NOV25-C"]
const startMicros = 1_795_219_200_000_000
const mutationsMax = 3
/** Of the frames, so many are spoilt; the others let books become trusted in between. */
const spoiltShare = 0.5
/** After so many frames a new connection begins: a damaged number may have silenced the old one. */
const framesPerConnection = 400
const samples = 300
const shownBytesMax = 2_000

export const run = ({ frames, seed }: FuzzOptions): FuzzCounts => {
  const chance = Mutations.chanceOf(seed)
  const counts = { messages: {}, mutations: {}, recordsWritten: 0, gapsWritten: 0, millisMax: 0 }
  const { recorder } = Listening.make()
  const ledger = makeLedger()
  const strange = strangeFrames(seed)
  let conversation = converse(recorder, 0)
  for (let index = 0; index < frames; index++) {
    const tsMicros = startMicros + index * 50
    if (index % framesPerConnection === 0) conversation = converse(recorder, tsMicros)
    const isOurs = chance.fraction() < 0.8
    const good = isOurs ? conversation.next(chance) : chance.pick(strange)
    const { applied, frame } =
      chance.fraction() < spoiltShare ? spoil(good, chance.pick(strange), chance) : unspoilt(good)
    const where = (): string => `seed ${seed}, frame ${index} (${applied.join(", ") || "as sent"}): ${shown(frame)}`
    for (const name of applied) count(counts.mutations, name)
    const begunMillis = performance.now()
    const message = guarded(where, () => decodeBothWays(frame))
    const millis = performance.now() - begunMillis
    counts.millisMax = Math.max(counts.millisMax, millis)
    guarded(where, () => assert.isBelow(millis, decodeMillisMax))
    count(counts.messages, message._tag)
    guarded(where, () => Listening.receive(recorder, message, tsMicros))
    guarded(where, () => check(ledger, recorder))
    counts.recordsWritten += recorder.outbox.records.length
    for (const { kind } of recorder.outbox.records) if (kind === "gap") counts.gapsWritten++
    Outbox.clear(recorder.outbox)
  }
  return counts
}

const count = (counts: Record<string, number>, name: string): void => {
  counts[name] = (counts[name] ?? 0) + 1
}

const guarded = <A>(where: () => string, run: () => A): A => {
  try {
    return run()
  } catch (cause) {
    throw new Error(where(), { cause })
  }
}

const shown = (frame: Uint8Array): string => textOf(frame.subarray(0, shownBytesMax))

const textOf = (frame: Uint8Array): string => new TextDecoder().decode(frame)

/** Every kind of frame, older forms and recorded ones: what else may come. */
const strangeFrames = (seed: number): ReadonlyArray<Uint8Array> => {
  const directory = FrameSamples.recordedDirectory()
  const written = fc.sample(FrameSamples.message, { seed, numRuns: samples }).map(Wire.encode)
  const recorded = directory === undefined ? [] : FrameSamples.recordedFrames(directory)
  const older = [
    '{"type":"orderbook_snapshot","sid":1,"seq":2,"msg":{"market_ticker":"KXFUZZ-26NOV25-A","yes":[[1,5],[40,3]],"no":[[9,1]]}}',
    '{"type":"orderbook_delta","sid":1,"seq":3,"msg":{"market_ticker":"KXFUZZ-26NOV25-A","price":40,"delta":-3,"side":"yes"}}',
    '{"type":"trade","sid":2,"seq":1,"msg":{"trade_id":"t","market_ticker":"A","yes_price":5,"count":1,"taker_side":"no","ts":1}}',
    '{"type":"event_fee_update","sid":3,"seq":1,"msg":{"event_ticker":"E","fee_type_override":null}}',
    '{"type":"orderbook_surprise","sid":1,"seq":4,"msg":{}}'
  ]
  return [...written, ...recorded, ...older].map(FrameSamples.bytesOf)
}

const unspoilt = (frame: Uint8Array) => ({ frame, applied: [] as ReadonlyArray<string> })

const spoil = (good: Uint8Array, other: Uint8Array, chance: Mutations.Chance) => {
  const applied = Array.from({ length: 1 + chance.whole(mutationsMax) }, () => chance.pick(Mutations.mutationNames))
  const frame = applied.reduce((bytes, name) => Mutations.mutations[name]?.(bytes, other, chance) ?? bytes, good)
  return { frame, applied }
}

/** Of a frame in bytes and in text, which must mean the same where the bytes are text; the template may decline, and never differ. */
const decodeBothWays = (frame: Uint8Array): ServerMessage => {
  const message = Wire.decode(frame)
  const text = textOf(frame)
  const bySchema = Wire.decodeText(text)
  const byTemplate = DeltaFrame.decodeDelta(frame)
  if (byTemplate !== undefined) isSame(byTemplate, bySchema)
  if (Buffer.from(text).equals(frame)) isSame(message, bySchema)
  return message
}

/** The quick comparison for all, the one that shows what differs for those that do. */
const isSame = (left: ServerMessage, right: ServerMessage): void => {
  if (!isDeepStrictEqual(left, right)) assert.deepStrictEqual(left, right)
}

interface Conversation {
  readonly next: (chance: Mutations.Chance) => Uint8Array
}

const bookSid = 1

/** A new connection on which all markets are followed, and an exchange that sends their books as if nothing ever went wrong. */
const converse = (recorder: Recorder.Recorder, tsMicros: number): Conversation => {
  if (recorder.epochLast > 0) Listening.close(recorder, "connection_lost", tsMicros)
  Listening.open(recorder, recorder.epochLast + 1, tsMicros)
  for (const ticker of tickers) Listening.follow(recorder, ticker)
  let seq = 0
  /** One level of each market comes and goes, so that every change fits. */
  const sizes = new Map(tickers.map((ticker) => [ticker, 0]))
  const snapshot = (ticker: MarketTicker): string => {
    const level = sizes.get(ticker) === 0 ? "" : ',["0.4200","1.00"]'
    const msg = `{"market_ticker":"${ticker}","market_id":"m","yes_dollars_fp":[["0.4000","2.00"]${level}],"no_dollars_fp":[]}`
    return `{"type":"orderbook_snapshot","sid":${bookSid},"seq":${++seq},"msg":${msg}}\n`
  }
  const delta = (ticker: MarketTicker): string => {
    const isThere = sizes.get(ticker) !== 0
    sizes.set(ticker, isThere ? 0 : 1)
    const change = `"price_dollars":"0.4200","delta_fp":"${isThere ? "-" : ""}1.00","side":"yes","ts":"2026-11-25T20:00:00.123Z"`
    const msg = `{"market_ticker":"${ticker}","market_id":"m",${change},"ts_ms":1795636800123}`
    return `{"type":"orderbook_delta","sid":${bookSid},"seq":${++seq},"msg":${msg}}\n`
  }
  let begun = 0
  return {
    next: (chance) => {
      if (begun++ === 0) {
        return FrameSamples.bytesOf(
          `{"type":"subscribed","id":1,"msg":{"channel":"orderbook_delta","sid":${bookSid}}}\n`
        )
      }
      const ticker = chance.pick(tickers)
      return FrameSamples.bytesOf(begun <= 4 || chance.fraction() < 0.2 ? snapshot(ticker) : delta(ticker))
    }
  }
}

/** What a reader of the logs would know. */
type Ledger = Map<MarketTicker, Replay.Replay>

const makeLedger = (): Ledger => new Map()

/** Largest values of the columns in which they are stored: `sid` is four bytes, names are in indexes. */
const sidMax = 2 ** 31 - 1
const nameCharsMax = 256
// biome-ignore lint/suspicious/noControlCharactersInRegex: Postgres refuses them
const unstorable = /[\u0000-\u001f\u007f]|[\ud800-\udfff]/u

const check = (ledger: Ledger, recorder: Recorder.Recorder): void => {
  const { lifecycle, records, trades } = recorder.outbox
  for (const record of records) follows(ledger, record)
  for (const ticker of tickers) {
    const log = Listening.logOf(recorder, ticker)
    assert.strictEqual(
      ledger.get(ticker)?.trust._tag === "trusted",
      MarketLog.isTrusted(log),
      "trust as a reader has it"
    )
  }
  for (const { marketTicker, sid, tradeId } of trades) {
    assert.isAtMost(sid, sidMax)
    for (const name of [marketTicker, tradeId]) isStorable(name)
  }
  for (const { body, eventType, sid, ticker } of lifecycle) {
    assert.isAtMost(sid, sidMax)
    for (const name of [ticker, eventType]) isStorable(name)
    JSON.stringify(body)
  }
}

const isStorable = (name: string): void => {
  assert.isAtMost(name.length, nameCharsMax)
  assert.isFalse(unstorable.test(name), JSON.stringify(name))
}

/** Offsets without holes, times that never go back, and no trust but by a snapshot. */
const follows = (ledger: Ledger, record: BookRecord): void => {
  const replay = ledger.get(record.marketTicker) ?? Replay.make()
  ledger.set(record.marketTicker, replay)
  const wasTrusted = replay.trust._tag === "trusted"
  assert.strictEqual(record.offset, (replay.last?.offset ?? 0) + 1)
  assert.isAtLeast(record.tsReceivedMicros, replay.last?.tsReceivedMicros ?? 0)
  assert.isAtMost(record.sid, sidMax)
  if (record.kind === "gap") assert.isAtLeast(record.tsDetectedMicros, record.tsReceivedMicros)
  Replay.apply(replay, record)
  const isTrusted = replay.trust._tag === "trusted"
  if (isTrusted && !wasTrusted) assert.strictEqual(record.kind, "snapshot")
  if (wasTrusted && !isTrusted) assert.strictEqual(record.kind, "gap")
}
