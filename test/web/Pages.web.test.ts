/**
 * The site as people have it: a real browser, the running system behind it. Every page in both widths and both colours without a word on the
 * console and without serious findings of axe; a market's book, wherever it is scrubbed, stepped or played to, level by level the API's.
 */
import fs from "node:fs"
import { Effect } from "effect"
import type { Page, WebSocketRoute } from "playwright-core"
import { afterAll, assert, beforeAll, it } from "vitest"
import * as Browser from "./Browser.ts"
import * as PeopleWay from "./PeopleWay.ts"
import * as World from "./World.ts"

const worldMillisMax = 240_000
const pagesMillisMax = 240_000

let world: World.World
let axeSource = ""

beforeAll(async () => {
  axeSource = fs.readFileSync(Browser.axeFile, "utf8")
  world = await World.start()
}, worldMillisMax)
afterAll(() => world?.stop(), worldMillisMax)

interface Place {
  readonly path: string
  /** Says that what the page is about has come. */
  readonly shows: string
  readonly isKeyed?: boolean
}

const places = (ticker: string): ReadonlyArray<Place> => [
  { path: "/", shows: "[data-level]" },
  { path: "/explore", shows: "table" },
  { path: `/markets/${ticker}`, shows: "[data-level]" },
  { path: `/events/${ticker.split("-").slice(0, 2).join("-")}`, shows: "table" },
  { path: "/series/KXBTC15M", shows: "table" },
  { path: "/coverage", shows: "text=Not known" },
  { path: `/coverage?market=${ticker}`, shows: "text=connection lost" },
  { path: "/status", shows: "text=Receipt to stored" },
  { path: "/pricing", shows: "text=getOrderbook" },
  { path: "/playground", shows: "text=Order books" },
  { path: "/downloads", shows: "text=Sealed days" },
  { path: "/keys", shows: "text=Your key" },
  { path: "/usage", shows: "text=This needs a key" },
  { path: "/keys", shows: "text=Keys of the account", isKeyed: true },
  { path: "/usage", shows: "text=unknown_market", isKeyed: true },
  { path: "/billing", shows: "text=Cap of a month", isKeyed: true },
  { path: "/explore", shows: "text=every series", isKeyed: true },
  { path: "/playground?op=listTrades", shows: "text=At most", isKeyed: true },
  { path: "/sign-in", shows: "text=Forgotten the password" },
  { path: "/sign-up", shows: "text=At least 8" },
  { path: "/recover", shows: "text=Mail me a link" },
  { path: "/new-password", shows: "text=Ask for another" },
  { path: "/join", shows: "text=no invitation here" },
  { path: "/no/such/page", shows: "text=no such page" }
]

const enterKey = (page: Page, key: string): Promise<unknown> =>
  page.addInitScript(`sessionStorage.setItem("kalshibook.key", ${JSON.stringify(key)})`)

/** Asks the API as a program would; gives the id that the answer had. */
const call = async (path: string): Promise<string> => {
  const { headers } = await fetch(`${world.system.url}${path}`, {
    headers: { "X-API-Key": world.key, connection: "close" }
  })
  return headers.get("x-request-id") ?? ""
}

/**
 * Each page is loaded once and looked at in both widths and both colours; axe looks twice, so that it has seen each width and each colour:
 * colours are what differs by theme, places by width.
 */
const looks = [
  { width: 1_440, theme: "light", isAxed: true },
  { width: 1_440, theme: "dark", isAxed: false },
  { width: 390, theme: "dark", isAxed: true },
  { width: 390, theme: "light", isAxed: false }
] as const

const widerThanWindow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"

