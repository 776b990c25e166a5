/** What may go wrong with paying. */
import { Problem } from "effect/http-api/HttpApiError"
import * as Schema from "effect/Schema"
import * as ProblemKind from "./ProblemKind.ts"

export const kinds = {
  already_subscribed: {
    status: 409,
    title: "The account pays as it goes already",
    meaning: "There is a subscription. It is changed and cancelled in the customer portal: POST /v1/billing/portal."
  },
  invoice_unpaid: {
    status: 409,
    title: "An invoice is not paid",
    meaning:
      "An invoice of the account could not be charged. Pay it first, at `invoice_url` or in the customer portal; then the plan comes back, or another can be begun."
  },
  billed_by_contract: {
    status: 409,
    title: "The account is billed by contract",
    meaning: "Plans of this account are agreed with us and not bought at a checkout. Write to us."
  },
  no_customer: {
    status: 404,
    title: "Nothing was ever bought",
    meaning: "The account has no customer portal before its first checkout: POST /v1/billing/checkout."
  },
  billing_off: {
    status: 404,
    title: "Nothing can be bought here",
    meaning: "This server takes no payments, or they are not set up. What the account has stays as it is."
  },
  payments_away: {
    status: 503,
    title: "The payment service is away",
    meaning:
      "The payment service cannot be reached. Nothing was bought or changed, and calls are answered as ever; try again after the seconds in Retry-After."
  },
  webhook_refused: {
    status: 400,
    title: "The webhook is not signed, or not now",
    meaning:
      "The signature does not belong to these bytes and any of our secrets, or is older than five minutes. Only the payment service calls this."
  }
} as const satisfies ProblemKind.Kinds

const { annotations, declaration, fields } = ProblemKind.of(kinds)

export class AlreadySubscribed extends Problem<AlreadySubscribed>()(
  "AlreadySubscribed",
  declaration("already_subscribed"),
  fields("already_subscribed"),
  annotations("already_subscribed")
) {}

export class InvoiceUnpaid extends Problem<InvoiceUnpaid>()(
  "InvoiceUnpaid",
  declaration("invoice_unpaid"),
  {
    ...fields("invoice_unpaid"),
    invoice_url: Schema.NullOr(Schema.String).annotate({ description: "Where it can be paid." })
  },
  annotations("invoice_unpaid")
) {}

export class BilledByContract extends Problem<BilledByContract>()(
  "BilledByContract",
  declaration("billed_by_contract"),
  fields("billed_by_contract"),
  annotations("billed_by_contract")
) {}

export class NoCustomer extends Problem<NoCustomer>()(
  "NoCustomer",
  declaration("no_customer"),
  fields("no_customer"),
  annotations("no_customer")
) {}

export class BillingOff extends Problem<BillingOff>()(
  "BillingOff",
  declaration("billing_off"),
  fields("billing_off"),
  annotations("billing_off")
) {}

export class PaymentsAway extends Problem<PaymentsAway>()(
  "PaymentsAway",
  declaration("payments_away"),
  fields("payments_away"),
  annotations("payments_away")
) {}

export class WebhookRefused extends Problem<WebhookRefused>()(
  "WebhookRefused",
  declaration("webhook_refused"),
  fields("webhook_refused"),
  annotations("webhook_refused")
) {}

export const classes = {
  already_subscribed: AlreadySubscribed,
  invoice_unpaid: InvoiceUnpaid,
  billed_by_contract: BilledByContract,
  no_customer: NoCustomer,
  billing_off: BillingOff,
  payments_away: PaymentsAway,
  webhook_refused: WebhookRefused
} as const satisfies Record<keyof typeof kinds, unknown>
