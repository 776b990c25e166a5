/**
 * Fills the database of the environment with past days, lets the archiver seal them and prune what is older than the hot tier keeps, and
 * says how it goes.
 */
import * as Archiver from "@kalshibook/archiver/Archiver"
import * as ArchiverParts from "@kalshibook/archiver/ArchiverParts"
import * as ArchiverSettings from "@kalshibook/archiver/ArchiverSettings"
import * as ParquetMaker from "@kalshibook/archiver/ParquetMaker"
import * as PastDays from "@kalshibook/simulator/past/PastDays"
import { Coverage } from "@kalshibook/store/Coverage"
import * as Database from "@kalshibook/store/Database"
import { Epochs } from "@kalshibook/store/Epochs"
import { HotTier } from "@kalshibook/store/HotTier"
import { MarketCatalog } from "@kalshibook/store/MarketCatalog"
import { ObjectStore } from "@kalshibook/store/objects/ObjectStore"
import { StatusBoard } from "@kalshibook/store/StatusBoard"
import { Context, Effect, Layer } from "effect"
import * as Terminal from "../start/Terminal.ts"
import { calmMoment } from "./CalmMoment.ts"
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

const archiver = ArchiverParts.layer.pipe(
  Layer.provide(ParquetMaker.layer),
  Layer.provide(Layer.mergeAll(ObjectStore.layer, ArchiverSettings.Settings.layer))
)

/** Fails with an error whose message is for the one who typed the command. */
export const run = Effect.fnUntraced(function* (wanted: DemoArguments) {
  yield* DemoPlace.keepRecordersAway
  const database = yield* Layer.build(Database.layer)
  const { kind, place } = Context.get(database, Database.Database)
  Terminal.fact("database", kind === "embedded" ? `Postgres in ${Terminal.shown(place)}` : `Postgres at ${place}`)
  yield* fill(wanted).pipe(
    Effect.provide(Layer.mergeAll(stores, archiver).pipe(Layer.provideMerge(Layer.succeedContext(database))))
  )
}, Effect.scoped)

const fill = Effect.fnUntraced(function* ({ days, deltasPerSecond, markets, seed, untilMicros }: DemoArguments) {
  const fromMicros = untilMicros - Math.round(days * dayMicros)
  const epochLast = yield* DemoPlace.epochLast(fromMicros)
  Terminal.fact("days", `${DemoPlace.timeText(fromMicros)} to ${DemoPlace.timeText(untilMicros)}: ALL MADE UP`)
  Terminal.line()
  const settings = { seed, marketsOpen: markets, deltasPerSecond, fromMicros, untilMicros, epochLast }
  const past = PastDays.make(settings)
  const sealed = { hours: 0, pruned: 0, millis: 0 }
  const seal = sealAndPrune(sealed)
  const startMillis = performance.now()
  const filled = yield* PastFilling.fill({
    next: () => PastDays.step(past),
    tapeId: null,
    onHour: ({ records, tsReceivedMicros }) => {
      const isDay = new Date(tsReceivedMicros / 1000).getUTCHours() === 0
      Terminal.news(`${DemoPlace.timeText(tsReceivedMicros)}  ${counted(records)} records`)
      return isDay ? seal : Effect.void
    }
  })
  const seconds = (performance.now() - startMillis - sealed.millis) / 1000
  yield* seal
  Terminal.line()
  const rate = counted(Math.round(filled.records / seconds / 1000) * 1000)
  Terminal.fact(
    "stored",
    `${counted(filled.records)} records, ${counted(filled.trades)} trades: ${rate} records a second`
  )
  Terminal.fact("sealed", `${sealed.hours} hours, of which ${sealed.pruned} have left the hot tier`)
  Terminal.fact("next", "npm start goes on from here, after a gap; its API has these days")
  tryIt(past)
})

/** Has the archiver do all that there is to do; what it could not do `npm start` tries again. */
const sealAndPrune = Effect.fnUntraced(function* (sealed: { hours: number; pruned: number; millis: number }) {
  const startMillis = performance.now()
  // An hour that has left is not summed up any more.
  yield* PastFilling.rollUp
  const { problems, pruned, sealed: hours } = yield* (yield* Archiver.Archiver).round
  for (const [part, problem] of problems) Terminal.problem(`  ${part}: ${problem}`)
  sealed.hours += hours
  sealed.pruned += pruned
  sealed.millis += performance.now() - startMillis
})

const counted = (count: number): string => count.toLocaleString("en")

/** A question about the book of a market at a moment at which nothing went wrong, as a line that works once the API runs. */
const tryIt = ({ faults, settings, simulation }: PastDays.PastDays): void => {
  const [question] = [...simulation.exchange.markets.values()]
    .filter(({ status }) => status === "active")
    .sort((one, other) => other.volumeE2 - one.volumeE2)
    .flatMap(({ ticker, tsOpenMicros }) => {
      const atMicros = calmMoment(tsOpenMicros, { ...settings, faults })
      return atMicros === undefined ? [] : [{ ticker, atMicros }]
    })
  if (question === undefined) return
  const at = new Date(question.atMicros / 1000).toISOString()
  Terminal.line()
  Terminal.line("    export KALSHIBOOK_KEY=kb_live_...        # as npm start tells it")
  Terminal.line(
    `    curl -H "Authorization: Bearer $KALSHIBOOK_KEY" "http://127.0.0.1:4000/v1/markets/${question.ticker}/orderbook?at=${at}"`
  )
}
