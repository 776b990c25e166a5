/** The way of a person through the site: from a stranger to an account with a key, paid for, shared with another, and deleted. */
import fs from "node:fs"
import type { Page } from "playwright-core"
import { assert } from "vitest"
import * as Browser from "./Browser.ts"
import * as PaymentWay from "./PaymentWay.ts"
import * as World from "./World.ts"

const password = "correct horse battery"

/** Pictures of what is seen on the way, where a folder is named for them. */
const picturesFolder = process.env["KALSHIBOOK_TEST_PICTURES"]

const open = async (world: World.World, options: { readonly width: 1440 | 390; readonly theme: "light" | "dark" }) => {
  const context = await Browser.open(world.browser, options)
  const page = await context.newPage()
  const said = Browser.complaints(page)
  const axeSource = fs.readFileSync(Browser.axeFile, "utf8")
  const found: Array<string> = []
  const go = (path: string) => page.goto(`${world.system.url}${path}`)

  /** Looks at the page as it is now; `isWhole`: through axe, too. */
  const look = async (name: string, isWhole = false): Promise<void> => {
    if (picturesFolder !== undefined) {
      await page.screenshot({ path: `${picturesFolder}/${name}-${options.width}-${options.theme}.png`, fullPage: true })
    }
    const wide = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    if (Number(wide) > 0) found.push(`${name} is ${wide} pixels wider than its window`)
    if (!isWhole) return
    for (const finding of await Browser.seriousFindings(page, axeSource, "whole")) found.push(`${name}: ${finding}`)
  }

  /** Signs up where the page stands, and follows the link of the mail. */
  const signUp = async (email: string): Promise<void> => {
    await page.getByLabel("E-mail").fill(email)
    await page.getByLabel("New password").fill(password)
    await look("sign-up")
    await page.getByRole("button", { name: "Open it" }).click()
    await page.getByText("Look into your mail").waitFor()
    await page.goto(await mailedLink(world, email))
  }

  const signIn = async (email: string): Promise<void> => {
    await go("/sign-in")
    await page.getByLabel("E-mail").fill(email)
    await page.getByLabel("Password").fill("not the password")
    await page.getByRole("button", { name: "Sign in", exact: true }).click()
    await page.getByText("Address or password is wrong").waitFor()
    await look("sign-in")
    await page.getByLabel("Password").fill(password)
    await page.getByRole("button", { name: "Sign in", exact: true }).click()
  }

  /** Everything that the page should not have said. The wrong password is answered with 400, which the browser notes. */
  const complaints = () => [...found, ...said.filter((text) => !text.includes("400 (Bad Request)"))]

  return { page, go, look, signUp, signIn, complaints, close: () => context.close() }
}

const mailedLink = (world: World.World, email: string): Promise<string> =>
  World.until(async () => {
    const mail = world.mails.findLast(([subject = ""]) => subject.includes(email))
    return /https?:\/\/\S+/.exec(mail?.[1] ?? "")?.[0]
  }, `a mail to ${email}`)

const textOf = async (page: Page, region: string): Promise<string> =>
  (await page.getByRole("region", { name: region }).locator("pre").first().textContent()) ?? ""

const statusWith = async (world: World.World, key: string): Promise<number> => {
  const answer = await fetch(`${world.system.url}/v1/usage`, { headers: { "X-API-Key": key, connection: "close" } })
  await answer.text()
  return answer.status
}

/** The whole of it. */
export const walk = async (world: World.World): Promise<void> => {
  const ada = await open(world, { width: 1440, theme: "light" })
  const grace = await open(world, { width: 390, theme: "dark" })
  const email = "ada@example.com"

  await ada.go("/keys")
  await ada.page.getByRole("link", { name: "Open an account" }).click()
  await ada.page.getByLabel("New password").waitFor()
  await ada.go("/sign-up")
  await ada.signUp(email)
  const key = await textOf(ada.page, "The first key")
  assert.match(key, /^kb_live_\w{20,}$/)
  assert.strictEqual(await statusWith(world, key), 200)
  await ada.look("welcome", true)

  // Known without a key from here on.
  await ada.page.getByRole("link", { name: "Your account" }).click()
  await ada.page.getByRole("cell", { name: `${email} (you)` }).waitFor()
  await ada.go("/usage")
  await ada.page.getByText("Credits left").waitFor()
  await ada.go("/keys")
  await ada.page.getByRole("cell", { name: "first key", exact: true }).waitFor()
  await ada.go("/explore")
  await ada.page.locator("table").first().waitFor()

  await PaymentWay.walk(world, { ...ada, key })

  await ada.go("/account")
  await ada.page.getByRole("button", { name: "Sign out" }).click()
  await ada.page.getByRole("link", { name: "Sign in" }).waitFor()
  await ada.signIn(email)
  await ada.page.getByLabel("Their address").fill("grace@example.com")
  await ada.page.getByRole("button", { name: "Invite" }).click()
  const link = await textOf(ada.page, "The new invitation")
  await ada.page.getByRole("cell", { name: "grace@example.com", exact: true }).waitFor()
  await ada.look("account", true)

  await grace.page.goto(link)
  await grace.page.getByText("You are invited").waitFor()
  assert.notInclude(grace.page.url(), "#")
  await grace.look("join")
  await grace.page.getByRole("link", { name: "Open an account" }).click()
  await grace.signUp("grace@example.com")
  await grace.page.getByRole("button", { name: "Join the account" }).click()
  await grace.page.getByRole("cell", { name: "grace@example.com (you)", exact: true }).waitFor()
  await grace.look("account-of-member", true)

  await ada.page.reload()
  await ada.page.getByRole("cell", { name: "grace@example.com", exact: true }).waitFor()
  await ada.page.getByRole("button", { name: "Delete the account" }).click()
  await ada.page.getByLabel(`Type ${email} to confirm`).fill(email)
  await ada.look("delete")
  await ada.page.getByRole("button", { name: "Delete for ever" }).click()
  await ada.page.getByRole("link", { name: "Sign in" }).waitFor()
  assert.strictEqual(await statusWith(world, key), 401)
  PaymentWay.assertEnded(world)

  assert.deepStrictEqual([...ada.complaints(), ...grace.complaints()], [])
  await Promise.all([ada.close(), grace.close()])
}
