/**
 * Draws the heatmap of a range of time: the picture of the columns, what is not known hatched, the best prices as lines, trades and scales.
 * The moment is not on it: it moves with each frame of a drag, and all this does not.
 */
import { type HeatmapColumns, rows } from "./HeatmapColumns.ts"
import type { Palette } from "./HeatmapImage.ts"

export interface Mark {
  readonly atMicros: number
  /** On the yes scale. */
  readonly priceE4: number
  readonly sizeE2: number
  readonly takerSide: "yes" | "no"
}

export interface View {
  readonly fromMicros: number
  readonly toMicros: number
  /** Cents. */
  readonly low: number
  readonly high: number
}

export interface Scene {
  readonly view: View
  readonly columns: HeatmapColumns
  readonly image: HTMLCanvasElement | undefined
  readonly trades: ReadonlyArray<Mark>
  /** What comes after it is not unknown: it has not happened. */
  readonly nowMicros: number
  readonly palette: Palette
  readonly timeText: (atMicros: number) => string
}

/** Pixels of the scales of prices and of times. */
const scaleWidth = 38
const scaleHeight = 22

export interface Plot {
  readonly width: number
  readonly height: number
}

export const plotOf = (width: number, height: number): Plot => ({
  width: Math.max(1, width - scaleWidth),
  height: Math.max(1, height - scaleHeight)
})

export const xOf = (view: View, plot: Plot, atMicros: number): number =>
  ((atMicros - view.fromMicros) / (view.toMicros - view.fromMicros)) * plot.width

export const microsAt = (view: View, plot: Plot, x: number): number =>
  Math.round(view.fromMicros + (x / plot.width) * (view.toMicros - view.fromMicros))

const yOf = (view: View, plot: Plot, cents: number): number =>
  plot.height - ((cents - view.low) / (view.high - view.low)) * plot.height

export const centsAt = (view: View, plot: Plot, y: number): number =>
  view.low + ((plot.height - y) / plot.height) * (view.high - view.low)

export const draw = (context: CanvasRenderingContext2D, width: number, height: number, scene: Scene): void => {
  const { palette } = scene
  const plot = plotOf(width, height)
  context.fillStyle = palette.panel
  context.fillRect(0, 0, width, height)
  context.save()
  context.beginPath()
  context.rect(0, 0, plot.width, plot.height)
  context.clip()
  drawImage(context, plot, scene)
  drawUnknown(context, plot, scene)
  drawBest(context, plot, scene)
  drawTrades(context, plot, scene)
  context.restore()
  drawScales(context, plot, scene)
}

const drawImage = (context: CanvasRenderingContext2D, plot: Plot, { columns, image, view }: Scene): void => {
  if (image === undefined) return
  const left = xOf(view, plot, columns.firstMicros)
  const right = xOf(view, plot, columns.firstMicros + columns.count * columns.everyMicros)
  context.imageSmoothingEnabled = false
  context.drawImage(image, 0, rows - view.high, columns.count, view.high - view.low, left, 0, right - left, plot.height)
}

/** What is younger may be on its way still. */
const lateMicrosMax = 8_000_000

/** Runs of columns in which the book was not known, and all the time outside of them. */
const unknownRuns = ({ columns, nowMicros, view }: Scene): ReadonlyArray<readonly [number, number]> => {
  const runs: Array<readonly [number, number]> = []
  const { count, everyMicros, firstMicros, isTrusted } = columns
  const endMicros = firstMicros + count * everyMicros
  // Nothing has come yet: that is not the same as not known.
  if (count === 0) return runs
  // Columns stand on whole steps: the part of one before the first is no hole.
  if (firstMicros - view.fromMicros > everyMicros) runs.push([view.fromMicros, firstMicros])
  let start = -1
  for (let column = 0; column <= count; column++) {
    const isKnown = column === count || isTrusted[column] === 1
    if (!isKnown && start < 0) start = column
    if (isKnown && start >= 0) {
      runs.push([firstMicros + start * everyMicros, firstMicros + column * everyMicros])
      start = -1
    }
  }
  const untilMicros = Math.min(view.toMicros, nowMicros)
  if (untilMicros > endMicros + lateMicrosMax + everyMicros) runs.push([endMicros, untilMicros])
  return runs
}

const hatchPixels = 7

