/** What the exchange in virtual time promises besides the protocol, which the suites of `session` hold it to. */
import { assert, describe, it } from "vitest"
import type { Fault } from "../src/fault/Fault.ts"
import * as VirtualExchange from "../src/VirtualExchange.ts"

interface Heard {
  readonly atMicros: number
  readonly what: string
}

interface Listener {
  readonly heard: Array<Heard>
  readonly connection: Extract<VirtualExchange.VirtualConnection, { readonly _tag: "open" }>
}

const listen = (virtual: VirtualExchange.VirtualExchange, onFrame: (text: string) => void = () => {}): Listener => {
  const heard: Array<Heard> = []
  const note = (what: string): void => {
    heard.push({ atMicros: virtual.nowMicros(), what })
  }
  const connection = virtual.connect({
    onFrame: (bytes) => {
      note(bytes.toString("latin1"))
      onFrame(bytes.toString())
    },
    onPing: () => note("ping"),
    onClosed: (code) => note(`closed ${code}`)
  })
  if (connection._tag === "refused") throw new Error(`refused with ${connection.status}`)
  return { heard, connection }
}

const activeTickers = ({ exchange }: VirtualExchange.VirtualExchange): ReadonlyArray<string> =>
  [...exchange.markets.values()].flatMap(({ status, ticker }) => (status === "active" ? [ticker] : []))

const subscribeAll = (virtual: VirtualExchange.VirtualExchange, { connection }: Listener): void => {
  const channels = ["orderbook_delta", "trade", "ticker", "market_lifecycle_v2"]
  connection.send(
    JSON.stringify({ id: 1, cmd: "subscribe", params: { channels, market_tickers: activeTickers(virtual) } })
  )
}

const storm: ReadonlyArray<Fault> = [
  { fault: "frame", action: { _tag: "drop" }, probability: 0.02, count: 1_000_000 },
  { fault: "frame", action: { _tag: "delay", millis: 120 }, probability: 0.02, count: 1_000_000 },
  { fault: "frame", action: { _tag: "reorder" }, probability: 0.02, count: 1_000_000 },
  { fault: "frame", action: { _tag: "corrupt", how: "noise" }, probability: 0.01, count: 1_000_000 },
  { fault: "cut", cuts: 3, everyMillis: 1_500 }
]

const millis = (count: number): number => count * 1_000

