/** Examples of answers about paying. */
import { answer } from "./AnswerExample.ts"

const invoice = {
  number: "KB-0007",
  status: "paid",
  created_at: "2026-11-01T00:00:00.000000Z",
  period_start: "2026-10-01T00:00:00.000000Z",
  period_end: "2026-11-01T00:00:00.000000Z",
  total_dollars: "12.3400",
  due_dollars: "0.0000",
  url: "https://invoice.stripe.com/i/acct_.../live_...",
  pdf_url: "https://pay.stripe.com/invoice/acct_.../live_.../pdf"
}

export const billing = {
  plan: "payg",
  plan_title: "Pay as you go: pay for what you use, with a cap of your own",
  credits_remaining: 9_958,
  credits_bought: 0,
  month_start: "2026-11-01T00:00:00.000000Z",
  month_end: "2026-12-01T00:00:00.000000Z",
  month_credits_used: 42,
  month_credits_cap: 10_000,
  month_credits_forecast: 60,
  month_dollars: "0.3360",
  month_dollars_forecast: "0.4800",
  subscription: {
    status: "active",
    period_start: "2026-11-01T00:00:00.000000Z",
    period_end: "2026-12-01T00:00:00.000000Z",
    ends_at: null
  },
  payment: { state: "good", grace_until: null, notice: null },
  can_buy: ["project_4000", "project_20000", "project_100000"],
  has_portal: true,
  ...answer
}

export const checkout = { url: "https://checkout.stripe.com/c/pay/cs_live_...", ...answer }
export const portal = { url: "https://billing.stripe.com/p/session/live_...", ...answer }

export const invoices = {
  invoices: [invoice],
  upcoming: {
    ...invoice,
    number: null,
    status: "draft",
    created_at: "2026-11-21T14:03:00.000000Z",
    period_start: "2026-11-01T00:00:00.000000Z",
    period_end: "2026-12-01T00:00:00.000000Z",
    total_dollars: "0.3300",
    due_dollars: "0.3300",
    url: null,
    pdf_url: null
  },
  ...answer
}
