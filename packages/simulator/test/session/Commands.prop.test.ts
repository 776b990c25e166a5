/** Any order of commands, with trading between them: numbers without holes, and books that add up. */
import fc from "fast-check"
import { assert, it } from "vitest"
import { defaultSettings } from "../../src/exchange/ExchangeSettings.ts"
import * as Simulation from "../../src/exchange/Simulation.ts"
import * as Truth from "../../src/exchange/Truth.ts"
import * as FrameFaults from "../../src/fault/FrameFaults.ts"
import { defaultServerSettings } from "../../src/server/ServerSettings.ts"
import * as Commands from "../../src/session/Commands.ts"
import * as Feed from "../../src/session/Feed.ts"
import { type Frame, foldBooks, levelTexts } from "../TestClient.ts"

const tickersMax = 8

const someTickers = fc.uniqueArray(fc.nat(tickersMax - 1), { minLength: 1, maxLength: 4 })

const action = fc.oneof(
  fc.record({ kind: fc.constant("step" as const), count: fc.integer({ min: 1, max: 40 }) }),
  fc.record({ kind: fc.constantFrom("subscribe" as const, "add_markets" as const), tickers: someTickers }),
  fc.record({ kind: fc.constantFrom("delete_markets" as const, "get_snapshot" as const), tickers: someTickers }),
  fc.record({ kind: fc.constantFrom("unsubscribe" as const, "list" as const, "nonsense" as const) })
)

it("numbers every frame of a sid without a hole, and every followed book adds up to the truth, after any commands", () => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 40 }), fc.nat(1_000), (actions, seed) => {
      const startMicros = 1_795_000_000_000_000
      const simulation = Simulation.make({ ...defaultSettings, seed, marketsOpen: tickersMax, startMicros })
      const { exchange } = simulation
      const tickers = [...simulation.life.active].map((market) => market.ticker)
      const faults = FrameFaults.make(seed)
      const feed = Feed.make({ exchange, limits: defaultServerSettings, faults, reservedSids: new Map() })
      const texts: Array<string> = []
      const session = Feed.connect(feed, { write: (frame) => texts.push(String(frame)), backlogBytes: () => 0 })
      const send = (command: unknown): void => {
        Commands.execute(feed, session, JSON.stringify(command), defaultServerSettings)
      }
      for (const [index, one] of actions.entries()) {
        const id = index + 1
        const sid = session.subscriptions.get("orderbook_delta")?.sid ?? 1
        const named = "tickers" in one ? one.tickers.map((at) => tickers[at]) : []
        if (one.kind === "step") Simulation.step(simulation, one.count)
        else if (one.kind === "list") send({ id, cmd: "list_subscriptions" })
        else if (one.kind === "nonsense")
          send({ id, cmd: "update_subscription", params: { sids: [sid], action: "jump" } })
        else if (one.kind === "unsubscribe") send({ id, cmd: "unsubscribe", params: { sids: [sid] } })
        else if (one.kind === "subscribe")
          send({ id, cmd: "subscribe", params: { channels: ["orderbook_delta"], market_tickers: named } })
        else send({ id, cmd: "update_subscription", params: { sids: [sid], action: one.kind, market_tickers: named } })
      }
      const frames: ReadonlyArray<Frame> = texts.map((text) => JSON.parse(text))
      for (const [sid, subscription] of session.subscriptionsBySid) {
        const own = frames.filter((frame) => frame.sid === sid)
        assert.deepStrictEqual(
          own.map((frame) => frame.seq),
          own.map((_, index) => index + 1)
        )
        if (subscription.isClosed) continue
        const books = foldBooks(own)
        for (const ticker of subscription.markets ?? []) {
          const expected = Truth.bookNow(exchange.truth, ticker).yes.map(
            ({ priceE4, sizeE2 }) => `0.${String(priceE4).padStart(4, "0")}:${sizeE2}`
          )
          assert.deepStrictEqual(levelTexts(books.get(ticker)?.yes ?? new Map()), expected.sort())
        }
      }
    }),
    { numRuns: 60, seed: 1 }
  )
})
