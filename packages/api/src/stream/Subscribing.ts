/** Commands about subscriptions: what is looked up comes first, and then everything changes in one step. */
import type { MarketTicker } from "@kalshibook/core/BookRecord"
import type { Id, Subscribe, Update } from "@kalshibook/core/contract/stream/StreamCommands"
import { listedMax, subscriptionsMax } from "@kalshibook/core/contract/stream/StreamLimits"
import type { HotTierError } from "@kalshibook/store/HotTierError"
import type { MarketCatalog } from "@kalshibook/store/MarketCatalog"
import { Clock, Effect } from "effect"
import * as CatchUp from "./CatchUp.ts"
import * as Fanout from "./Fanout.ts"
import { Refusal } from "./Refusal.ts"
import * as Selecting from "./Selecting.ts"
import type * as Session from "./Session.ts"

type Catalog = MarketCatalog["Service"]

/** What a new subscription needs besides itself. */
export interface Joining {
  readonly fanout: Fanout.Fanout
  readonly catalog: Catalog
  /** Markets that were recorded at a moment, for those who go back to it with all markets. */
  readonly recordedAt: (atMicros: number) => Effect.Effect<ReadonlyArray<MarketTicker>, Refusal | HotTierError>
  /** Trades and lifecycle messages received behind a moment, up to now, are sent as they are read. */
  readonly readSides: (
    session: Session.Session,
    subscription: Session.Subscription,
    selected: Selecting.Selected,
    fromMicros: number
  ) => void
}

export const subscribe = Effect.fn("Stream.subscribe")(function* (
  joining: Joining,
  session: Session.Session,
  command: Subscribe
): Effect.fn.Return<void, Refusal | HotTierError> {
  const { catalog, fanout } = joining
  const channels = [...new Set(command.channels ?? (["book"] as const))]
  if (session.subscriptions.size >= subscriptionsMax) {
    const detail = `A connection has up to ${subscriptionsMax} subscriptions. One of them may name many markets.`
    return yield* new Refusal({ code: "bad_parameter", parameter: "op", detail })
  }
  if (Selecting.isEmpty(command) && channels.some((channel) => channel !== "status")) {
    const allowed = "`markets`, `events` or `series` with a ticker each at least, or `all`"
    return yield* new Refusal({
      code: "bad_parameter",
      parameter: "markets",
      allowed,
      detail: `There has to be ${allowed}.`
    })
  }
  const nowMicros = (yield* Clock.currentTimeMillis) * 1_000 + 999
  const fromMicros = command.from === undefined ? undefined : yield* Selecting.timeOf("from", command.from, nowMicros)
  const selected = yield* Selecting.select(catalog, command, (ticker) => fanout.live.offsetOf(ticker) > 0)
  const atThatTime = selected.all && fromMicros !== undefined ? yield* joining.recordedAt(fromMicros) : []
  for (const ticker of Object.keys(command.from_offset ?? {})) {
    if (selected.all || selected.named.has(ticker) || selected.families.has(ticker)) continue
    const detail = `\`from_offset\` names ${ticker}, which is not among the markets.`
    return yield* new Refusal({ code: "bad_parameter", parameter: "from_offset", detail })
  }

  // From here on in one step.
  if (session.isEnding) return
  const { all, events, families, named, series } = selected
  for (const [ticker, family] of families) fanout.families.set(ticker, family)
  const subscription: Session.Subscription = { channels, markets: new Set(named), events, series, all }
  const number = ++session.subscriptionsMade
  session.subscriptions.set(number, subscription)
  const wanted = new Set([...named, ...families.keys(), ...(all ? fanout.live.tickers() : []), ...atThatTime])
  const recorded = [...wanted].filter((ticker) => fanout.live.offsetOf(ticker) > 0)
  Fanout.say(fanout, session, [
    {
      type: "subscribed",
      id: command.id,
      subscription: number,
      channels,
      matched: recorded.length,
      markets: recorded.slice(0, listedMax),
      markets_left_out: Math.max(0, recorded.length - listedMax),
      not_recorded: [...named].filter((ticker) => fanout.live.offsetOf(ticker) === 0)
    },
    ...(channels.includes("status") ? [Fanout.status(fanout)] : [])
  ])
  if (session.isEnding) return
  Fanout.follow(fanout, session, subscription)
  if (channels.includes("book")) {
    const resumed = new Set([...wanted, ...Object.keys(command.from_offset ?? {})])
    for (const ticker of resumed) begin(fanout, session, ticker, command, fromMicros, named.has(ticker))
  }
  if (fromMicros !== undefined) joining.readSides(session, subscription, selected, fromMicros)
})

