/**
 * Whoever joins, wherever in the log and whatever happens to recorder and history meanwhile, has the log. `KALSHIBOOK_STREAM_JOINS` sets
 * how many joins there are.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Book from "@kalshibook/core/Book"
import * as RecordView from "@kalshibook/core/contract/RecordView"
import * as Replay from "@kalshibook/core/Replay"
import * as CatchUp from "../../src/stream/CatchUp.ts"
import * as Fanout from "../../src/stream/Fanout.ts"
import * as FanoutWorld from "./FanoutWorld.ts"
import * as Luck from "./Luck.ts"

const joins = Number(process.env["KALSHIBOOK_STREAM_JOINS"] ?? 2_000)

const tickers = ["KXA-1", "KXB-1", "KXC-1", "KXD-1"]

/** The log as the stream writes it, record by record as text: what is the same text is the same record. */
const written = (world: FanoutWorld.FanoutWorld): ReadonlyMap<string, ReadonlyArray<string>> =>
  new Map(
    [...world.recorder.logs()].map(([ticker, records]) => [
      ticker,
      records.map((record) =>
        JSON.stringify({ type: "record", previous_offset: record.offset - 1, ...RecordView.view(record, undefined) })
      )
    ])
  )

const texts = (records: ReadonlyArray<unknown>): ReadonlyArray<string> =>
  records.map((record) => JSON.stringify(record))

/** Checks whether a reader has a market's book, and every record since its last whole book. */
const checking = (world: FanoutWorld.FanoutWorld) => {
  const logs = written(world)
  const books = new Map<string, Replay.Replay>()
  for (const [ticker, records] of world.recorder.logs()) {
    const replay = Replay.make()
    for (const record of records) Replay.apply(replay, record)
    books.set(ticker, replay)
  }
  const assertHas = ({ follower }: FanoutWorld.ModelReader, ticker: string): void => {
    const log = logs.get(ticker) ?? []
    const market = follower.markets.get(ticker)
    assert.strictEqual(market?.offset ?? 0, log.length, ticker)
    if (market === undefined) return
    assertSame(texts(market.records), log.slice(log.length - market.records.length))
    const replay = books.get(ticker)
    assert.strictEqual(market.trust, replay?.trust._tag)
    if (replay?.trust._tag === "trusted") assert.strictEqual(Book.hash(market.book), Book.hash(replay.book))
  }
  return { logs, assertHas }
}

/** The same records in the same order. */
const assertSame = (given: ReadonlyArray<string>, log: ReadonlyArray<string>): void => {
  if (given.length === log.length && given.every((text, index) => text === log[index])) return
  assert.deepStrictEqual(given, log)
}

/** A little of what happens on an exchange. */
const live = (world: FanoutWorld.FanoutWorld, luck: Luck.Luck): void => {
  const { recorder } = world
  const ticker = luck.oneOf(tickers)
  const happening = luck.below(100)
  if (happening < 2) recorder.reconnect()
  else if (happening < 8) recorder.snapshot(ticker, 1 + luck.below(500))
  else
    for (let count = luck.below(4); count >= 0; count--) recorder.delta(ticker, 98 + luck.below(5), 1 + luck.below(50))
  if (luck.below(3) > 0) recorder.publish()
  if (luck.below(10) === 0) world.commit()
}

/** Nothing more happens: everything is told, stored and read. */
const settle = (world: FanoutWorld.FanoutWorld): void => {
  for (const ticker of tickers) world.recorder.snapshot(ticker, 7)
  world.recorder.publish()
  world.commit()
  world.step()
  for (let step = 0; step < 2_000 && world.fanout.catchingUp.size > 0; step++) world.step()
}

