/**
 * Drives the shown moment of a market: the loop of play, steps from record to record, and the pieces of the log that both need, loaded a
 * piece ahead.
 */
import { useQueryClient } from "@tanstack/react-query"
import { useCallback, useEffect, useRef, useState } from "react"
import * as RecordStrip from "../book/RecordStrip.ts"
import * as HeatmapColumns from "../heatmap/HeatmapColumns.ts"
import type { Life } from "./Life.ts"
import * as Moment from "./Moment.ts"
import * as StripQuery from "./StripQuery.ts"

/** The next piece is asked for when so much play, in seconds of the watcher, is left of this one. */
const aheadSeconds = 3
/** A tab in the background gets no frames: what it missed is not made up for. */
const frameMillisMax = 250

export interface Player {
  readonly moment: Moment.Moment
  readonly speed: number
  readonly strip: RecordStrip.RecordStrip | undefined
  readonly isStepping: boolean
  readonly problem: unknown
  readonly setMoment: (moment: Moment.Moment) => void
  readonly setSpeed: (speed: number) => void
  /** The columns tell how dense the records are. */
  readonly step: (direction: -1 | 1, columns: HeatmapColumns.HeatmapColumns) => void
  readonly play: () => void
}

/** Records a second around a moment, as the samples' offsets tell. */
const recordsPerSecond = (columns: HeatmapColumns.HeatmapColumns, atMicros: number): number => {
  const column = HeatmapColumns.columnAt(columns, atMicros) ?? columns.count - 1
  const before = columns.books[Math.max(0, column - 10)]
  const after = columns.books[Math.min(columns.count - 1, column + 10)]
  if (before === undefined || after === undefined || after.atMicros === before.atMicros) return 1
  return ((after.offset - before.offset) * 1_000_000) / (after.atMicros - before.atMicros)
}

export const usePlayer = (ticker: string, life: Life | undefined, initial: Moment.Moment): Player => {
  const client = useQueryClient()
  const [moment, setMoment] = useState(initial)
  const [speed, setSpeed] = useState<number>(1)
  const [strip, setStrip] = useState<RecordStrip.RecordStrip>()
  const [isStepping, setStepping] = useState(false)
  const [problem, setProblem] = useState<unknown>(null)
  const next = useRef<{ readonly fromMicros: number; readonly strip: RecordStrip.RecordStrip | undefined }>(undefined)
  const endMicros = life?.toMicros ?? 0

  const load = useCallback(
    (fromMicros: number) => client.fetchQuery(StripQuery.strip(ticker, Math.max(0, Math.round(fromMicros)))),
    [client, ticker]
  )

  /** The piece around a moment: what is here, or what is loaded now. */
  const around = (atMicros: number, columns: HeatmapColumns.HeatmapColumns): Promise<RecordStrip.RecordStrip> => {
    const hasBoth = strip !== undefined && RecordStrip.covers(strip, atMicros) && atMicros - strip.fromMicros > 0
    if (hasBoth) return Promise.resolve(strip)
    return load(atMicros - StripQuery.beforeMicros(recordsPerSecond(columns, atMicros)))
  }

  const momentOf = (): number => (moment.mode === "at" ? moment.atMicros : endMicros)

  const step = (direction: -1 | 1, columns: HeatmapColumns.HeatmapColumns) => {
    const atMicros = momentOf()
    setStepping(true)
    setProblem(null)
    const stepIn = (piece: RecordStrip.RecordStrip) =>
      direction === 1 ? RecordStrip.momentAfter(piece, atMicros) : RecordStrip.momentBefore(piece, atMicros)
    around(atMicros, columns)
      .then((piece) => {
        const found = stepIn(piece)
        if (found !== undefined) return { piece, found }
        // Nothing here: it may lie further off, in a quiet market by hours.
        const further = direction === 1 ? piece.toMicros : piece.fromMicros - 3_600_000_000
        return load(further).then((other) => ({ piece: other, found: stepIn(other) }))
      })
      .then(
        ({ found, piece }) => {
          setStrip(piece)
          setMoment(Moment.at(found ?? atMicros))
        },
        (error: unknown) => setProblem(error)
      )
      .finally(() => setStepping(false))
  }

  const play = () => {
    const atMicros = momentOf()
    setProblem(null)
    setMoment(Moment.playing(atMicros >= endMicros ? (life?.fromMicros ?? atMicros) : atMicros))
  }

  const isPlaying = moment.mode === "at" && moment.isPlaying
  useEffect(() => {
    if (!isPlaying) return
    let lastMillis = performance.now()
    let frame = requestAnimationFrame(function tick(nowMillis) {
      const elapsedMillis = Math.min(nowMillis - lastMillis, frameMillisMax)
      lastMillis = nowMillis
      setMoment((current) => {
        const moved = Moment.advanced(current, elapsedMillis, speed, endMicros)
        const isHeld =
          speed <= Moment.foldSpeedMax &&
          moved.mode === "at" &&
          moved.isPlaying &&
          (strip === undefined || !RecordStrip.covers(strip, moved.atMicros))
        return isHeld ? current : moved
      })
      frame = requestAnimationFrame(tick)
    })
    return () => cancelAnimationFrame(frame)
  }, [isPlaying, speed, endMicros, strip])

  const atMicros = moment.mode === "at" ? moment.atMicros : undefined
  useEffect(() => {
    if (!isPlaying || atMicros === undefined || speed > Moment.foldSpeedMax) return
    const isHere = strip !== undefined && RecordStrip.covers(strip, atMicros)
    const leftSeconds = isHere ? (strip.toMicros - atMicros) / 1_000_000 / speed : 0
    if (leftSeconds > aheadSeconds) return
    const fromMicros = isHere ? strip.toMicros : atMicros
    const ready = next.current
    if (ready?.fromMicros === fromMicros) {
      const isDue = ready.strip !== undefined && (!isHere || leftSeconds * 1_000 * speed < 100)
      if (isDue && ready.strip !== undefined && RecordStrip.covers(ready.strip, atMicros)) setStrip(ready.strip)
      return
    }
    next.current = { fromMicros, strip: undefined }
    load(fromMicros).then(
      (piece) => {
        next.current = { fromMicros, strip: piece }
        if (!isHere) setStrip(piece)
      },
      (error: unknown) => {
        setProblem(error)
        setMoment(Moment.at(atMicros))
      }
    )
  }, [isPlaying, atMicros, speed, strip, load])

  return { moment, speed, strip, isStepping, problem, setMoment, setSpeed, step, play }
}
