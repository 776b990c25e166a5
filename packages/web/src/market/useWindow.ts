/** Which part of a market's life the picture shows: so much around the moment, moved on only when the moment leaves it. */
import { useRef } from "react"
import type { Life } from "./Life.ts"

/** Microseconds. */
export const spans = {
  "1 min": 60_000_000,
  "5 min": 300_000_000,
  "15 min": 900_000_000,
  "1 h": 3_600_000_000,
  "1 day": 86_400_000_000,
  all: Number.POSITIVE_INFINITY
} as const

interface Shown {
  readonly fromMicros: number
  readonly toMicros: number
}

/** Share of the span by which the picture moves on at most, so that it is not asked for anew at every moment. */
const stride = 1 / 16

export const windowOf = (life: Life, atMicros: number, spanMicros: number, before: Shown | undefined): Shown => {
  const lifeMicros = life.toMicros - life.fromMicros
  // What grows is asked for again in steps.
  const step = Math.max(1_000_000, 2 ** Math.floor(Math.log2(Math.min(spanMicros, lifeMicros) * stride)))
  const endMicros = life.isOpen ? life.fromMicros + Math.ceil(lifeMicros / step) * step : life.toMicros
  if (spanMicros >= lifeMicros) return { fromMicros: life.fromMicros, toMicros: endMicros }
  const isInside =
    before !== undefined &&
    before.toMicros - before.fromMicros === spanMicros &&
    atMicros >= before.fromMicros &&
    atMicros <= before.toMicros
  if (isInside) return before
  const middle = life.fromMicros + Math.round((atMicros - life.fromMicros) / step) * step
  // The present stands at the right, the past in the middle.
  const isAtEnd = atMicros > life.toMicros - spanMicros / 2
  const toMicros = isAtEnd ? endMicros : Math.min(endMicros, middle + spanMicros / 2)
  const fromMicros = Math.max(life.fromMicros, toMicros - spanMicros)
  return { fromMicros, toMicros: fromMicros + spanMicros }
}

export const useWindow = (life: Life, atMicros: number, spanMicros: number): Shown => {
  const kept = useRef<Shown>(undefined)
  kept.current = windowOf(life, atMicros, spanMicros, kept.current)
  return kept.current
}