/** How the reader comes to one market. */
const begin = (
  fanout: Fanout.Fanout,
  session: Session.Session,
  ticker: MarketTicker,
  command: Subscribe,
  fromMicros: number | undefined,
  isNamed: boolean
): void => {
  const place = command.from_offset?.[ticker]
  const withBook = command.snapshot ?? true
  if (place !== undefined) {
    const { epoch, offset } = typeof place === "number" ? { offset: place, epoch: 0 } : place
    Fanout.catchUp(fanout, session, ticker, CatchUp.wanted(offset, epoch))
  } else if (fromMicros !== undefined) {
    Fanout.catchUp(fanout, session, ticker, CatchUp.moment(fromMicros, withBook))
  } else if (withBook && (isNamed || fanout.live.offsetOf(ticker) > 0)) {
    Fanout.catchUp(fanout, session, ticker, CatchUp.book)
  }
}

const subscriptionOf = (session: Session.Session, number: number): Effect.Effect<Session.Subscription, Refusal> => {
  const found = session.subscriptions.get(number)
  if (found !== undefined) return Effect.succeed(found)
  const allowed = [...session.subscriptions.keys()].slice(0, 20).join(", ") || "none: there is no subscription"
  const detail = `There is no subscription ${number} on this connection.`
  return Effect.fail(new Refusal({ code: "bad_parameter", parameter: "subscription", allowed, detail }))
}

export const unsubscribe = Effect.fn("Stream.unsubscribe")(function* (
  { fanout }: Joining,
  session: Session.Session,
  command: { readonly id: Id; readonly subscription: number }
): Effect.fn.Return<void, Refusal> {
  const subscription = yield* subscriptionOf(session, command.subscription)
  session.subscriptions.delete(command.subscription)
  Fanout.unfollow(fanout, session, subscription)
  Fanout.say(fanout, session, [{ type: "unsubscribed", id: command.id, subscription: command.subscription }])
})

export const update = Effect.fn("Stream.update")(function* (
  { catalog, fanout }: Joining,
  session: Session.Session,
  command: Update
): Effect.fn.Return<void, Refusal | HotTierError> {
  yield* subscriptionOf(session, command.subscription)
  const isKnown = (ticker: MarketTicker) => fanout.live.offsetOf(ticker) > 0
  const { named } = yield* Selecting.select(catalog, { markets: command.add_markets ?? [] }, isKnown)

  // From here on in one step.
  const subscription = yield* subscriptionOf(session, command.subscription)
  const removed = (command.remove_markets ?? []).filter((ticker) => subscription.markets.has(ticker))
  const added = [...named].filter((ticker) => !subscription.markets.has(ticker))
  Fanout.unfollow(fanout, session, { ...none(subscription), markets: new Set(removed) })
  for (const ticker of removed) subscription.markets.delete(ticker)
  for (const ticker of added) subscription.markets.add(ticker)
  Fanout.say(fanout, session, [{ type: "updated", id: command.id, subscription: command.subscription, added, removed }])
  Fanout.follow(fanout, session, { ...none(subscription), markets: new Set(added) })
  if (!subscription.channels.includes("book")) return
  for (const ticker of added) Fanout.catchUp(fanout, session, ticker, CatchUp.book)
})

/** The market channels of a subscription, with nothing in them. */
const none = ({ channels }: Session.Subscription): Session.Subscription => ({
  channels: channels.filter((channel) => channel !== "status"),
  markets: new Set(),
  events: [],
  series: [],
  all: false
})