it("every page, in both widths and colours, shows what it is about, whole, without a complaint and without serious findings of axe", {
  timeout: pagesMillisMax
}, async () => {
  const wrong: Array<string> = []
  const pageOf = async (): Promise<Page> =>
    (await Browser.open(world.browser, { width: 1_440, theme: "light" })).newPage()
  const [anonymous, keyed] = await Promise.all([pageOf(), pageOf()])
  await enterKey(keyed, world.key)
  const said = [Browser.complaints(anonymous), Browser.complaints(keyed)]
  await Promise.all([call(`/v1/markets/${world.ticker}`), call("/v1/markets/KXNOTHING")])
  const look = async (page: Page, { path, shows }: Place) => {
    await page.goto(`${world.system.url}${path}`)
    await page.locator(shows).first().waitFor({ state: "attached" })
    for (const { isAxed, theme, width } of looks) {
      await page.setViewportSize({ width, height: width === 390 ? 844 : 1_000 })
      await page.emulateMedia({ colorScheme: theme })
      const wide = Number(await page.evaluate(widerThanWindow))
      if (wide > 0) wrong.push(`${path} at ${width} is ${wide} pixels wider than its window`)
      if (!isAxed) continue
      // The frame is the same around every page.
      const part = path === "/" || path === "/keys" ? "whole" : "own"
      const findings = await Browser.seriousFindings(page, axeSource, part)
      wrong.push(...findings.map((finding) => `${path} at ${width}: ${finding}`))
    }
  }
  const all = async (page: Page, isKeyed: boolean) => {
    for (const place of places(world.ticker)) if ((place.isKeyed ?? false) === isKeyed) await look(page, place)
  }
  await Promise.all([all(anonymous, false), all(keyed, true)])
  await Promise.all([anonymous.context().close(), keyed.context().close()])
  // The address that leads nowhere is answered with 404, which the browser notes.
  const noted = said.flat().filter((text) => !text.includes("404 (Not Found)"))
  assert.deepStrictEqual([...wrong, ...noted], [])
})

it("what is drawn by hand fits a phone from the first moment on", { timeout: pagesMillisMax }, async () => {
  const page = await (await Browser.open(world.browser, { width: 390, theme: "dark" })).newPage()
  const said = Browser.complaints(page)
  for (const path of ["/", `/markets/${world.ticker}`]) {
    await page.goto(`${world.system.url}${path}`)
    await page.locator("[data-level]").first().waitFor()
    assert.isAtMost(Number(await page.evaluate(widerThanWindow)), 0, path)
    const canvas = await page.locator("canvas").first().boundingBox()
    assert.isAtMost(canvas?.width ?? 1_000, 390, path)
  }
  assert.deepStrictEqual(said, [])
  await page.context().close()
})

interface Shown {
  readonly at: string
  readonly offset: number
  readonly yes: ReadonlyArray<readonly [number, number]>
  readonly no: ReadonlyArray<readonly [number, number]>
}

/** Until an expression is true of the page. Playwright's own way is refused by the page's policy: it evaluates text. */
const holds = (page: Page, expression: string): Promise<true> =>
  World.until(async () => ((await page.evaluate(expression)) === true ? true : undefined), expression)

/** The ladder as it stands on the page, at one moment of it: best first. */
const ladderOf = (page: Page): Promise<Shown> =>
  page.evaluate(`(() => {
    const table = document.querySelector("table[data-at]")
    const side = (name) =>
      [...table.querySelectorAll("[data-level=" + name + "]")].map((row) => [Number(row.dataset.price), Number(row.dataset.size)])
    return { at: table.dataset.at, offset: Number(table.dataset.offset), yes: side("yes"), no: side("no").reverse() }
  })()`)

const isoOf = (micros: string): string =>
  new Date(Math.floor(Number(micros) / 1_000)).toISOString().replace("Z", `${micros.slice(-3)}Z`)