describe("the exchange in virtual time", () => {
  /** Ten seconds with a new client in each, trouble and REST, moved in pieces of this length. */
  const run = (seed: number, pieceMicros: number): ReadonlyArray<string> => {
    const virtual = VirtualExchange.make({
      seed,
      marketsOpen: 20,
      deltasPerSecond: 300,
      quickLifeSeconds: 3,
      lifecycleSpeed: 500
    })
    const start = virtual.nowMicros()
    const clients: Array<Listener> = []
    const connect = (): void => {
      const client = listen(virtual)
      clients.push(client)
      subscribeAll(virtual, client)
    }
    connect()
    for (const fault of storm) virtual.faults.inflict(fault)
    const log: Array<string> = []
    for (let second = 1; second <= 10; second++) {
      while (virtual.nowMicros() < start + second * 1_000_000) {
        virtual.advanceTo(Math.min(start + second * 1_000_000, virtual.nowMicros() + pieceMicros))
      }
      connect()
      log.push(virtual.rest("GET", `/trade-api/v2/markets/orderbooks?tickers=${activeTickers(virtual)[0]}`).body)
    }
    return [...log, ...clients.flatMap(({ heard }) => heard.map(({ atMicros, what }) => `${atMicros} ${what}`))]
  }

  it("sends the same frames at the same moments for the same seed and calls, whatever the pieces in which time passes", () => {
    const whole = run(3, 1_000_000)
    assert.isAbove(whole.length, 5_000)
    assert.isTrue(whole.some((one) => one.endsWith(" closed 1006")))
    assert.deepStrictEqual(run(3, 1_000_000), whole)
    assert.deepStrictEqual(run(3, 777), whole)
    assert.notDeepEqual(run(4, 1_000_000), whole)
  })

  it("does nothing before the moment it names, and something at it", () => {
    const virtual = VirtualExchange.make({ deltasPerSecond: 50 })
    const client = listen(virtual)
    subscribeAll(virtual, client)
    const stateOf = () => [virtual.exchange.changeNumber, virtual.feed.framesSent, client.heard.length].join()
    let busy = 0
    for (let moment = 0; moment < 500; moment++) {
      const due = virtual.nextDueMicros()
      const before = stateOf()
      if (due > virtual.nowMicros()) virtual.advanceTo(due - 1)
      assert.strictEqual(stateOf(), before)
      virtual.advanceTo(due)
      if (stateOf() !== before) busy++
    }
    assert.isAbove(busy, 400)
  })

  it("delivers in order, 0.1 to 5 ms after the sending or with what was sent before, many at one moment", () => {
    const virtual = VirtualExchange.make({ deltasPerSecond: 5_000, commandDelayMillisMax: 0 })
    const client = listen(virtual)
    subscribeAll(virtual, client)
    virtual.advanceTo(virtual.nowMicros() + millis(500))
    const deltas = client.heard.flatMap(({ atMicros, what }) => {
      const frame = JSON.parse(what)
      const millisSent = frame.type === "orderbook_delta" ? frame.msg.ts_ms : undefined
      return millisSent === undefined ? [] : [{ seq: frame.seq, lateMicros: atMicros - millisSent * 1000, atMicros }]
    })
    assert.isAbove(deltas.length, 2_000)
    assert.isTrue(deltas.every(({ lateMicros }) => lateMicros >= 100 && lateMicros < 6_000))
    assert.isTrue(deltas.every(({ seq }, index) => index === 0 || seq > (deltas[index - 1]?.seq ?? 0)))
    assert.isBelow(new Set(deltas.map(({ atMicros }) => atMicros)).size, deltas.length / 2)
  })

  it("keeps back what a paused client does not take, and hands it over in order when it goes on", () => {
    const virtual = VirtualExchange.make({ commandDelayMillisMax: 0 })
    const client = listen(virtual)
    subscribeAll(virtual, client)
    virtual.advanceTo(virtual.nowMicros() + millis(100))
    const before = client.heard.length
    client.connection.pause()
    virtual.advanceTo(virtual.nowMicros() + millis(25_000))
    assert.strictEqual(client.heard.length, before)
    client.connection.resume()
    assert.strictEqual(client.heard.length, before)
    virtual.advanceTo(virtual.nowMicros())
    const seqs = client.heard.flatMap(({ what }) => (what.includes('"sid":1,') ? [JSON.parse(what).seq] : []))
    assert.isAbove(client.heard.length, before + 1_000)
    assert.deepStrictEqual(
      seqs,
      seqs.map((_, index) => index + 1)
    )
    assert.strictEqual(client.heard.filter(({ what }) => what === "ping").length, 2)
  })

  it("kills the subscription of a client that is paused for too long with error 25", () => {
    const virtual = VirtualExchange.make({ outboundBytesMax: 200_000, commandDelayMillisMax: 0 })
    const client = listen(virtual)
    subscribeAll(virtual, client)
    virtual.advanceTo(virtual.nowMicros() + millis(100))
    client.connection.pause()
    virtual.advanceTo(virtual.nowMicros() + millis(60_000))
    client.connection.resume()
    virtual.advanceTo(virtual.nowMicros() + millis(10))
    const errors = client.heard.flatMap(({ what }) => (what.includes('"error"') ? [JSON.parse(what)] : []))
    assert.include(
      errors.map(({ msg, sid }) => `${sid} ${msg.code}`),
      "1 25"
    )
    assert.isAbove(virtual.feed.overflows, 0)
  })

  it("loses a part of what is on the way when a connection breaks, and tells of the end once", () => {
    const virtual = VirtualExchange.make({ deltasPerSecond: 5_000, commandDelayMillisMax: 0 })
    let lost = 0
    for (let cut = 0; cut < 10; cut++) {
      const client = listen(virtual)
      subscribeAll(virtual, client)
      virtual.advanceTo(virtual.nowMicros() + millis(50))
      const { connection } = client.connection
      virtual.faults.inflict({ fault: "cut", connection })
      const session = virtual.feed.closedSessions.find((one) => one.connection === connection)
      const seqSent = session?.subscriptionsBySid.get(1)?.seq ?? 0
      virtual.advanceTo(virtual.nowMicros() + millis(50))
      const seqs = client.heard.flatMap(({ what }) => (what.includes('"sid":1,') ? [JSON.parse(what).seq] : []))
      assert.deepStrictEqual(
        seqs,
        seqs.map((_, index) => index + 1)
      )
      lost += seqSent - seqs.length
      assert.strictEqual(client.heard.at(-1)?.what, "closed 1006")
      assert.strictEqual(client.heard.filter(({ what }) => what.startsWith("closed")).length, 1)
    }
    assert.isAbove(lost, 0)
  })

  it("hands nothing to a client that has closed, and knows what it was sent", () => {
    const virtual = VirtualExchange.make()
    const client = listen(virtual)
    subscribeAll(virtual, client)
    virtual.advanceTo(virtual.nowMicros() + millis(200))
    client.connection.close()
    const before = client.heard.length
    client.connection.send("{}")
    virtual.advanceTo(virtual.nowMicros() + millis(12_000))
    assert.strictEqual(client.heard.length, before)
    const [ticker = ""] = activeTickers(virtual)
    assert.strictEqual(virtual.truth.bookAt(ticker, { connection: 1, sid: 1, seq: 5 })._tag, "book")
    assert.strictEqual(virtual.feed.sessions.size, 0)
  })

  it("lets clients act on what arrives: answer, connect again, ask REST", () => {
    const virtual = VirtualExchange.make({ commandDelayMillisMax: 0 })
    const answers: Array<number> = []
    let second: Listener | undefined
    const first = listen(virtual, (text) => {
      if (!text.includes('"subscribed"') || second !== undefined) return
      answers.push(virtual.rest("GET", "/trade-api/v2/exchange/status").status)
      second = listen(virtual)
      second.connection.send('{"id":5,"cmd":"list_subscriptions"}')
      first.connection.close()
    })
    subscribeAll(virtual, first)
    virtual.advanceTo(virtual.nowMicros() + millis(100))
    assert.deepStrictEqual(answers, [200])
    assert.lengthOf(first.heard, 1)
    assert.deepStrictEqual(
      second?.heard.map(({ what }) => what),
      ['{"type":"ok","id":5,"msg":[]}\n']
    )
  })

  it("refuses handshakes beyond the number of connections, and closes at a message that is too long with 1009", () => {
    const virtual = VirtualExchange.make({ connectionsMax: 1, messageBytesMax: 1_000 })
    const client = listen(virtual)
    const refused = virtual.connect({ onFrame: () => {}, onPing: () => {}, onClosed: () => {} })
    assert.deepStrictEqual(refused, { _tag: "refused", status: 429 })
    client.connection.send("x".repeat(1_001))
    virtual.advanceTo(virtual.nowMicros() + millis(10))
    assert.deepStrictEqual(
      client.heard.map(({ what }) => what),
      ["closed 1009"]
    )
  })

  it("limits REST by virtual time", () => {
    const virtual = VirtualExchange.make({ readTokensPerSecond: 10, readTokensMax: 20 })
    const status = () => virtual.rest("GET", "/trade-api/v2/exchange/status").status
    assert.deepStrictEqual([status(), status(), status()], [200, 200, 429])
    virtual.advanceTo(virtual.nowMicros() + millis(1_000))
    assert.deepStrictEqual([status(), status()], [200, 429])
    assert.strictEqual(virtual.rest("GET", "/trade-api/v2/nothing").status, 429)
  })

  it("refuses settings out of bounds", () => {
    assert.throws(() => VirtualExchange.make({ marketsOpen: 4 }), "marketsOpen must be 5..10000, not 4")
  })
})
