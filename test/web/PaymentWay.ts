/** The way of somebody who pays: a call and a live book on the free plan, Checkout, a cap, usage, the portal, and the end of the plan. */
import type { Page } from "playwright-core"
import { assert } from "vitest"
import * as World from "./World.ts"

/** Somebody who is signed in, in a browser of his own. */
export interface Payer {
  readonly page: Page
  readonly go: (path: string) => Promise<unknown>
  readonly look: (name: string, isWhole?: boolean) => Promise<void>
  readonly key: string
}

/** What stands under a name on the page: the plan, credits that are left, a cap. */
const fact = (page: Page, name: string) =>
  page.locator("dl > div", { has: page.getByText(name, { exact: true }) }).locator("dd")

const shows = async (page: Page, name: string, text: string): Promise<void> =>
  fact(page, name).filter({ hasText: text }).first().waitFor()

/** What is used and what is left, of one moment: the page asks again by itself. */
const credits = (page: Page): Promise<{ readonly used: number; readonly left: number }> =>
  page.evaluate(`(() => {
    const of = (name) => {
      const fact = [...document.querySelectorAll("dl > div")].find((one) => one.querySelector("dt").textContent === name)
      return Number(fact.querySelector("dd").textContent.replaceAll(",", ""))
    }
    return { used: of("Credits used this month"), left: of("Credits left") }
  })()`)

const call = async (world: World.World, key: string): Promise<readonly [number, string | null]> => {
  const url = `${world.system.url}/v1/markets/${world.ticker}/orderbook`
  const answer = await fetch(url, { headers: { "X-API-Key": key, connection: "close" } })
  const { code = null } = (await answer.json()) as { readonly code?: string }
  return [answer.status, code ?? answer.headers.get("x-credits-used")]
}

/** By the stand-in's page, and back. */
const subscribe = async ({ page }: Payer): Promise<void> => {
  await page.getByRole("button", { name: "Pay as you go" }).click()
  await page.getByRole("button", { name: "Subscribe" }).click()
  await page.getByText("Thank you.").waitFor()
}

/** Ends where nothing is paid for any more; what was bought and cancelled is over. */
export const walk = async (world: World.World, payer: Payer): Promise<void> => {
  const { go, look, page } = payer
  const { payments } = world

  // The key works, and a book moves.
  assert.deepStrictEqual(await call(world, payer.key), [200, "1"])
  await go(`/markets/${world.ticker}`)
  await page.locator("[data-standing=following]").waitFor()
  const offset = () => page.locator("table[data-at]").getAttribute("data-offset")
  const seen = await offset()
  await World.until(async () => ((await offset()) === seen ? undefined : true), "the book moves")

  // Free, and to Checkout: a card that is declined buys nothing.
  await go("/billing")
  await shows(page, "Plan", "Free")
  // Free credits are one thousand; what the stream holds for its next second is given back when the page is left.
  await World.until(async () => {
    const { left, used } = await credits(page)
    return used > 0 && left + used === 1_000 ? true : undefined
  }, "what is used and what is left are a thousand")
  await page.getByText("There are no invoices").waitFor()
  const release = payments.hold()
  await page.getByRole("button", { name: "Pay as you go" }).click()
  await page.getByRole("button", { name: "Pay with a card that is declined" }).click()
  await page.getByText("Your card was declined.").waitFor()
  await page.getByRole("button", { name: "Subscribe" }).click()
  // Back before anybody was told: a redirect buys nothing either.
  await page.getByText("Thank you.").waitFor()
  await shows(page, "Plan", "Free")
  release()
  await shows(page, "Plan", "Pay as you go")
  await shows(page, "Plan", "billed on")
  await page.getByRole("button", { name: "This is your plan" }).waitFor()
  await page.getByRole("cell", { name: "running month" }).waitFor()
  await look("billing", true)

  // A cap holds, and is seen where use is.
  await page.getByLabel("Credits a month, at most").fill("2")
  await page.getByRole("button", { name: "Set the cap" }).click()
  await page.getByText("2 credits now.").waitFor()
  const refused = await World.until(async () => {
    const answer = await call(world, payer.key)
    return answer[0] === 200 ? undefined : answer
  }, "the cap is known")
  assert.deepStrictEqual(refused, [402, "cap_reached"])
  await go("/usage")
  await shows(page, "Cap of a month", "2")
  await page.getByRole("cell", { name: "getOrderbook", exact: true }).waitFor()
  await look("usage")

  // Cancelled in the portal: it ends with the month, and then it is over.
  await go("/billing")
  await page.getByRole("button", { name: "Cards, invoices, cancelling" }).click()
  await page.getByRole("button", { name: "Cancel the plan" }).click()
  await page.getByRole("button", { name: "Keep the plan" }).waitFor()
  await page.getByRole("link", { name: "Back" }).click()
  await shows(page, "Plan", "ends on")
  await page.goto(payments.origin)
  await page.getByRole("button", { name: "A month later" }).click()
  await go("/billing")
  await shows(page, "Plan", "Free")

  // Once more, for who deletes the account.
  await subscribe(payer)
  await shows(page, "Plan", "Pay as you go")
}

/** Nothing at the payment service goes on, or has a name. */
export const assertEnded = ({ payments }: World.World): void => {
  const { customers, sessions, subscriptions } = payments.standIn.state
  const live = Object.values(subscriptions).filter(({ status }) => status !== "canceled")
  assert.deepStrictEqual(
    [Object.keys(subscriptions).length, live.map(({ cancel_at_period_end: isEnding }) => isEnding)],
    [2, [true]]
  )
  assert.isEmpty(Object.values(sessions).filter(({ status }) => status === "open"))
  for (const { name } of Object.values(customers)) assert.match(name ?? "", /^closed /)
}
