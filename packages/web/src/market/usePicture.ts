/** What the heatmap of a window shows: samples of the past, and what following the present has told since. */
import type { ShownBook } from "../book/ShownBook.ts"
import type * as HeatmapColumns from "../heatmap/HeatmapColumns.ts"
import type { Life } from "./Life.ts"
import * as SampleSteps from "./SampleSteps.ts"
import { useColumns } from "./useColumns.ts"
import { useShownColumns, useTold } from "./useTold.ts"

export interface Picture {
  /** The samples alone: each is the book of its moment. */
  readonly columns: HeatmapColumns.HeatmapColumns
  /** With what was told since. */
  readonly shown: HeatmapColumns.HeatmapColumns
  readonly problem: unknown
  readonly retry: () => void
}

/** `latest`: the book of the present that was told last. */
export const usePicture = (
  ticker: string,
  life: Life,
  window: { readonly fromMicros: number; readonly toMicros: number },
  isLive: boolean,
  latest: ShownBook | undefined
): Picture => {
  const books = useTold(latest, SampleSteps.everyMicrosOf(window.toMicros - window.fromMicros))
  const sampled = useColumns(ticker, life, window, isLive ? books[0]?.atMicros : undefined)
  return { ...sampled, shown: useShownColumns(sampled.columns, books) }
}
