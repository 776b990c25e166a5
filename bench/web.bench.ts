/**
 * The site in a real browser, over a day of a hot market: frames a second while the picture and the slider are dragged and while the day is
 * played, what a first visit transfers, and when each page can be used. The browser draws without a graphics card.
 */
import { type Browser, chromium, type Page } from "playwright-core"
import * as Chromium from "../scripts/web/Chromium.ts"
import * as WebBuild from "../scripts/web/WebBuild.ts"
import type { BenchRow } from "./BenchTable.ts"
import * as Processes from "./http/Processes.ts"
import * as Frames from "./web/Frames.ts"
import type { SiteOfDayReady } from "./web/SiteOfDay.ts"

const framesPromised = 50
const firstBytesPromised = 200_000
const interactiveMillisPromised = 3_000
const runMillis = 3_000
const window = { width: 1_440, height: 900 }

/** What a page is about, with which it can be used. */
const pages = (ticker: string): ReadonlyArray<readonly [string, string]> => [
  ["/", "[data-level]"],
  ["/explore", "table"],
  [`/markets/${ticker}`, "[data-level]"],
  [`/events/${ticker.split("-").slice(0, 2).join("-")}`, "table"],
  ["/coverage", "text=Not known"],
  ["/status", "text=Recording"],
  ["/pricing", "text=getOrderbook"],
  ["/playground", "text=Order books"],
  ["/downloads", "text=Sealed days"],
  ["/keys", "text=Your key"]
]

interface Visit {
  /** When the page's subject was there and the browser had time again. */
  readonly millis: number
  /** Document, scripts and styles, as they were transferred. */
  readonly bytes: number
}

/** A first visit: nothing is kept from others. */
const visit = async (browser: Browser, url: string, shows: string): Promise<Visit> => {
  const context = await browser.newContext({ viewport: window })
  const page = await context.newPage()
  const session = await context.newCDPSession(page)
  const files = new Set<string>()
  let bytes = 0
  session.on("Network.responseReceived", ({ requestId, type }) => {
    if (["Document", "Script", "Stylesheet"].includes(type)) files.add(requestId)
  })
  session.on("Network.loadingFinished", ({ encodedDataLength, requestId }) => {
    if (files.has(requestId)) bytes += encodedDataLength
  })
  await session.send("Network.enable")
  await page.goto(url, { waitUntil: "commit" })
  await page.locator(shows).first().waitFor({ state: "attached" })
  const millis = Number(
    await page.evaluate("new Promise((resolve) => requestIdleCallback(() => resolve(performance.now())))")
  )
  await context.close()
  return { millis, bytes }
}

const frames = (what: string, { books, millisMax, perSecond }: Frames.FrameRun): BenchRow => ({
  what: `${what}: frames/s (${books} books, longest ${millisMax.toFixed(0)} ms)`,
  ours: perSecond.toFixed(1),
  baseline: "",
  ratio: "",
  promised: `at least ${framesPromised}`,
  passed: perSecond >= framesPromised
})

const chosen = async (page: Page, span: string): Promise<void> => {
  await page.getByRole("button", { name: span, exact: true }).click()
  await page.waitForLoadState("networkidle")
}

const moving = async (page: Page): Promise<ReadonlyArray<BenchRow>> => {
  const rows: Array<BenchRow> = []
  for (const span of ["1 day", "15 min"]) {
    await chosen(page, span)
    rows.push(frames(`picture of ${span} dragged over`, await Frames.run(page, runMillis, Frames.overHeatmap)))
  }
  await chosen(page, "1 day")
  rows.push(frames("slider of a life dragged, 1 day shown", await Frames.run(page, runMillis, Frames.alongSlider)))
  for (const [speed, name] of [
    ["20", "every record"],
    ["1000", "samples"]
  ]) {
    await page.getByRole("combobox", { name: "Speed of play" }).selectOption(speed ?? "")
    await page.getByRole("button", { name: "Play" }).click()
    await page.waitForLoadState("networkidle")
    rows.push(frames(`played at ${speed} times its speed, ${name}`, await Frames.run(page, runMillis, "")))
    await page.getByRole("button", { name: "Pause" }).click()
  }
  return rows
}

export const run = async (): Promise<ReadonlyArray<BenchRow>> => {
  const problem = await WebBuild.ensure()
  if (problem !== undefined) throw new Error(problem)
  const site = await Processes.start<SiteOfDayReady>("../web/SiteOfDay.ts")
  const args = ["--no-sandbox", "--disable-gpu"]
  const browser = await chromium.launch({ executablePath: Chromium.program(), args })
  try {
    const { at, port, records, ticker } = site.ready
    const url = `http://127.0.0.1:${port}`
    const page = await (await browser.newContext({ viewport: window })).newPage()
    await page.goto(`${url}/markets/${ticker}?at=${at}`)
    await page.locator("[data-level]").first().waitFor()
    const rows: Array<BenchRow> = [...(await moving(page))]
    await page.context().close()
    for (const [path, shows] of pages(ticker)) {
      const { bytes, millis } = await visit(browser, `${url}${path}`, shows)
      const isFirst = path === "/"
      rows.push({
        what: `page ${path.replace(ticker, "TICKER")}: can be used after, files of a first visit`,
        ours: `${millis.toFixed(0)} ms, ${(bytes / 1_000).toFixed(1)} kB`,
        baseline: "",
        ratio: "",
        promised: `${interactiveMillisPromised} ms, ${firstBytesPromised / 1_000} kB`,
        passed: millis <= interactiveMillisPromised && bytes <= firstBytesPromised * (isFirst ? 1 : 2)
      })
    }
    process.stdout.write(` a market of ${records.toLocaleString("en")} records, `)
    return rows
  } finally {
    await browser.close()
    await site.stop()
  }
}
