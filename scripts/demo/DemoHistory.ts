/** Fills the database of the environment with past days, and says how it goes. */
import * as PastDays from "@kalshibook/simulator/past/PastDays"
import { Coverage } from "@kalshibook/store/Coverage"
import * as Database from "@kalshibook/store/Database"
import { Epochs } from "@kalshibook/store/Epochs"
import { HotTier } from "@kalshibook/store/HotTier"
import { MarketCatalog } from "@kalshibook/store/MarketCatalog"
import { StatusBoard } from "@kalshibook/store/StatusBoard"
import { Context, Effect, Layer } from "effect"
import * as Terminal from "../start/Terminal.ts"
import { type DemoArguments, dayMicros } from "./DemoArguments.ts"
import * as DemoPlace from "./DemoPlace.ts"
import * as PastFilling from "./PastFilling.ts"

const stores = Layer.mergeAll(
  Coverage.layerNoDeps,
  Epochs.layerNoDeps,
  HotTier.layerNoDeps,
  MarketCatalog.layerNoDeps,
  StatusBoard.layerNoDeps
)

/** Fails with an error whose message is for the one who typed the command. */
export const run = Effect.fnUntraced(function* ({ days, deltasPerSecond, markets, seed, untilMicros }: DemoArguments) {
  yield* DemoPlace.keepRecordersAway
  const database = yield* Layer.build(Database.layer)
  const { kind, place } = Context.get(database, Database.Database)
  Terminal.fact("database", kind === "embedded" ? `Postgres in ${Terminal.shown(place)}` : `Postgres at ${place}`)
  const fromMicros = untilMicros - Math.round(days * dayMicros)
  yield* Effect.gen(function* () {
    const epochLast = yield* DemoPlace.epochLast(fromMicros)
    Terminal.fact("days", `${DemoPlace.timeText(fromMicros)} to ${DemoPlace.timeText(untilMicros)}: ALL MADE UP`)
    Terminal.line()
    const settings = { seed, marketsOpen: markets, deltasPerSecond, fromMicros, untilMicros, epochLast }
    const past = PastDays.make(settings)
    const startMillis = performance.now()
    const rate = (records: number) => `${Math.round(records / (performance.now() - startMillis))},000 a second`
    const filled = yield* PastFilling.fill({
      next: () => PastDays.step(past),
      tapeId: null,
      onHour: ({ records, tsReceivedMicros }) =>
        Effect.sync(() => Terminal.news(`${DemoPlace.timeText(tsReceivedMicros)}  ${counted(records)} records`))
    })
    Terminal.line()
    Terminal.fact(
      "stored",
      `${counted(filled.records)} records and ${counted(filled.trades)} trades, ${rate(filled.records)}`
    )
    Terminal.fact("next", "npm start goes on from here, after a gap; the API then has these days")
    tryIt(past)
  }).pipe(Effect.provide(stores.pipe(Layer.provideMerge(Layer.succeedContext(database)))))
}, Effect.scoped)

const counted = (count: number): string => count.toLocaleString("en")

/** A question about the book of a market in the middle of its life, as a line that works once the API runs. */
const tryIt = ({ settings, simulation }: PastDays.PastDays): void => {
  const [busiest] = [...simulation.exchange.markets.values()].sort((one, other) => other.volumeE2 - one.volumeE2)
  if (busiest === undefined) return
  const atMicros = Math.max(settings.fromMicros, busiest.tsOpenMicros) + 600_000_000
  const at = new Date(atMicros / 1000).toISOString()
  Terminal.line()
  Terminal.line(`    curl "http://127.0.0.1:4000/v1/markets/${busiest.ticker}/orderbook?at=${at}"`)
}