/** Compares what is shown with what the API answers for the shown moment. Returns how many levels there were. */
const compare = async (shown: Shown): Promise<number> => {
  const path = `/v1/markets/${world.ticker}/orderbook?at=${isoOf(shown.at)}&depth=${Math.max(shown.yes.length, shown.no.length, 1)}`
  const { body } = await Effect.runPromise(
    world.system.get<{
      orderbook_fp: {
        yes_dollars: ReadonlyArray<readonly [string, string]>
        no_dollars: ReadonlyArray<readonly [string, string]>
      }
      provenance: { offset: number }
    }>(path)
  )
  const levels = (ladder: ReadonlyArray<readonly [string, string]>, count: number) =>
    ladder
      .map(([price, size]) => [Math.round(Number(price) * 1e4), Math.round(Number(size) * 100)])
      .reverse()
      .slice(0, count)
  const { no_dollars, yes_dollars } = body.orderbook_fp
  assert.deepStrictEqual(
    { offset: shown.offset, yes: shown.yes, no: shown.no },
    {
      offset: body.provenance.offset,
      yes: levels(yes_dollars, 12),
      no: levels(no_dollars, 12)
    },
    path
  )
  return shown.yes.length + shown.no.length
}

it("wherever a market is scrubbed, stepped or played to, every shown level is the API's", {
  timeout: pagesMillisMax
}, async () => {
  const context = await Browser.open(world.browser, { width: 1440, theme: "light" })
  const page = await context.newPage()
  await page.goto(`${world.system.url}/markets/${world.ticker}`)
  await page.locator("[data-level]").first().waitFor()
  // The picture is there: more than a ground and its scales.
  await holds(
    page,
    `(() => {
      const canvas = document.querySelector("canvas")
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height)
      return new Set(new Uint32Array(data.buffer)).size > 100
    })()`
  )
  const slider = page.getByRole("slider")
  const box = await slider.boundingBox()
  assert.isNotNull(box)
  if (box === null) return
  let levels = 0
  const y = box.y + box.height / 2
  // Dragged: each book on the way, and the one where it is let go.
  await page.mouse.move(box.x + box.width * 0.95, y)
  await page.mouse.down()
  for (const share of [0.8, 0.6, 0.4, 0.55, 0.7]) {
    await page.mouse.move(box.x + box.width * share, y)
    levels += await compare(await ladderOf(page))
  }
  await page.mouse.up()
  const at = (await slider.getAttribute("aria-valuetext")) ?? ""
  assert.match(at, /UTC$/)
  await holds(
    page,
    // Exact either way: which one depends on whether the records are here already.
    `/API for this moment|folded in this browser/.test(document.querySelector("[data-check]").previousElementSibling.textContent)`
  )
  const settled = await ladderOf(page)
  levels += await compare(settled)
  // Stepped by record, on and back: each step is another moment.
  const moments = new Set([settled.at])
  for (const name of ["One record on", "One record on", "One record on", "One record back", "One record back"]) {
    const before = (await ladderOf(page)).at
    await page.getByRole("button", { name }).click()
    await holds(page, `document.querySelector("table[data-at]").dataset.at !== "${before}"`)
    const shown = await ladderOf(page)
    if (name === "One record on") assert.isFalse(moments.has(shown.at))
    else assert.isTrue(moments.has(shown.at))
    moments.add(shown.at)
    levels += await compare(shown)
  }
  // Played: whatever frame is caught.
  await page.getByRole("combobox", { name: "Speed of play" }).selectOption("5")
  await page.getByRole("button", { name: "Play" }).click()
  const started = (await ladderOf(page)).at
  await holds(page, `Number(document.querySelector("table[data-at]").dataset.at) > ${started} + 1500000`)
  for (let frame = 0; frame < 5; frame++) levels += await compare(await ladderOf(page))
  await page.getByRole("button", { name: "Pause" }).click()
  // The page's own check says the same.
  await page.getByRole("button", { name: "Check against the API" }).click()
  await page.locator('[data-check="same"]').waitFor()
  assert.isAbove(levels, 200)
  await context.close()
})

/** The shown book is the API's at its moment, as soon as the API has stored it. */
const compareTold = async (shown: Shown): Promise<number> => {
  const path = `/v1/markets/${world.ticker}/orderbook?at=${isoOf(shown.at)}&depth=1`
  await World.until(async () => {
    const { body } = await Effect.runPromise(world.system.get<{ provenance: { offset: number } }>(path))
    return body.provenance.offset >= shown.offset ? true : undefined
  }, `record ${shown.offset} stored`)
  return compare(shown)
}

