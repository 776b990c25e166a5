/** The price-time heatmap: how much stood where and when, what was not known, and the moment, which follows a drag over it. */
import { useEffect, useMemo, useRef, useState } from "react"
import { useIsDark } from "../app/Theme.ts"
import * as Numbers from "../format/Numbers.ts"
import { useTimes } from "../format/Zone.ts"
import * as Columns from "./HeatmapColumns.ts"
import * as Image from "./HeatmapImage.ts"
import * as Paint from "./HeatmapPaint.ts"

const tokens = ["panel", "yes", "no", "ink", "soft", "faint", "line", "warn"] as const

/** The tokens as the browser resolves them now, read through an element, since `light-dark()` is resolved only in use. */
const usePalette = (): Image.Palette => {
  const isDark = useIsDark()
  return useMemo(() => {
    const probe = document.createElement("canvas").getContext("2d")
    const element = document.createElement("span")
    document.body.append(element)
    const read = (token: string): string => {
      element.style.color = `var(--${token})`
      if (probe === null) return isDark ? "#000000" : "#ffffff"
      probe.fillStyle = getComputedStyle(element).color
      return String(probe.fillStyle)
    }
    const palette = Object.fromEntries(tokens.map((token) => [token, read(token)])) as unknown as Image.Palette
    element.remove()
    return palette
  }, [isDark])
}

interface Props {
  readonly columns: Columns.HeatmapColumns
  readonly fromMicros: number
  readonly toMicros: number
  readonly momentMicros: number | undefined
  /** Up to when there is anything to know. */
  readonly nowMicros: number
  readonly trades?: ReadonlyArray<Paint.Mark>
  /** While dragged, `isDone` false; once more when let go. */
  readonly onSeek?: (atMicros: number, isDone: boolean) => void
  readonly className?: string
  readonly label: string
}

const noTrades: ReadonlyArray<Paint.Mark> = []
const minuteMicros = 60_000_000

export const Heatmap = (props: Props) => {
  const { columns, fromMicros, momentMicros, nowMicros, onSeek, toMicros, trades = noTrades } = props
  const canvas = useRef<HTMLCanvasElement>(null)
  const [size, setSize] = useState({ width: 0, height: 0 })
  const [hover, setHover] = useState<{ readonly x: number; readonly y: number }>()
  const palette = usePalette()
  const times = useTimes()
  const image = useMemo(() => Image.paint(columns, palette), [columns, palette])
  const [low, high] = useMemo(() => Columns.priceRange(columns), [columns])
  const view = { fromMicros, toMicros, low, high }
  const plot = Paint.plotOf(size.width, size.height)
  const momentX = momentMicros === undefined ? undefined : Math.round(Paint.xOf(view, plot, momentMicros))

  useEffect(() => {
    const element = canvas.current
    if (element === null) return
    const observer = new ResizeObserver(([entry]) => {
      if (entry === undefined) return
      const { height, width } = entry.contentRect
      setSize({ width: Math.round(width), height: Math.round(height) })
    })
    observer.observe(element)
    return () => observer.disconnect()
  }, [])

  useEffect(() => {
    const element = canvas.current
    const context = element?.getContext("2d")
    if (element === null || context === null || context === undefined || size.width === 0) return
    const ratio = window.devicePixelRatio
    const [width, height] = [Math.round(size.width * ratio), Math.round(size.height * ratio)]
    if (element.width !== width || element.height !== height) {
      element.width = width
      element.height = height
    }
    context.setTransform(ratio, 0, 0, ratio, 0, 0)
    const isShort = toMicros - fromMicros < 10 * minuteMicros
    Paint.draw(context, size.width, size.height, {
      view: { fromMicros, toMicros, low, high },
      columns,
      image,
      trades,
      nowMicros,
      palette,
      timeText: isShort ? times.second : times.minute
    })
  }, [columns, fromMicros, high, image, low, nowMicros, palette, size, times, toMicros, trades])

  const seek = (event: React.PointerEvent<HTMLCanvasElement>, isDone: boolean) => {
    const x = Math.min(plot.width, Math.max(0, event.nativeEvent.offsetX))
    onSeek?.(Paint.microsAt(view, plot, x), isDone)
  }

  return (
    <div className="relative">
      <canvas
        ref={canvas}
        role="img"
        aria-label={props.label}
        className={`block w-full ${onSeek === undefined ? "" : "cursor-crosshair touch-pan-y"} ${props.className ?? "h-80"}`}
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId)
          seek(event, false)
        }}
        onPointerMove={(event) => {
          setHover({ x: event.nativeEvent.offsetX, y: event.nativeEvent.offsetY })
          if (event.buttons === 1) seek(event, false)
        }}
        onPointerUp={(event) => seek(event, true)}
        onPointerLeave={() => setHover(undefined)}
      />
      {momentX === undefined || momentX < 0 || momentX > plot.width ? null : (
        <div
          aria-hidden="true"
          className="pointer-events-none absolute top-0 left-0 w-px bg-ink will-change-transform"
          style={{ height: plot.height, transform: `translateX(${momentX}px)` }}
        />
      )}
      <p
        aria-hidden="true"
        className="pointer-events-none absolute top-2 left-2 rounded bg-panel/85 px-1.5 text-xs text-soft empty:hidden"
      >
        {columns.count === 0
          ? "Asking for the books of this time …"
          : hover === undefined
            ? null
            : pointedAt(columns, view, plot, hover, times.second)}
      </p>
    </div>
  )
}

/** What lies under the pointer, in words. */
const pointedAt = (
  columns: Columns.HeatmapColumns,
  view: Paint.View,
  plot: Paint.Plot,
  { x, y }: { readonly x: number; readonly y: number },
  timeText: (atMicros: number) => string
): string | null => {
  if (x > plot.width || y > plot.height) return null
  const atMicros = Paint.microsAt(view, plot, x)
  const column = Columns.columnAt(columns, atMicros)
  const cents = Math.floor(Paint.centsAt(view, plot, y))
  const place = `${timeText(atMicros)} · ${cents} ¢`
  if (column === undefined || columns.isTrusted[column] !== 1) return `${place} · not known`
  const sizeE2 = columns.cells[column * Columns.rows + cents] ?? 0
  if (sizeE2 === 0) return `${place} · nothing`
  return `${place} · ${Numbers.contracts(Math.abs(sizeE2))} contracts ${sizeE2 > 0 ? "bid for yes" : "offered (bid for no)"}`
}
