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
  /** Which picture it belongs to: another one begins where nothing of the last is of use. */
  readonly picture: number
  readonly steps: SampleSteps.Steps
  /** One a step. */
  readonly books: ReadonlyArray<ShownBook>
}

/** What was asked for: here, or on its way. */
type Asked = Omit<Held, "books">

export interface SampledColumns {
  readonly columns: HeatmapColumns.HeatmapColumns
  readonly problem: unknown
  readonly retry: () => void
}

/** What lies further from the picture is let go: the cache of questions has it. */
const aroundSteps = SampleSteps.columnsMax
/** A drag passes by many pictures: asked for is where it slows down. */
const settleMillis = 100
/** What was not known yet is asked for again. */
const againMillis = 1_000

const near = (steps: SampleSteps.Steps, want: SampleSteps.Steps): SampleSteps.Steps => ({
  from: Math.max(steps.from, want.from - aroundSteps),
  to: Math.min(steps.to, want.to + aroundSteps)
})

/** With books that begin at a step, where they meet those that are here; in place of another picture's. */
const joined = (
  held: Held | undefined,
  asked: Asked,
  from: number,
  books: ReadonlyArray<ShownBook>
): Held | undefined => {
  const { everyMicros, picture } = asked
  const to = from + books.length
  if (books.length === 0) return held
  if (held === undefined || held.picture !== picture) return { everyMicros, picture, steps: { from, to }, books }
  const whole =
    from === held.steps.to
      ? { ...held, steps: { from: held.steps.from, to }, books: [...held.books, ...books] }
      : to === held.steps.from
        ? { ...held, steps: { from, to: held.steps.to }, books: [...books, ...held.books] }
        : held
  const steps = near(whole.steps, asked.steps)
  return { ...whole, steps, books: whole.books.slice(steps.from - whole.steps.from, steps.to - whole.steps.from) }
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
  const asked = useRef<Asked>(undefined)
  const pictures = useRef(0)
  const again = useRef<ReturnType<typeof setTimeout>>(undefined)
  const everyMicros = SampleSteps.everyMicrosOf(window.toMicros - window.fromMicros)
  const { isOpen, toMicros: endMicros } = life
  const { from, to } = SampleSteps.wanted(everyMicros, { ...window, endMicros, isOpen, toldFromMicros })

  // biome-ignore lint/correctness/useExhaustiveDependencies: another attempt asks again
  useEffect(() => {
    const want = { from, to }
    const before = asked.current?.everyMicros === everyMicros ? asked.current : undefined
    const parts = SampleSteps.missing(before?.steps, want)
    const isAnew = parts[0] === want
    const ask = () => {
      const steps = isAnew || before === undefined ? want : near(SampleSteps.union(before.steps, want), want)
      const picture = isAnew ? ++pictures.current : pictures.current
      const now: Asked = { everyMicros, picture, steps }
      asked.current = now
      for (const part of parts) {
        client.fetchQuery(SamplesQuery.books(ticker, everyMicros, part)).then(
          (books) => {
            if (asked.current?.picture !== picture) return
            setProblem(null)
            setHeld((here) => joined(here, asked.current ?? now, part.from, books))
            const known = part.from + books.length
            if (known === part.to || part.to !== asked.current.steps.to) return
            asked.current = { ...asked.current, steps: { ...asked.current.steps, to: known } }
            clearTimeout(again.current)
            again.current = setTimeout(() => setAttempt((last) => last + 1), againMillis)
          },
          (error: unknown) => {
            if (asked.current?.picture !== picture) return
            asked.current = undefined
            setProblem(error)
          }
        )
      }
    }
    if (parts.length === 0) return
    const timer = setTimeout(ask, before === undefined ? 0 : settleMillis)
    return () => clearTimeout(timer)
  }, [client, ticker, everyMicros, from, to, attempt])

  useEffect(() => () => clearTimeout(again.current), [])

  const columns = useMemo(
    () => (held === undefined ? HeatmapColumns.empty : HeatmapColumns.ofBooks(held.books, held.everyMicros)),
    [held]
  )
  return { columns, problem, retry: () => setAttempt((last) => last + 1) }
}
