/** One Chromium for all tests of a file, and pages that note everything that they should not have to say. */
import { createRequire } from "node:module"
import { Effect, type Scope } from "effect"
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core"
import * as Chromium from "../../scripts/web/Chromium.ts"

/** Nothing of these starts connections of the browser's own. */
const args = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync"
]

export const start: Effect.Effect<Browser, never, Scope.Scope> = Effect.acquireRelease(
  Effect.promise(() => chromium.launch({ executablePath: Chromium.program(), args })),
  (browser) => Effect.promise(() => browser.close())
)

interface Look {
  readonly width: 1440 | 390
  readonly theme: "light" | "dark"
}

/** A window of its own: nothing is kept from others. */
export const open = (browser: Browser, { theme, width }: Look): Promise<BrowserContext> =>
  browser.newContext({
    viewport: { width, height: width === 390 ? 844 : 1_000 },
    colorScheme: theme,
    reducedMotion: "reduce"
  })

/** What the page says on the console as an error or a warning, what it throws, and what its security policy refused. */
export const complaints = (page: Page): ReadonlyArray<string> => {
  const said: Array<string> = []
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) said.push(`${message.type()}: ${message.text()}`)
  })
  page.on("pageerror", (error) => said.push(`thrown: ${error.message}`))
  return said
}

export const axeFile = createRequire(import.meta.url).resolve("axe-core/axe.min.js")

interface Violation {
  readonly id: string
  readonly impact: string | null
  readonly nodes: ReadonlyArray<{ readonly target: ReadonlyArray<unknown>; readonly failureSummary?: string }>
}

/**
 * Rows of a table that are made as one above them is: the same elements with the same classes, roles and names, as empty or not. What axe says
 * of one it says of all, and a table has hundreds; one of each kind is looked at, wherever it stands.
 */
const alike = `(() => {
  const kindOf = (row) => [row, ...row.querySelectorAll("*")].map((element) =>
    [element.tagName, element.getAttribute("class"), element.textContent.trim() === "",
      ...element.getAttributeNames().filter((name) => !name.startsWith("data-")).sort(),
      element.getAttribute("role"), element.getAttribute("disabled")].join(" ")).join("|")
  return [...document.querySelectorAll("tbody")].flatMap((body) => {
    const kinds = new Set()
    return [...body.rows].filter((row) => kinds.size === kinds.add(kindOf(row)).size)
  })
})()`

/**
 * What axe finds that is serious or worse, with where: on all of the page, or on what is its own, without the frame that all have. Run in a
 * world of its own: the page's policy would refuse it.
 */
export const seriousFindings = async (
  page: Page,
  axeSource: string,
  part: "whole" | "own"
): Promise<ReadonlyArray<string>> => {
  const session = await page.context().newCDPSession(page)
  const { frameTree } = (await session.send("Page.getFrameTree")) as { frameTree: { frame: { id: string } } }
  const { executionContextId } = (await session.send("Page.createIsolatedWorld", {
    frameId: frameTree.frame.id,
    worldName: "axe"
  })) as { executionContextId: number }
  const looked = `{ include: [[${JSON.stringify(part === "whole" ? "html" : "main")}]], exclude: ${alike} }`
  const options = JSON.stringify({ resultTypes: ["violations"], preload: false, iframes: false, elementRef: false })
  const run = `axe.run(${looked}, ${options}).then((found) => JSON.stringify(found.violations))`
  const known = { expression: "typeof axe !== 'undefined'", contextId: executionContextId }
  const { result: is } = (await session.send("Runtime.evaluate", known)) as { result: { value?: boolean } }
  if (is.value !== true) {
    await session.send("Runtime.evaluate", { expression: axeSource, contextId: executionContextId })
  }
  const { result } = (await session.send("Runtime.evaluate", {
    expression: run,
    contextId: executionContextId,
    awaitPromise: true
  })) as { result: { value?: string; description?: string } }
  await session.detach()
  if (result.value === undefined) throw new Error(`axe did not run: ${result.description}`)
  return (JSON.parse(result.value) as ReadonlyArray<Violation>)
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(
      ({ id, nodes }) =>
        `${id}: ${nodes.map(({ failureSummary, target }) => `${target.join(" ")} ${failureSummary}`).join("; ")}`
    )
}
