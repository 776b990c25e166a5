import * as Command from "@kalshibook/core/kalshi/Command"
import * as Result from "effect/Result"
import { assert, describe, it } from "vitest"

const commands: ReadonlyArray<readonly [command: Command.Command, text: string]> = [
  [
    {
      cmd: "subscribe",
      id: 1,
      channels: ["orderbook_delta"],
      marketTickers: ["A", "B"],
      skipTickerAck: true,
      useYesPrice: false
    },
    '{"id":1,"cmd":"subscribe","params":{"channels":["orderbook_delta"],"market_tickers":["A","B"],"skip_ticker_ack":true,"use_yes_price":false}}'
  ],
  [
    { cmd: "subscribe", id: null, channels: ["ticker", "trade"], marketIds: ["9b51"], sendInitialSnapshot: true },
    '{"cmd":"subscribe","params":{"channels":["ticker","trade"],"market_ids":["9b51"],"send_initial_snapshot":true}}'
  ],
  [{ cmd: "unsubscribe", id: 2, sids: [1, 2] }, '{"id":2,"cmd":"unsubscribe","params":{"sids":[1,2]}}'],
  [
    { cmd: "update_subscription", id: 3, sid: 1, action: "get_snapshot", marketTickers: ["A"] },
    '{"id":3,"cmd":"update_subscription","params":{"sids":[1],"market_tickers":["A"],"action":"get_snapshot"}}'
  ],
  [{ cmd: "list_subscriptions", id: 4 }, '{"id":4,"cmd":"list_subscriptions"}']
]

/** What a client may do wrong, and the code of the refusal. */
const refusals: ReadonlyArray<readonly [title: string, frame: string, code: number, id: number | null]> = [
  ["a frame that is no JSON", "{", 1, null],
  ["a frame that is no object", "[1]", 1, null],
  ["an id that is no number", '{"id":"7","cmd":"subscribe"}', 1, null],
  ["params that are no object", '{"id":7,"cmd":"subscribe","params":[]}', 1, 7],
  ["no params", '{"id":7,"cmd":"subscribe"}', 2, 7],
  ["no channels", '{"id":7,"cmd":"subscribe","params":{}}', 3, 7],
  ["an empty list of channels", '{"id":7,"cmd":"subscribe","params":{"channels":[]}}', 3, 7],
  ["no sids", '{"id":7,"cmd":"unsubscribe","params":{}}', 4, 7],
  ["an unknown command", '{"id":7,"cmd":"dance","params":{}}', 5, 7],
  ["no command", '{"id":7}', 5, 7],
  ["id 0, which is none", '{"id":0,"cmd":"dance"}', 5, null],
  ["channels that are no list", '{"id":7,"cmd":"subscribe","params":{"channels":"trade"}}', 11, 7],
  [
    "one and many markets at once",
    '{"id":7,"cmd":"subscribe","params":{"channels":["trade"],"market_ticker":"A","market_tickers":["B"]}}',
    11,
    7
  ],
  [
    "markets by name and by id",
    '{"id":7,"cmd":"subscribe","params":{"channels":["ticker"],"market_ticker":"A","market_id":"9b51"}}',
    11,
    7
  ],
  ["an empty list of markets", '{"id":7,"cmd":"subscribe","params":{"channels":["trade"],"market_tickers":[]}}', 11, 7],
  ["a flag that is no boolean", '{"id":7,"cmd":"subscribe","params":{"channels":["trade"],"use_yes_price":1}}', 11, 7],
  ["no sid to update", '{"id":7,"cmd":"update_subscription","params":{"action":"add_markets"}}', 12, 7],
  ["two sids to update", '{"id":7,"cmd":"update_subscription","params":{"sids":[1,2],"action":"add_markets"}}', 12, 7],
  [
    "sid and sids at once",
    '{"id":7,"cmd":"update_subscription","params":{"sid":1,"sids":[1],"action":"add_markets"}}',
    12,
    7
  ],
  ["an unknown action", '{"id":7,"cmd":"update_subscription","params":{"sid":1,"action":"dance"}}', 13, 7],
  [
    "an action without markets",
    '{"id":7,"cmd":"update_subscription","params":{"sid":1,"action":"add_markets"}}',
    14,
    7
  ],
  [
    "an action outside of params",
    '{"id":7,"cmd":"update_subscription","action":"add_markets","params":{"sid":1,"market_ticker":"A"}}',
    15,
    7
  ],
  [
    "get_snapshot with one market_ticker",
    '{"id":7,"cmd":"update_subscription","params":{"sid":1,"action":"get_snapshot","market_ticker":"A"}}',
    11,
    7
  ],
  ["a shard factor of 0", '{"id":7,"cmd":"subscribe","params":{"channels":["c"],"shard_factor":0}}', 19, 7],
  ["a shard key alone", '{"id":7,"cmd":"subscribe","params":{"channels":["c"],"shard_key":0}}', 20, 7],
  [
    "a shard key too high",
    '{"id":7,"cmd":"subscribe","params":{"channels":["c"],"shard_factor":2,"shard_key":2}}',
    21,
    7
  ],
  ["a shard factor too high", '{"id":7,"cmd":"subscribe","params":{"channels":["c"],"shard_factor":101}}', 22, 7]
]

describe("Command", () => {
  for (const [command, text] of commands) {
    it(`writes and reads back ${text}`, () => {
      assert.strictEqual(Command.encode(command), text)
      assert.deepStrictEqual(Command.decode(text), Result.succeed(command))
    })
  }

  for (const [title, frame, code, id] of refusals) {
    it(`refuses ${title} with code ${code}`, () => {
      const refused = Result.getOrThrow(Result.flip(Command.decode(frame)))
      assert.strictEqual(refused.code, code)
      assert.strictEqual(refused.id, id)
      assert.isAbove(refused.message.length, 0)
    })
  }

  it("accepts one market_ticker, sid in place of sids, and fields it does not know", () => {
    const text =
      '{"id":7,"cmd":"update_subscription","params":{"sid":2,"action":"delete_markets","market_ticker":"A","new":1},"more":2}'
    assert.deepStrictEqual(
      Command.decode(text),
      Result.succeed({ cmd: "update_subscription", id: 7, sid: 2, action: "delete_markets", marketTickers: ["A"] })
    )
  })

  it("refuses one channel of several without refusing the others", () => {
    const subscribe: Command.Subscribe = { cmd: "subscribe", id: 5, channels: ["trade", "orderbook_delta", "weather"] }
    assert.deepStrictEqual(
      subscribe.channels.map((channel) => Command.refuseChannel(subscribe, channel)?.code),
      [undefined, 14, 8]
    )
    assert.isUndefined(Command.refuseChannel({ ...subscribe, marketTickers: ["A"] }, "orderbook_delta"))
  })
})
