/** How connections end, silence, maintenance, and a clock that is wrong. */

import { Result, Schema } from "effect"
import { assert, describe, it } from "vitest"
import { Fault } from "../../src/fault/Fault.ts"
import { following, isContiguous, subscribe } from "../Following.ts"
import { inflict } from "../TestExchange.ts"
import { activeTickers, both } from "../WithExchange.ts"

const hourMillis = 3_600_000

describe("a connection", () => {
  both("ends with the close code that was asked for, behind all that was sent", {}, async (running) => {
    const tickers = activeTickers(running)
    for (const code of [1000, 1001, 1009, 1011, 1013, 4000]) {
      const client = await following(running, tickers)
      const connection = running.feed.sessionsCount
      running.step(10)
      const seq = running.feed.sessions.get(connection)?.subscriptionsBySid.get(1)?.seq
      inflict(running, { fault: "cut", connection, code })
      await client.until(() => client.closeCode !== undefined)
      assert.strictEqual(client.closeCode, code)
      assert.strictEqual(client.of(1).at(-1)?.seq, seq)
    }
  })

  it("cannot end with a close code that no frame may carry", () => {
    for (const code of [999, 1004, 1005, 1006, 1015, 2999, 5000]) {
      assert.isTrue(Result.isFailure(Schema.decodeUnknownResult(Fault)({ fault: "cut", code })), String(code))
    }
  })

  both("is cut again and again in a burst, whoever it is", {}, async (running) => {
    inflict(running, { fault: "cut", cuts: 3, everyMillis: 700 })
    for (let cut = 0; cut < 2; cut++) {
      const client = await running.connect()
      await client.until(() => client.closeCode === 1006)
    }
    const client = await running.connect()
    client.send({ id: 1, cmd: "list_subscriptions" })
    await client.frame((frame) => frame.id === 1)
    assert.isUndefined(client.closeCode)
  })

  both(
    "that is silent sends nothing and pings nobody, and reads no command until the thaw",
    { pingMillis: 20 },
    async (running) => {
      const [a = ""] = activeTickers(running)
      const [silent, other] = [await following(running, [a]), await running.connect()]
      inflict(running, { fault: "freeze", mode: "all", connection: 1 })
      // What was on its way arrives.
      await other.until(() => other.pings.length > 1)
      const [frames, pings] = [silent.frames.length, silent.pings.length]
      silent.send({ id: 9, cmd: "list_subscriptions" })
      await other.until(() => other.pings.length > 4)
      assert.deepStrictEqual([silent.frames.length, silent.pings.length], [frames, pings])
      inflict(running, { fault: "thaw" })
      await silent.frame((frame) => frame.id === 9)
      await silent.until(() => silent.pings.length > pings)
    }
  )
})

describe("a subscription", () => {
  both("dies with error 10 on command, and can be opened anew", {}, async (running) => {
    const tickers = activeTickers(running)
    const client = await following(running, tickers)
    running.step(20)
    inflict(running, { fault: "subscription_error", code: 10, connection: 1, sid: 1 })
    const error = await client.frame((frame) => frame.type === "error")
    assert.deepStrictEqual(error.msg, { code: 10, msg: "Channel error" })
    assert.isTrue(isContiguous(client.of(1)))
    running.step(20)
    client.send(subscribe(2, tickers))
    await client.until(() => client.of(2).length === tickers.length)
    assert.strictEqual(client.of(1).at(-1), error)
  })
})