it("a market is followed by the stream: each book is the API's, a gap and a lost connection are said, and it goes on where it was", {
  timeout: pagesMillisMax
}, async () => {
  const context = await Browser.open(world.browser, { width: 1440, theme: "light" })
  const page = await context.newPage()
  const said = Browser.complaints(page)
  await enterKey(page, world.key)
  const subscriptions: Array<{ readonly from_offset?: Readonly<Record<string, { offset: number; epoch: number }>> }> =
    []
  const connections: Array<WebSocketRoute> = []
  let closed = 0
  await page.routeWebSocket(/\/v1\/stream/, (route) => {
    const server = route.connectToServer()
    connections.push(route)
    route.onClose((code, reason) => {
      closed++
      void server.close({ ...(code === undefined ? {} : { code }), ...(reason === undefined ? {} : { reason }) })
    })
    route.onMessage((message) => {
      subscriptions.push(JSON.parse(String(message)))
      server.send(message)
    })
  })
  let asked = 0
  page.on("request", (request) => {
    if (new URL(request.url()).pathname.endsWith("/orderbook")) asked++
  })
  await page.goto(`${world.system.url}/markets/${world.ticker}`)
  const standing = (state: string) => page.locator(`[data-standing=${state}]`).waitFor()
  await standing("following")
  let levels = 0
  for (let look = 0; look < 5; look++) {
    const { at } = await ladderOf(page)
    await holds(page, `document.querySelector("table[data-at]").dataset.at !== "${at}"`)
    levels += await compareTold(await ladderOf(page))
  }
  assert.strictEqual(asked, 0)
  // The exchange cuts off the recorder: for a moment the book is not known, and the page says so.
  await page.evaluate(`new MutationObserver(() => {
    if (document.querySelector("[data-standing=lost]") !== null)
      window.lostOffset ??= Number(document.querySelector("table[data-at]").dataset.offset)
  }).observe(document.body, { subtree: true, childList: true, characterData: true })`)
  world.system.exchange.faults.inflict({ fault: "cut" })
  await page.locator("[data-gap]", { hasText: "connection lost" }).waitFor()
  await page.locator("[data-gap=ended]").waitFor()
  await page.getByText("trusted", { exact: true }).waitFor()
  levels += await compareTold(await ladderOf(page))
  // The browser's own connection is cut.
  await connections[0]?.close({ code: 1011 })
  await holds(page, "window.lostOffset > 0")
  await standing("following")
  const offset = Number(await page.evaluate("window.lostOffset"))
  assert.strictEqual(subscriptions[1]?.from_offset?.[world.ticker]?.offset, offset)
  await holds(page, `Number(document.querySelector("table[data-at]").dataset.offset) > ${offset}`)
  levels += await compareTold(await ladderOf(page))
  // Left off: the shown book stands, and no connection is kept for it.
  await page.getByRole("button", { name: "Pause" }).click()
  await World.until(async () => (closed > 0 ? true : undefined), "the stream left")
  levels += await compare(await ladderOf(page))
  assert.isAbove(levels, 50)
  assert.deepStrictEqual(said, [])
  await context.close()
})

it("a key is made, shown once, used, and revoked", { timeout: pagesMillisMax }, async () => {
  const context = await Browser.open(world.browser, { width: 1440, theme: "light" })
  const page = await context.newPage()
  await page.goto(`${world.system.url}/keys`)
  await page.getByLabel("Your key").fill("kb_live_wrong")
  await page.getByRole("button", { name: "Use key" }).click()
  await page.getByText("is copied whole").waitFor()
  await page.getByLabel("Your key").fill(world.key)
  await page.getByRole("button", { name: "Use key" }).click()
  await page.getByRole("button", { name: "Make a key" }).click()
  await page.getByLabel("Name", { exact: true }).fill("nightly")
  await page.getByLabel("Credits a month, at most").fill("500")
  await page.getByRole("button", { name: "Make it" }).click()
  const secret = (await page.getByLabel("The new key").locator("pre").textContent()) ?? ""
  assert.match(secret, /^kb_live_\w{20,}$/)
  const usage = () => fetch(`${world.system.url}/v1/usage`, { headers: { "X-API-Key": secret, connection: "close" } })
  assert.strictEqual((await usage()).status, 200)
  await page.getByRole("button", { name: "I have it" }).click()
  assert.notInclude(await page.content(), secret)
  await page.getByRole("button", { name: "Revoke nightly" }).click()
  await page.getByRole("button", { name: "Revoke", exact: true }).click()
  await page.getByText("revoked").waitFor()
  await World.until(async () => ((await usage()).status === 401 ? true : undefined))
  await context.close()
})

