/** The endpoints about paying: what the account pays for, where to buy, its invoices. */
import { HttpApiEndpoint, HttpApiGroup, OpenApi } from "effect/http-api"
import { Billing, CheckoutBody, Invoices, PaymentPage, PortalBody } from "./BillingAnswer.ts"
import { problemsOfAll } from "./Problems.ts"
import {
  AlreadySubscribed,
  BilledByContract,
  BillingOff,
  InvoiceUnpaid,
  NoCustomer,
  PaymentsAway
} from "./ProblemsOfBilling.ts"

export const BillingGroup = HttpApiGroup.make("billing")
  .add(
    HttpApiEndpoint.get("get", "/v1/billing", { success: Billing, error: [...problemsOfAll] }).annotateMerge(
      OpenApi.annotations({
        identifier: "getBilling",
        summary: "Plan, use and payment",
        description:
          "The plan, what is left, what this month costs so far and by forecast, and whether it is paid. Needs scope `admin`."
      })
    ),
    HttpApiEndpoint.post("checkout", "/v1/billing/checkout", {
      payload: CheckoutBody,
      success: PaymentPage,
      error: [...problemsOfAll, AlreadySubscribed, InvoiceUnpaid, BilledByContract, BillingOff, PaymentsAway]
    }).annotateMerge(
      OpenApi.annotations({
        identifier: "createCheckout",
        summary: "Buy a plan or credits",
        description:
          "A page of the payment service where it is paid by card. The account gets it when the payment service tells us, whether or not anybody comes back from the page. Needs scope `admin`."
      })
    ),
    HttpApiEndpoint.post("portal", "/v1/billing/portal", {
      payload: PortalBody,
      success: PaymentPage,
      error: [...problemsOfAll, NoCustomer, BillingOff, PaymentsAway]
    }).annotateMerge(
      OpenApi.annotations({
        identifier: "createPortal",
        summary: "The customer portal",
        description: "A page of the payment service for cards, invoices and cancelling. Needs scope `admin`."
      })
    ),
    HttpApiEndpoint.get("invoices", "/v1/billing/invoices", {
      success: Invoices,
      error: [...problemsOfAll, BillingOff, PaymentsAway]
    }).annotateMerge(
      OpenApi.annotations({
        identifier: "listInvoices",
        summary: "Invoices",
        description: "Those that there are, and what the running month would cost if it ended now. Needs scope `admin`."
      })
    )
  )
  .annotateMerge(OpenApi.annotations({ title: "Billing", description: "What the account pays for." }))