describe("maintenance", () => {
  const plan = { fault: "maintenance", fromMillis: 1_000, untilMillis: 3_000 } as const

  both(
    "ends sessions with 1001, refuses new ones with 503, lets books stand still, and passes",
    {},
    async (running) => {
      const tickers = activeTickers(running)
      const client = await following(running, tickers)
      inflict(running, plan)
      running.advance(900)
      await client.until(() => client.of(1).length > tickers.length)
      assert.isUndefined(client.closeCode)
      running.advance(200)
      await client.until(() => client.closeCode === 1001)
      const { changeNumber } = running.exchange
      running.advance(1_000)
      assert.strictEqual(running.exchange.changeNumber, changeNumber)
      const refusal = await running.connect().then(
        () => "none",
        (error: Error) => error.message
      )
      assert.strictEqual(refusal, "refused with 503")
      running.advance(1_000)
      const again = await following(running, activeTickers(running))
      running.step(20)
      await again.until(() => again.of(1).length > tickers.length)
      assert.isAbove(running.exchange.changeNumber, changeNumber)
      assert.isTrue(isContiguous(again.of(1)))
    }
  )

  both("is listed in the schedule, and in the status while it lasts", {}, async (running) => {
    const timeAt = (millis: number): number => running.exchange.nowMicros / 1000 + millis
    const [from, until] = [timeAt(1_000), timeAt(3_000)]
    inflict(running, plan)
    const { schedule } = (await running.get("/exchange/schedule")).body
    assert.lengthOf(schedule.maintenance_windows, 1)
    const [{ end_datetime, start_datetime }] = schedule.maintenance_windows
    assert.closeTo(Date.parse(start_datetime), from, 1)
    assert.closeTo(Date.parse(end_datetime), until, 1)
    assert.deepInclude((await running.get("/exchange/status")).body, { trading_active: true })
    running.advance(1_500)
    const { body } = await running.get("/exchange/status")
    assert.deepInclude(body, { exchange_active: true, trading_active: false })
    assert.closeTo(Date.parse(body.exchange_estimated_resume_time), until, 1)
    running.advance(2_000)
    const after = (await running.get("/exchange/status")).body
    assert.isTrue(after.trading_active)
    assert.notProperty(after, "exchange_estimated_resume_time")
  })

  both("that would end before it begins is refused", {}, async (running) => {
    const made = running.faults.inflict({ fault: "maintenance", fromMillis: 5, untilMillis: 5 })
    assert.strictEqual(made._tag, "Failure")
  })
})

describe("the exchange's clock", () => {
  both("may be an hour ahead and come back: stamps leap, and then wait, but never go back", {}, async (running) => {
    const client = await running.connect()
    const channels = ["orderbook_delta", "trade", "ticker"]
    client.send({ ...subscribe(1, []), params: { channels, market_tickers: activeTickers(running) } })
    await client.until(() => client.frames.filter(({ type }) => type === "subscribed").length === 3)
    const start = running.exchange.nowMicros / 1000
    const heard = async (offsetMillis: number) => {
      inflict(running, { fault: "clock_offset", millis: offsetMillis })
      const before = client.frames.length
      running.advance(3_000)
      const sent = [1, 2].map((sid) => running.feed.sessions.get(1)?.subscriptionsBySid.get(sid)?.seq ?? 0)
      await client.until(() => sent.every((seq, index) => client.of(index + 1).length >= seq))
      return client.frames.slice(before).filter(({ msg, type }) => type !== "ticker" && msg.ts_ms !== undefined)
    }
    const right = await heard(0)
    const ahead = await heard(hourMillis)
    const back = await heard(0)
    const behind = await heard(-hourMillis)
    const stampsOf = (frames: ReadonlyArray<{ readonly msg?: { readonly ts_ms: number } }>) =>
      frames.map(({ msg }) => msg?.ts_ms ?? 0)
    assert.isTrue(stampsOf(right).every((millis) => millis < start + 3_100))
    assert.isTrue(stampsOf(ahead).every((millis) => millis >= start + hourMillis))
    const all = [right, ahead, back, behind].flatMap(stampsOf)
    assert.isTrue(all.every((millis, index) => index === 0 || millis >= (all[index - 1] ?? 0)))
    assert.isBelow((stampsOf(behind).at(-1) ?? 0) - (stampsOf(ahead).at(-1) ?? 0), 100)
    const { trades } = (await running.get("/markets/trades?limit=1000")).body
    const times = trades.map((trade: { readonly created_time: string }) => Date.parse(trade.created_time))
    assert.isTrue(times.every((millis: number, index: number) => index === 0 || millis <= (times[index - 1] ?? 0)))
  })
})
