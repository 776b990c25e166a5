/** How much can be traded up to each price: what is bid for yes falls to the left, what is offered rises to the right. */
import { memo, useEffect, useMemo, useRef } from "react"
import uPlot from "uplot"
import "uplot/dist/uPlot.min.css"
import { useIsDark } from "../app/Theme.ts"
import { dollarE4, type Level, type ShownBook } from "../book/ShownBook.ts"
import * as Numbers from "../format/Numbers.ts"

const heightPixels = 220

/** Contracts up to each price, from the best on. */
const cumulated = (levels: ReadonlyArray<Level>, isAsk: boolean): ReadonlyMap<number, number> => {
  const totals = new Map<number, number>()
  let totalE2 = 0
  for (const { priceE4, sizeE2 } of levels) {
    totalE2 += sizeE2
    totals.set(isAsk ? dollarE4 - priceE4 : priceE4, totalE2 / 100)
  }
  return totals
}

/** Prices ascending in cents, then contracts bid and offered, null where there is none. */
const curveOf = (book: ShownBook): uPlot.AlignedData => {
  const bids = cumulated(book.yes, false)
  const asks = cumulated(book.no, true)
  const prices = [...new Set([...bids.keys(), ...asks.keys()])].sort((one, other) => one - other)
  return [
    prices.map((price) => price / 100),
    prices.map((price) => bids.get(price) ?? null),
    prices.map((price) => asks.get(price) ?? null)
  ]
}

const optionsOf = (width: number): uPlot.Options => {
  const style = getComputedStyle(document.documentElement)
  const colour = (token: string) => {
    const probe = document.createElement("span")
    probe.style.color = `var(--${token})`
    document.body.append(probe)
    const resolved = getComputedStyle(probe).color
    probe.remove()
    return resolved
  }
  const axis = { stroke: colour("faint"), grid: { stroke: colour("line"), width: 1 }, ticks: { show: false } }
  const font = `11px ${style.fontFamily || "system-ui"}`
  const side = (label: string, token: string, isAscending: boolean): uPlot.Series => ({
    label,
    stroke: colour(token),
    width: 1.5,
    fill: colour(`${token}-fill`),
    points: { show: false },
    spanGaps: true,
    value: (_, value) => (value === null ? "–" : Numbers.count(value)),
    ...(uPlot.paths.stepped === undefined ? {} : { paths: uPlot.paths.stepped({ align: isAscending ? 1 : -1 }) })
  })
  return {
    width,
    height: heightPixels,
    padding: [12, 12, 0, 0],
    legend: { live: true },
    cursor: { drag: { x: false, y: false } },
    scales: { x: { time: false } },
    axes: [
      { ...axis, font, values: (_, values) => values.map((value) => `${value} ¢`) },
      { ...axis, font, size: 52, values: (_, values) => values.map((value) => Numbers.compact(value)) }
    ],
    series: [
      { label: "Yes price", value: (_, value) => (value === null ? "–" : `${value} ¢`) },
      side("Contracts bid", "yes", false),
      side("Contracts offered", "no", true)
    ]
  }
}

export const DepthCurve = memo(({ book }: { readonly book: ShownBook }) => {
  const place = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot>(undefined)
  const isDark = useIsDark()
  const data = useMemo(() => curveOf(book), [book])
  const first = useRef(data)
  first.current = data

  // Made anew when colours change: uPlot keeps what it was given.
  // biome-ignore lint/correctness/useExhaustiveDependencies: isDark stands for the colours
  useEffect(() => {
    const element = place.current
    if (element === null) return
    const made = new uPlot(optionsOf(element.clientWidth), first.current, element)
    plot.current = made
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: heightPixels }))
    observer.observe(element)
    return () => {
      observer.disconnect()
      made.destroy()
    }
  }, [isDark])

  useEffect(() => plot.current?.setData(data), [data])

  return (
    <div
      ref={place}
      role="img"
      aria-label="Depth curve: contracts that can be bought or sold up to each price. The ladder has the same as a table."
      className="min-h-62 pb-2 [&_.u-legend]:!text-xs [&_.u-legend_*]:!font-normal [&_.uplot]:!font-sans"
    />
  )
})
