/** What the stand-in promises, asked with the real client, over a port and without one. */
import { mkdtempSync } from "node:fs"
import { createServer, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Checkout from "@kalshibook/stripe-stand-in/Checkout"
import { make } from "@kalshibook/stripe-stand-in/StandIn"
import * as StandInFetch from "@kalshibook/stripe-stand-in/StandInFetch"
import { type RunningStandIn, start } from "@kalshibook/stripe-stand-in/StandInServer"
import * as Time from "@kalshibook/stripe-stand-in/Time"
import Stripe from "stripe"
import { afterAll, assert, beforeAll, it } from "vitest"

const secret = "whsec_test"
/** 2026-11-10T12:00:00Z. */
const beginSeconds = Date.UTC(2026, 10, 10, 12) / 1_000
const nextMonthSeconds = Date.UTC(2026, 11, 1) / 1_000

/** A stand-in of this process with what is sold, and a customer. */
const shop = async () => {
  const standIn = make({ clock: () => beginSeconds, origin: "http://127.0.0.1:1" })
  const client = new Stripe("sk_test", {
    httpClient: Stripe.createFetchHttpClient(StandInFetch.make(standIn)),
    telemetry: false,
    maxNetworkRetries: 0
  })
  const meter = await client.billing.meters.create({
    display_name: "Credits",
    event_name: "credits",
    default_aggregation: { formula: "sum" }
  })
  const product = await client.products.create({ id: "payg", name: "Pay as you go" })
  const price = await client.prices.create({
    product: product.id,
    currency: "usd",
    lookup_key: "payg",
    unit_amount_decimal: Stripe.Decimal.from("0.8"),
    recurring: { interval: "month", usage_type: "metered", meter: meter.id }
  })
  const customer = await client.customers.create({ metadata: { account: "a" } })
  const subscribe = async (card: "good" | "later" = "good") => {
    const session = await client.checkout.sessions.create({
      mode: "subscription",
      customer: customer.id,
      line_items: [{ price: price.id }],
      subscription_data: { billing_cycle_anchor: nextMonthSeconds },
      success_url: "http://x/ok"
    })
    const open = standIn.state.sessions[session.id]
    assert.isDefined(open)
    if (open !== undefined) Checkout.complete(standIn, open, card)
    const [subscription] = (await client.subscriptions.list({ customer: customer.id })).data
    if (subscription === undefined) throw new Error("no subscription")
    return subscription
  }
  const use = (identifier: string, value: number, timestamp = standIn.now()) =>
    client.billing.meterEvents.create({
      event_name: "credits",
      identifier,
      timestamp,
      payload: { stripe_customer_id: customer.id, value: String(value) }
    })
  return { client, customer, meter, price, standIn, subscribe, use }
}

const messageOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => "",
    (error: Error) => error.message
  )

it("sells also after days were skipped, to who knows nothing of them", async () => {
  const { client, customer, price, standIn } = await shop()
  Time.advance(standIn, 31 * 86_400)
  const session = await client.checkout.sessions.create({
    mode: "subscription",
    customer: customer.id,
    line_items: [{ price: price.id }],
    expires_at: beginSeconds + 3_600,
    success_url: "http://x/ok"
  })
  Time.advance(standIn, 3_599)
  assert.strictEqual(standIn.state.sessions[session.id]?.status, "open")
  Time.advance(standIn, 1)
  assert.strictEqual(standIn.state.sessions[session.id]?.status, "expired")
})

it("counts a meter event once for a day, and not one that is too old", async () => {
  const { client, customer, meter, standIn, use } = await shop()
  await use("a:1", 5)
  assert.include(await messageOf(use("a:1", 5)), "already exists")
  assert.include(await messageOf(use("a:0", 5, beginSeconds - 36 * 86_400)), "35 calendar days")
  const hour = { customer: customer.id, start_time: beginSeconds, end_time: beginSeconds + 3_600 }
  const sumOf = async () => (await client.billing.meters.listEventSummaries(meter.id, hour)).data[0]?.aggregated_value
  assert.strictEqual(await sumOf(), 5)
  Time.advance(standIn, 86_401)
  await use("a:1", 5, beginSeconds)
  assert.strictEqual(await sumOf(), 10)
})

it("bills what was used in a period, with what is told in the hour after it", async () => {
  const { client, customer, standIn, subscribe, use } = await shop()
  const subscription = await subscribe()
  assert.deepInclude(subscription.items.data[0], { current_period_end: nextMonthSeconds })
  await use("a:1", 1_001)
  const preview = await client.invoices.createPreview({ subscription: subscription.id })
  assert.strictEqual(preview.amount_due, 801)
  Time.advance(standIn, nextMonthSeconds - standIn.now() + 600)
  await use("a:2", 1_000, nextMonthSeconds - 1_800)
  Time.advance(standIn, 3_600)
  const [last, first] = (await client.invoices.list({ customer: customer.id })).data
  assert.deepInclude(last, { status: "paid", total: 1_601, billing_reason: "subscription_cycle" })
  assert.deepInclude(first, { status: "paid", total: 0, billing_reason: "subscription_create" })
  const renewed = await client.subscriptions.retrieve(subscription.id)
  assert.strictEqual(renewed.items.data[0]?.current_period_end, Date.UTC(2027, 0, 1) / 1_000)
})

