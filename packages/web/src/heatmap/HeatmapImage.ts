/** The columns as pixels: one pixel a cell, painted once for a set of columns, then drawn at any size in one call. */
import { type HeatmapColumns, rows } from "./HeatmapColumns.ts"

export interface Palette {
  /** `#rrggbb`, of the tokens. */
  readonly panel: string
  readonly yes: string
  readonly no: string
  readonly ink: string
  readonly soft: string
  readonly faint: string
  readonly line: string
  readonly warn: string
}

type Rgb = readonly [number, number, number]

const rgb = (hex: string): Rgb => [
  Number.parseInt(hex.slice(1, 3), 16),
  Number.parseInt(hex.slice(3, 5), 16),
  Number.parseInt(hex.slice(5, 7), 16)
]

const shades = 64
/** The faintest shade that something gets: it must be told from nothing. */
const shareMin = 0.07

/** From nearly the ground to the full colour, each packed as a pixel. */
const scale = (ground: Rgb, full: Rgb): Uint32Array =>
  Uint32Array.from({ length: shades }, (_, shade) => {
    const share = shareMin + (1 - shareMin) * (shade / (shades - 1))
    const [red, green, blue] = ground.map((from, channel) =>
      Math.round(from + ((full[channel] as number) - from) * share)
    ) as unknown as Rgb
    return ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0
  })

/** `undefined` where there is nothing to paint. O(columns). */
export const paint = (columns: HeatmapColumns, palette: Palette): HTMLCanvasElement | undefined => {
  if (columns.count === 0) return undefined
  const canvas = document.createElement("canvas")
  canvas.width = columns.count
  canvas.height = rows
  const context = canvas.getContext("2d")
  if (context === null) return undefined
  const image = context.createImageData(columns.count, rows)
  const pixels = new Uint32Array(image.data.buffer)
  const ground = rgb(palette.panel)
  const yes = scale(ground, rgb(palette.yes))
  const no = scale(ground, rgb(palette.no))
  // Sizes span five powers of ten: by logarithm the small ones are seen, too; its square keeps the large ones apart.
  const most = Math.log1p(columns.sizeMax / 100)
  for (let column = 0; column < columns.count; column++) {
    for (let row = 0; row < rows; row++) {
      const size = columns.cells[column * rows + row] as number
      if (size === 0) continue
      const share = Math.log1p(Math.abs(size) / 100) / most
      const shade = Math.round(share * share * (shades - 1))
      pixels[(rows - 1 - row) * columns.count + column] = (size > 0 ? yes : no)[shade] as number
    }
  }
  context.putImageData(image, 0, 0)
  return canvas
}