const drawUnknown = (context: CanvasRenderingContext2D, plot: Plot, scene: Scene): void => {
  for (const [fromMicros, toMicros] of unknownRuns(scene)) {
    const left = Math.max(0, xOf(scene.view, plot, fromMicros))
    const right = Math.min(plot.width, Math.max(left + 1, xOf(scene.view, plot, toMicros)))
    if (right <= 0 || left >= plot.width) continue
    context.save()
    context.beginPath()
    context.rect(left, 0, right - left, plot.height)
    context.clip()
    context.globalAlpha = 0.1
    context.fillStyle = scene.palette.warn
    context.fillRect(left, 0, right - left, plot.height)
    context.globalAlpha = 0.45
    context.strokeStyle = scene.palette.warn
    context.lineWidth = 1
    context.beginPath()
    for (let x = Math.floor((left - plot.height) / hatchPixels) * hatchPixels; x < right; x += hatchPixels) {
      context.moveTo(x, plot.height)
      context.lineTo(x + plot.height, 0)
    }
    context.stroke()
    context.restore()
  }
}

const drawBest = (context: CanvasRenderingContext2D, plot: Plot, { columns, palette, view }: Scene): void => {
  for (const [values, colour] of [
    [columns.bidE4, palette.yes],
    [columns.askE4, palette.no]
  ] as const) {
    context.strokeStyle = colour
    context.lineWidth = 1.25
    context.beginPath()
    let isDrawing = false
    for (let column = 0; column < columns.count; column++) {
      const value = values[column] as number
      if (Number.isNaN(value)) {
        isDrawing = false
        continue
      }
      const left = xOf(view, plot, columns.firstMicros + column * columns.everyMicros)
      const y = yOf(view, plot, value / 100)
      if (isDrawing) context.lineTo(left, y)
      else context.moveTo(left, y)
      context.lineTo(xOf(view, plot, columns.firstMicros + (column + 1) * columns.everyMicros), y)
      isDrawing = true
    }
    context.stroke()
  }
}

const drawTrades = (context: CanvasRenderingContext2D, plot: Plot, { palette, trades, view }: Scene): void => {
  for (const { atMicros, priceE4, sizeE2, takerSide } of trades) {
    const x = xOf(view, plot, atMicros)
    if (x < -8 || x > plot.width + 8) continue
    context.beginPath()
    context.arc(x, yOf(view, plot, priceE4 / 100), 1 + Math.min(3, Math.log10(1 + sizeE2 / 100)), 0, 2 * Math.PI)
    context.fillStyle = takerSide === "yes" ? palette.yes : palette.no
    context.fill()
    context.strokeStyle = palette.panel
    context.lineWidth = 1
    context.stroke()
  }
}

const line = (context: CanvasRenderingContext2D, colour: string, x1: number, y1: number, x2: number, y2: number) => {
  context.strokeStyle = colour
  context.lineWidth = 1
  context.beginPath()
  context.moveTo(x1, y1)
  context.lineTo(x2, y2)
  context.stroke()
}

const centSteps = [1, 2, 5, 10, 20, 25]
const secondSteps = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 21_600, 43_200, 86_400, 172_800, 604_800
]

/** The smallest step that leaves labels apart. */
const stepOf = (steps: ReadonlyArray<number>, atLeast: number): number =>
  steps.find((step) => step >= atLeast) ?? (steps.at(-1) as number)

const drawScales = (context: CanvasRenderingContext2D, plot: Plot, { palette, timeText, view }: Scene): void => {
  line(context, palette.line, 0, plot.height + 0.5, plot.width, plot.height + 0.5)
  line(context, palette.line, plot.width + 0.5, 0, plot.width + 0.5, plot.height)
  context.fillStyle = palette.faint
  context.font = "11px ui-sans-serif, system-ui, sans-serif"
  context.textBaseline = "middle"
  context.textAlign = "left"
  const cents = stepOf(centSteps, ((view.high - view.low) * 34) / plot.height)
  for (let at = Math.ceil(view.low / cents) * cents; at <= view.high; at += cents) {
    const y = yOf(view, plot, at)
    if (y > 7 && y < plot.height - 6) context.fillText(`${at} ¢`, plot.width + 7, y)
  }
  context.textAlign = "center"
  const seconds = stepOf(secondSteps, ((view.toMicros - view.fromMicros) / 1e6) * (96 / plot.width))
  const stepMicros = seconds * 1_000_000
  for (let at = Math.ceil(view.fromMicros / stepMicros) * stepMicros; at <= view.toMicros; at += stepMicros) {
    const x = xOf(view, plot, at)
    if (x < 26 || x > plot.width - 22) continue
    line(context, palette.line, Math.round(x) + 0.5, plot.height, Math.round(x) + 0.5, plot.height + 4)
    context.fillText(timeText(at), x, plot.height + 13)
  }
}