it("owes what a card refuses, tries again for two weeks, and then ends the subscription", async () => {
  const { client, standIn, subscribe, use } = await shop()
  const { id } = await subscribe("later")
  await use("a:1", 1_000)
  Time.advance(standIn, nextMonthSeconds - standIn.now() + 3_600)
  assert.strictEqual((await client.subscriptions.retrieve(id)).status, "past_due")
  Time.advance(standIn, 13 * 86_400)
  assert.strictEqual((await client.subscriptions.retrieve(id)).status, "past_due")
  Time.advance(standIn, 86_400)
  assert.strictEqual((await client.subscriptions.retrieve(id)).status, "canceled")
  const failures = standIn.state.events.filter(({ type }) => type === "invoice.payment_failed")
  assert.strictEqual(failures.length, 4)
})

it("ends a subscription that was cancelled when its period does, with a last invoice", async () => {
  const { client, customer, standIn, subscribe, use } = await shop()
  const { id } = await subscribe()
  await use("a:1", 1_000)
  await client.subscriptions.update(id, { cancel_at_period_end: true })
  assert.strictEqual((await client.subscriptions.retrieve(id)).status, "active")
  Time.advance(standIn, nextMonthSeconds - standIn.now() + 3_600)
  assert.strictEqual((await client.subscriptions.retrieve(id)).status, "canceled")
  assert.deepInclude((await client.invoices.list({ customer: customer.id })).data[0], { status: "paid", total: 800 })
})

it("answers a repeated request as before, and refuses another under the same name", async () => {
  const { client } = await shop()
  const one = await client.customers.create({ name: "x" }, { idempotencyKey: "k" })
  assert.strictEqual((await client.customers.create({ name: "x" }, { idempotencyKey: "k" })).id, one.id)
  assert.include(await messageOf(client.customers.create({ name: "y" }, { idempotencyKey: "k" })), "idempotent")
})

let webhooks: Server
let running: RunningStandIn
const taken: Array<{ readonly body: string; readonly signature: string }> = []
let refusals = 1
const file = join(mkdtempSync(join(tmpdir(), "kalshibook-test-")), "stripe.json")

const listening = (server: Server) =>
  new Promise<string>((resolve) =>
    server.listen(0, "127.0.0.1", () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`))
  )

beforeAll(async () => {
  webhooks = createServer((request, response) => {
    let body = ""
    request.on("data", (chunk) => (body += chunk))
    request.on("end", () => {
      if (refusals-- > 0) return void response.writeHead(500).end()
      taken.push({ body, signature: String(request.headers["stripe-signature"]) })
      response.end()
    })
  })
  running = await start({ port: 0, file, webhook: { url: await listening(webhooks), secret } })
})

afterAll(async () => {
  webhooks.close()
  await running.close()
})

it("is reached over a port, shows pages, and posts signed events until they are taken; it goes on from its file", async () => {
  const client = new Stripe("sk_test", { host: "127.0.0.1", port: running.port, protocol: "http", telemetry: false })
  const product = await client.products.create({ id: "project", name: "4,000 credits <b>" })
  const price = await client.prices.create({ product: product.id, currency: "usd", unit_amount: 3_000 })
  const customer = await client.customers.create({ name: "Ada" })
  const session = await client.checkout.sessions.create({
    mode: "payment",
    customer: customer.id,
    line_items: [{ price: price.id, quantity: 1 }],
    success_url: "http://127.0.0.1:1/billing?done={CHECKOUT_SESSION_ID}",
    cancel_url: "http://127.0.0.1:1/billing"
  })
  const page = async (card?: string) => {
    const body = card === undefined ? null : new URLSearchParams({ card })
    const response = await fetch(session.url ?? "", {
      redirect: "manual",
      ...(body === null ? {} : { method: "POST", body })
    })
    return { status: response.status, to: response.headers.get("location"), text: await response.text() }
  }
  const shown = await page()
  assert.include(shown.text, "$30.00")
  assert.notInclude(shown.text, "<b>")
  assert.include((await page("refused")).text, "declined")
  assert.deepInclude(await page("good"), { status: 303, to: `http://127.0.0.1:1/billing?done=${session.id}` })
  assert.strictEqual((await client.checkout.sessions.retrieve(session.id)).payment_status, "paid")
  const isTaken = () => taken.some(({ body }) => body.includes("checkout.session.completed"))
  const waiting = setTimeout(() => assert.fail("no webhook came"), 5_000)
  while (!isTaken()) await new Promise((resolve) => setTimeout(resolve, 10))
  clearTimeout(waiting)
  for (const { body, signature } of taken) {
    assert.strictEqual(client.webhooks.constructEvent(body, signature, secret).object, "event")
    assert.throws(() => client.webhooks.constructEvent(body, signature, "whsec_other"))
  }
  const portal = await client.billingPortal.sessions.create({
    customer: customer.id,
    return_url: "http://127.0.0.1:1/"
  })
  assert.include(await (await fetch(portal.url)).text(), "Billing portal")
  const { state } = running.standIn
  const again = await start({ port: 0, file, webhook: { url: "http://127.0.0.1:1", secret } })
  assert.deepStrictEqual(again.standIn.state.customers, state.customers)
  await again.close()
})
