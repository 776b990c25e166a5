/** The sampled books of a picture: what is here stays, what is missing is asked for, and nothing twice. */
import { useQueryClient } from "@tanstack/react-query"
import { useEffect, useMemo, useRef, useState } from "react"
import type { ShownBook } from "../book/ShownBook.ts"
import * as HeatmapColumns from "../heatmap/HeatmapColumns.ts"
import type { Life } from "./Life.ts"
import * as SampleSteps from "./SampleSteps.ts"
import * as SamplesQuery from "./SamplesQuery.ts"

interface Held {
  readonly everyMicros: number
  readonly steps: SampleSteps.Steps
  /** One a step. */
  readonly books: ReadonlyArray<ShownBook>
}

export interface SampledColumns {
  readonly columns: HeatmapColumns.HeatmapColumns
  readonly problem: unknown
  readonly retry: () => void
}

/** What lies further from the picture is let go: the cache of questions has it. */
const aroundSteps = SampleSteps.columnsMax

const settleMillis = 100

const isJoined = (held: Held | undefined, everyMicros: number, part: SampleSteps.Steps): held is Held =>
  held !== undefined && held.everyMicros === everyMicros && (part.from === held.steps.to || part.to === held.steps.from)

/** Before, behind or in place of what is here. */
const joined = (
  held: Held | undefined,
  everyMicros: number,
  part: SampleSteps.Steps,
  books: ReadonlyArray<ShownBook>
): Held | undefined => {
  if (books.length === 0) return held
  const { from } = part
  const whole = { everyMicros, steps: { from, to: from + books.length }, books }
  if (!isJoined(held, everyMicros, part)) return whole
  if (from === held.steps.to) {
    return { everyMicros, steps: { from: held.steps.from, to: whole.steps.to }, books: [...held.books, ...books] }
  }
  return whole.steps.to === held.steps.from
    ? { everyMicros, steps: { from, to: held.steps.to }, books: [...books, ...held.books] }
    : whole
}

const trimmed = (held: Held, want: SampleSteps.Steps): Held => {
  const from = Math.max(held.steps.from, want.from - aroundSteps)
  const to = Math.min(held.steps.to, want.to + aroundSteps)
  if (from === held.steps.from && to === held.steps.to) return held
  return { ...held, steps: { from, to }, books: held.books.slice(from - held.steps.from, to - held.steps.from) }
}

/** `toldFromMicros`: from when on books are told anyway. */
export const useColumns = (
  ticker: string,
  life: Life,
  window: { readonly fromMicros: number; readonly toMicros: number },
  toldFromMicros: number | undefined
): SampledColumns => {
  const client = useQueryClient()
  const [held, setHeld] = useState<Held>()
  const [problem, setProblem] = useState<unknown>(null)
  const [attempt, setAttempt] = useState(0)
  const latest = useRef(held)
  latest.current = held
  const everyMicros = SampleSteps.everyMicrosOf(window.toMicros - window.fromMicros)
  const { isOpen, toMicros: endMicros } = life
  const { from, to } = SampleSteps.wanted(everyMicros, { ...window, endMicros, isOpen, toldFromMicros })

  // biome-ignore lint/correctness/useExhaustiveDependencies: another attempt asks again
  useEffect(() => {
    const want = { from, to }
    const here = latest.current?.everyMicros === everyMicros ? latest.current.steps : undefined
    let isWanted = true
    const ask = (part: SampleSteps.Steps) =>
      client.fetchQuery(SamplesQuery.books(ticker, everyMicros, part)).then(
        (books) => {
          if (isWanted) setProblem(null)
          setHeld((before) => {
            // What is late is kept where it fits.
            if (!isWanted && !isJoined(before, everyMicros, part)) return before
            const after = joined(before, everyMicros, part, books)
            return after === undefined || !isWanted ? after : trimmed(after, want)
          })
        },
        (error: unknown) => {
          if (isWanted) setProblem(error)
        }
      )
    // A drag passes by many windows: asked for is where it slows down.
    const timer = setTimeout(() => SampleSteps.missing(here, want).forEach(ask), here === undefined ? 0 : settleMillis)
    return () => {
      isWanted = false
      clearTimeout(timer)
    }
  }, [client, ticker, everyMicros, from, to, attempt])

  const columns = useMemo(
    () => (held === undefined ? HeatmapColumns.empty : HeatmapColumns.ofBooks(held.books, held.everyMicros)),
    [held]
  )
  return { columns, problem, retry: () => setAttempt((before) => before + 1) }
}
