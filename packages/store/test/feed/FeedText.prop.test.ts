/** What travels between the recorder and API nodes: nothing is changed by it, and nothing else is taken for it. */
import { assert, it } from "@effect/vitest"
import type { FeedMessage } from "@kalshibook/core/FeedMessage"
import * as LiveFold from "@kalshibook/core/LiveFold"
import * as Replay from "@kalshibook/core/Replay"
import { Option } from "effect"
import fc from "fast-check"
import * as LogArbitrary from "../../../core/test/LogArbitrary.ts"
import * as FeedFrames from "../../src/feed/FeedFrames.ts"
import * as FeedText from "../../src/feed/FeedText.ts"

const whole = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER })
const ticker = fc.constantFrom("KXA-1", "KXB-26NOV22-T1.5", 'Ä"\\')

const trade = fc.record({
  tradeId: fc.uuid(),
  marketTicker: ticker,
  epoch: whole,
  sid: whole,
  seq: whole,
  tsExchangeMicros: whole,
  tsReceivedMicros: whole,
  yesPriceE4: whole,
  sizeE2: whole,
  takerSide: fc.constantFrom("yes" as const, "no" as const),
  isBlockTrade: fc.boolean()
})

const lifecycle = fc.record({
  ticker,
  eventType: fc.string(),
  epoch: whole,
  sid: whole,
  seq: whole,
  tsReceivedMicros: whole,
  body: fc.dictionary(
    fc.string(),
    fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value)) as unknown)
  )
})

const channelGap = fc.record({
  channel: fc.constantFrom("trade" as const, "market_lifecycle_v2" as const),
  epoch: whole,
  sid: whole,
  seqFrom: whole,
  seqTo: fc.option(whole),
  cause: fc.constantFrom("connection_lost" as const, "maintenance" as const),
  tsFromMicros: whole,
  tsDetectedMicros: whole,
  tsToMicros: fc.option(whole)
})

const standing = LogArbitrary.log
  .filter((records) => records.length > 0)
  .map((records) => {
    const replay = Replay.make()
    for (const record of records) Replay.apply(replay, record)
    const log = LiveFold.toLog(replay)
    assert.isDefined(log)
    return log as NonNullable<typeof log>
  })

const feedLog = fc
  .tuple(standing, fc.boolean())
  .map(([log, isTaken]) => ({ ...log, taken: isTaken ? { ...log.last, offset: 1 } : null }))

const message: fc.Arbitrary<FeedMessage> = fc.oneof(
  fc.record({
    _tag: fc.constant("batch" as const),
    number: whole,
    tsReceivedMicros: whole,
    begun: fc.array(standing, { maxLength: 2 }),
    records: LogArbitrary.log,
    ended: fc.array(ticker, { maxLength: 2 }),
    trades: fc.array(trade, { maxLength: 2 }),
    lifecycle: fc.array(lifecycle, { maxLength: 2 }),
    channelGaps: fc.array(channelGap, { maxLength: 2 })
  }),
  fc.record({
    _tag: fc.constant("state" as const),
    feedId: fc.string(),
    number: whole,
    tsReceivedMicros: whole,
    logs: fc.array(feedLog, { maxLength: 3 }),
    ended: fc.array(feedLog, { maxLength: 3 })
  }),
  fc.record({ _tag: fc.constant("lost" as const), cause: fc.string() })
)

it("a message that was read is the message that was written, however it was cut on the way", () => {
  fc.assert(
    fc.property(fc.array(message, { maxLength: 4 }), fc.array(fc.integer({ min: 1, max: 400 })), (messages, cuts) => {
      const bytes = Buffer.concat(
        messages.flatMap((each) => [FeedFrames.encode(FeedText.encode(each)), FeedFrames.heartbeat])
      )
      const reader = FeedFrames.makeReader(1 << 20)
      const heard: Array<FeedMessage> = []
      let at = 0
      for (const cut of [...cuts, bytes.length]) {
        const texts = FeedFrames.read(reader, bytes.subarray(at, at + cut))
        at += cut
        assert.isArray(texts)
        if (typeof texts !== "string") heard.push(...texts.map((text) => Option.getOrThrow(FeedText.decode(text))))
      }
      assert.deepStrictEqual(heard, messages)
    }),
    { numRuns: 60 }
  )
})

it("a frame of which a bit was changed is refused, or not whole yet, and never another message", () => {
  fc.assert(
    fc.property(message, fc.nat(), (each, place) => {
      const frame = FeedFrames.encode(FeedText.encode(each))
      const bit = place % (frame.length * 8)
      const changed = Buffer.from(frame)
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      assert.isString(FeedFrames.read(FeedFrames.makeReader(1 << 20), changed))
    }),
    { numRuns: 60 }
  )
})

it("any other JSON is no message, and does no harm", () => {
  const pieces = fc.oneof(fc.jsonValue(), fc.constantFrom("batch", "state", "lost", "delta", "gap", null, [], 0, -1))
  fc.assert(
    fc.property(
      fc.array(pieces, { maxLength: 12 }),
      fc.constantFrom("batch", "state", "lost", "other"),
      (parts, tag) => {
        const decoded = FeedText.decode(JSON.stringify([tag, ...parts]))
        // What is read can be written, and is the same: it is whole.
        if (Option.isSome(decoded)) {
          assert.deepStrictEqual(FeedText.decode(FeedText.encode(decoded.value)), decoded)
        }
      }
    ),
    { numRuns: 500 }
  )
  for (const text of ["", "nothing", "[]", "{}", "null", '["batch"]'])
    assert.isTrue(Option.isNone(FeedText.decode(text)))
})
