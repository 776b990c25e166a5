/** Frames a second of a page while something moves on it, counted by the page itself. */
import type { Page } from "playwright-core"

export interface FrameRun {
  readonly perSecond: number
  /** The longest time between two frames. */
  readonly millisMax: number
  /** Different books that the ladder has shown. */
  readonly books: number
}

/**
 * Runs for so long; `move` is the body of a function of (share, frame) that the page calls before each frame, share going from 0 to 1 and
 * back as a hand does; empty where the page moves by itself.
 */
export const run = (page: Page, millis: number, move: string): Promise<FrameRun> =>
  page.evaluate(`new Promise((resolve) => {
    const move = (share, frame) => { ${move} }
    const books = new Set()
    let frames = 0
    let millisMax = 0
    let began = 0
    let last = 0
    requestAnimationFrame(function tick(now) {
      if (frames === 0) began = now
      else millisMax = Math.max(millisMax, now - last)
      last = now
      const shown = document.querySelector("table[data-at]")
      if (shown !== null) books.add(shown.dataset.at)
      if (now - began >= ${millis}) {
        resolve({ perSecond: (frames * 1000) / (now - began), millisMax, books: books.size })
        return
      }
      move(0.5 + 0.45 * Math.sin((now - began) / 600), frames)
      frames++
      requestAnimationFrame(tick)
    })
  })`)

/** Over the picture, held down. */
export const overHeatmap = `
  const canvas = document.querySelector("canvas[role=img]")
  const box = canvas.getBoundingClientRect()
  canvas.dispatchEvent(new PointerEvent("pointermove", {
    bubbles: true, buttons: 1, pointerId: 1,
    clientX: box.left + share * (box.width - 40), clientY: box.top + box.height / 2
  }))`

/** Along the slider. React hears of a value only when it did not set it itself. */
export const alongSlider = `
  const slider = document.querySelector("input[type=range]")
  if (frame === 0) slider.dispatchEvent(new PointerEvent("pointerdown", { bubbles: true, pointerId: 1 }))
  Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set.call(slider, String(share * 1000))
  slider.dispatchEvent(new Event("input", { bubbles: true }))`