describe("a reader of the stream", () => {
  it(`has the log, at each of ${joins} joins: at the book of now, or behind any record`, () => {
    const luck = Luck.make(1)
    let done = 0
    let fromHistory = 0
    while (done < joins) {
      const world = FanoutWorld.make(60)
      for (const ticker of tickers) world.recorder.snapshot(ticker, 100)
      for (let step = 0; step < 80; step++) live(world, luck)
      world.recorder.publish()
      world.step()
      const readers: Array<{
        readonly reader: FanoutWorld.ModelReader
        readonly ticker: string
        readonly from: number | undefined
      }> = []
      for (let count = 0; count < 250; count++, done++) {
        const ticker = luck.oneOf(tickers)
        const from = luck.below(4) === 0 ? undefined : luck.below((world.recorder.logs().get(ticker)?.length ?? 0) + 1)
        const reader = world.reader({ format: luck.below(4) === 0 ? "msgpack" : "json" })
        // As a client does that goes on: it has what it read before.
        const epoch = from === undefined || from === 0 ? 0 : (world.recorder.logs().get(ticker)?.[from - 1]?.epoch ?? 0)
        if (from !== undefined && from > 0) {
          reader.follower.markets.set(ticker, { offset: from, epoch, book: Book.make(), trust: "unknown", records: [] })
        }
        world.follow(reader, [ticker], () =>
          from === undefined ? CatchUp.book : CatchUp.wanted(from, luck.below(2) * epoch)
        )
        readers.push({ reader, ticker, from })
        if (luck.below(3) === 0) {
          live(world, luck)
          // What nobody was told nobody can have read.
          world.recorder.publish()
        }
        if (luck.below(3) === 0) world.step()
      }
      settle(world)
      fromHistory += world.readsOfHistory()
      const { assertHas, logs } = checking(world)
      for (const { from, reader, ticker } of readers) {
        assert.deepStrictEqual(reader.follower.faults, [])
        assert.strictEqual(reader.follower.of("resync").length, 0)
        assertHas(reader, ticker)
        if (from !== undefined) {
          assertSame(texts(reader.follower.of("record")), logs.get(ticker)?.slice(from) ?? [])
          assert.strictEqual(reader.follower.of("snapshot").length, 0)
        } else {
          const [first] = reader.follower.messages
          assert.strictEqual(first?.type, "snapshot")
        }
        Fanout.remove(world.fanout, reader.session)
      }
    }
    assert.isAbove(fromHistory, joins / 10)
  })

  it("loses and repeats nothing over a thousand lost connections", () => {
    const luck = Luck.make(2)
    const world = FanoutWorld.make(60)
    for (const ticker of tickers) world.recorder.snapshot(ticker, 100)
    world.recorder.publish()
    world.step()
    const seen = new Map<string, Array<string>>()
    let places: Record<string, { readonly offset: number; readonly epoch: number }> = {}
    const starts = new Map<string, number>()
    for (let connection = 0; connection < 1_000; connection++) {
      const reader = world.reader({ format: luck.below(2) === 0 ? "msgpack" : "json", readsAtOnce: false })
      for (const [ticker, { epoch, offset }] of Object.entries(places)) {
        reader.follower.markets.set(ticker, { offset, epoch, book: Book.make(), trust: "unknown", records: [] })
      }
      world.follow(reader, tickers, (ticker) => {
        const place = places[ticker]
        return place === undefined ? CatchUp.book : CatchUp.wanted(place.offset, place.epoch)
      })
      for (let step = luck.below(30); step >= 0; step--) {
        if (luck.below(4) === 0) live(world, luck)
        world.step()
        // Some of what was sent is lost with the connection.
        if (luck.below(3) === 0) reader.read(luck.below(60_000))
      }
      assert.deepStrictEqual(reader.follower.faults, [])
      places = reader.follower.places()
      for (const snapshot of reader.follower.of("snapshot")) starts.set(snapshot.market_ticker, snapshot.offset)
      for (const record of reader.follower.of("record")) {
        const log = seen.get(record.market_ticker) ?? []
        seen.set(record.market_ticker, log)
        log.push(JSON.stringify(record))
      }
      Fanout.remove(world.fanout, reader.session)
      // While nobody is connected, more happens than memory keeps, now and then.
      for (let step = luck.below(20) === 0 ? 100 : luck.below(3); step >= 0; step--) live(world, luck)
      world.step()
    }
    const logs = written(world)
    for (const ticker of tickers) {
      const start = starts.get(ticker) ?? 0
      const records = seen.get(ticker) ?? []
      assert.isAbove(records.length, 100)
      assertSame(records, logs.get(ticker)?.slice(start, start + records.length) ?? [])
    }
  })

  it("is told by a resync of what a crash has changed, and of places that the log does not have", () => {
    const world = FanoutWorld.make(60)
    const { recorder } = world
    recorder.snapshot("KXA-1", 100)
    for (let count = 0; count < 5; count++) recorder.delta("KXA-1", 99, 10)
    recorder.publish()
    world.commit()
    world.step()
    const live = world.reader()
    world.follow(live, ["KXA-1"])
    world.step()
    for (let count = 0; count < 5; count++) recorder.delta("KXA-1", 99, 10)
    recorder.publish()
    world.step()
    const place = live.follower.places()["KXA-1"]
    assert.strictEqual(place?.offset, 11)
    // The last five were told and never stored; another recorder writes other ones in their places.
    recorder.die(5)
    for (let count = 0; count < 3; count++) recorder.snapshot("KXA-1", 200 + count)
    for (let count = 0; count < 9; count++) recorder.delta("KXA-1", 99, 20)
    recorder.publish()
    world.commit()
    for (let step = 0; step < 50; step++) world.step()
    assert.deepStrictEqual(
      live.follower.of("resync").map(({ reason }) => reason),
      ["rewritten"]
    )
    const { assertHas } = checking(world)
    assertHas(live, "KXA-1")
    assert.deepStrictEqual(live.follower.faults, [])

    const back = world.reader()
    world.follow(back, ["KXA-1"], () => CatchUp.wanted(place?.offset ?? 0, place?.epoch ?? 0))
    const stranger = world.reader()
    world.follow(stranger, ["KXA-1"], () => CatchUp.wanted(1_000, 0))
    for (let step = 0; step < 600; step++) world.step()
    assert.deepStrictEqual(
      back.follower.messages.map(({ type }) => type),
      ["resync", "snapshot"]
    )
    assert.deepStrictEqual(
      stranger.follower.of("resync").map(({ reason }) => reason),
      ["unknown_place"]
    )
    assertHas(back, "KXA-1")
    assertHas(stranger, "KXA-1")
  })
})