it("a request is found again by its id, with what became of it, and all of them are one file", {
  timeout: pagesMillisMax
}, async () => {
  const [charged, failed] = [await call(`/v1/markets/${world.ticker}`), await call("/v1/markets/KXNOTHING")]
  const context = await Browser.open(world.browser, { width: 390, theme: "light" })
  const page = await context.newPage()
  const said = Browser.complaints(page)
  await enterKey(page, world.key)
  await page.goto(`${world.system.url}/usage`)
  const requests = page.getByRole("region", { name: "Requests" })
  const row = (id: string) =>
    requests.getByRole("row").filter({ has: page.getByRole("button", { name: `Copy ${id}` }) })
  await row(charged).getByText("answered").waitFor()
  await row(failed).getByText("404").waitFor()
  await page.getByRole("button", { name: "Errors" }).click()
  await row(charged).waitFor({ state: "detached" })
  const error = row(failed).getByRole("link", { name: "unknown_market" })
  assert.strictEqual(await error.getAttribute("href"), "/docs/errors.md#unknown_market")
  const [file] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "CSV", exact: true }).click()
  ])
  const csv = fs.readFileSync(await file.path(), "utf8")
  assert.include(csv, `,${failed},,getMarket,`)
  assert.notInclude(csv, charged)
  await page.getByRole("button", { name: "All", exact: true }).click()
  await page.getByLabel("Find one by its id").fill(charged)
  await row(failed).waitFor({ state: "detached" })
  await row(charged).waitFor()
  assert.isAtMost(Number(await page.evaluate(widerThanWindow)), 0)
  assert.deepStrictEqual(said, [])
  await context.close()
})

it(
  "a stranger signs up, calls with the key, sees a live book, pays, cancels, comes back, invites somebody, and deletes the account",
  {
    timeout: pagesMillisMax
  },
  () => PeopleWay.walk(world)
)

it("the playground sends what its form says, and shows what came back and what it cost", {
  timeout: pagesMillisMax
}, async () => {
  const context = await Browser.open(world.browser, { width: 1440, theme: "light" })
  const page = await context.newPage()
  await enterKey(page, world.key)
  // The page would propose a market that is open, and learns of one only now: what somebody types stays as it is typed.
  const typed = Promise.withResolvers<void>()
  await page.route(/\/v1\/markets\?/, (route) => typed.promise.then(() => route.continue()))
  await page.goto(`${world.system.url}/playground?op=getOrderbook`)
  const ticker = page.getByLabel("ticker (required)")
  await ticker.selectText()
  const proposed = page.waitForResponse(/\/v1\/markets\?/)
  typed.resolve()
  await (await proposed).finished()
  await page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
  await page.keyboard.insertText(world.ticker)
  assert.strictEqual(await ticker.inputValue(), world.ticker)
  await page.getByLabel("depth", { exact: true }).fill("3")
  await page.getByText("At most 1 credit").waitFor()
  await page.getByRole("button", { name: "Send" }).click()
  const cost = await page.getByText(/^\d+ credits? used$/).textContent()
  const text = (await page.getByRole("region", { name: "The body of the answer" }).textContent()) ?? ""
  const book = JSON.parse(text)
  assert.strictEqual(book.market_ticker, world.ticker)
  // A book that is stale to this moment costs nothing.
  assert.strictEqual(cost, book.trust.state === "stale" ? "0 credits used" : "1 credit used")
  await context.close()
})
