/** Records as rows of hours, as the cold tier has them: the hour that begins at `cutMicros` begins with a keyframe. */
import * as Book from "@kalshibook/core/Book"
import type { BookRecord } from "@kalshibook/core/BookRecord"
import * as LogRows from "@kalshibook/core/cold/LogRows"
import * as Replay from "@kalshibook/core/Replay"
import { dollarE4 } from "@kalshibook/core/Units"

type Row = Partial<Record<"priceE4" | "sizeE2" | "side" | "sinceOffset", number>>

const push = (rows: LogRows.LogRows, kind: number, record: Replay.Replay["last"] & object, fields: Row): void => {
  const at = rows.rows++
  rows.kind[at] = kind
  rows.offset[at] = record.offset
  rows.tsReceivedMicros[at] = record.tsReceivedMicros
  rows.tsExchangeMicros[at] = record.tsExchangeMicros ?? Number.NaN
  rows.side[at] = fields.side ?? LogRows.sideNone
  rows.priceE4[at] = fields.priceE4 ?? 0
  rows.sizeE2[at] = fields.sizeE2 ?? Number.NaN
  rows.sinceOffset[at] = fields.sinceOffset ?? Number.NaN
}

const pushLevels = (
  rows: LogRows.LogRows,
  kind: number,
  record: Replay.Replay["last"] & object,
  levels: ReturnType<typeof Book.levels>,
  sinceOffset = Number.NaN
): void => {
  const { no, yes } = levels
  for (const level of yes) push(rows, kind, record, { ...level, side: LogRows.sideYes, sinceOffset })
  for (const level of no) push(rows, kind, record, { ...level, side: LogRows.sideNo, sinceOffset })
  if (yes.length + no.length === 0) push(rows, kind, record, { sinceOffset })
}

/** The rows of both hours, one after the other. */
export const rowsOfHours = (records: ReadonlyArray<BookRecord>, cutMicros: number): LogRows.LogRows => {
  const rows = LogRows.make(2_000)
  const replay = Replay.make()
  let isCut = false
  const cut = () => {
    isCut = true
    if (replay.last === undefined) return
    const since = replay.trust._tag === "trusted" ? replay.trust.sinceOffset : Number.NaN
    pushLevels(rows, LogRows.kindKeyframe, replay.last, Book.levels(replay.book), since)
  }
  for (const record of records) {
    if (!isCut && record.tsReceivedMicros >= cutMicros) cut()
    Replay.apply(replay, record)
    if (record.kind === "gap") push(rows, LogRows.kindGap, record, {})
    else if (record.kind === "snapshot") pushLevels(rows, LogRows.kindSnapshot, record, record.levels)
    else {
      const { deltaE2, priceE4, side } = record
      push(rows, LogRows.kindDelta, record, { priceE4, sizeE2: deltaE2, side: LogRows.sideCode(side) })
    }
  }
  if (!isCut) cut()
  return rows
}

/** Sizes by side and price on the yes scale, as text: equal for equal books. */
export const levelsText = (levels: ReadonlyMap<string, number>): string =>
  [...levels]
    .filter(([, sizeE2]) => sizeE2 !== 0)
    .map(([level, sizeE2]) => `${level}=${sizeE2}`)
    .sort()
    .join(" ")

/** What an engine's book must be at a moment: empty where the log does not know it. */
export const bookText = (records: ReadonlyArray<BookRecord>, atMicros: number): string => {
  const replay = Replay.make()
  Replay.applyUntil(replay, records, atMicros, "received")
  if (replay.trust._tag !== "trusted") return ""
  const { no, yes } = Book.levels(replay.book)
  return levelsText(
    new Map([
      ...yes.map(({ priceE4, sizeE2 }) => [`bid ${priceE4}`, sizeE2] as const),
      ...no.map(({ priceE4, sizeE2 }) => [`ask ${dollarE4 - priceE4}`, sizeE2] as const)
    ])
  )
}
