/** Deltas, turned from rows into the columns of one statement, in one pass. */
import type { DeltaRecord, MarketTicker } from "@kalshibook/core/BookRecord"
import * as PgColumn from "./PgColumn.ts"

/** Parameters for arrays of one length, by the column of `records` that they fill. */
export const of = (rows: ReadonlyArray<DeltaRecord>, idOf: (ticker: MarketTicker) => number) => {
  const marketIds = PgColumn.make("int4", rows.length)
  const offsets = PgColumn.make("int8", rows.length)
  const tsReceived = PgColumn.make("int8", rows.length)
  const tsExchange = PgColumn.make("int8", rows.length)
  const epochs = PgColumn.make("int4", rows.length)
  const sids = PgColumn.make("int4", rows.length)
  const seqs = PgColumn.make("int8", rows.length)
  const areYes = PgColumn.make("bool", rows.length)
  const pricesE4 = PgColumn.make("int2", rows.length)
  const deltasE2 = PgColumn.make("int8", rows.length)
  for (const row of rows) {
    PgColumn.pushInt4(marketIds, idOf(row.marketTicker))
    PgColumn.pushInt8(offsets, row.offset)
    PgColumn.pushInt8(tsReceived, row.tsReceivedMicros)
    PgColumn.pushInt8(tsExchange, row.tsExchangeMicros)
    PgColumn.pushInt4(epochs, row.epoch)
    PgColumn.pushInt4(sids, row.sid)
    PgColumn.pushInt8(seqs, row.seq)
    PgColumn.pushBool(areYes, row.side === "yes")
    PgColumn.pushInt2(pricesE4, row.priceE4)
    PgColumn.pushInt8(deltasE2, row.deltaE2)
  }
  return {
    marketIds: PgColumn.parameterOf(marketIds),
    offsets: PgColumn.parameterOf(offsets),
    tsReceivedMicros: PgColumn.parameterOf(tsReceived),
    tsExchangeMicros: PgColumn.parameterOf(tsExchange),
    epochs: PgColumn.parameterOf(epochs),
    sids: PgColumn.parameterOf(sids),
    seqs: PgColumn.parameterOf(seqs),
    areYes: PgColumn.parameterOf(areYes),
    pricesE4: PgColumn.parameterOf(pricesE4),
    deltasE2: PgColumn.parameterOf(deltasE2)
  }
}
