/** What meters have counted for a customer, and what it costs. */
import type { MeterEvent, Price, State } from "./StandInState.ts"

/** How long an identifier is remembered: a rolling day. */
export const identifierSeconds = 86_400
/** How old an event's time may be, and how far ahead. */
export const pastSecondsMax = 35 * 86_400
export const futureSecondsMax = 300

const customerOf = ({ payload }: MeterEvent): string | undefined => payload["stripe_customer_id"]

/** The sum of a customer's events with times in [start, end). */
export const used = (
  { meterEvents, meters }: State,
  {
    customer,
    end,
    meter,
    start
  }: { readonly meter: string; readonly customer: string; readonly start: number; readonly end: number }
): number =>
  meterEvents
    .filter(
      (event) =>
        event.event_name === meters[meter]?.event_name &&
        customerOf(event) === customer &&
        event.timestamp >= start &&
        event.timestamp < end
    )
    .reduce((sum, { payload }) => sum + Number(payload["value"]), 0)

/** Cents, rounded as Stripe rounds: once, half up, the whole quantity. Decimals are whole numbers of 1e-12 cents here. */
export const centsOf = ({ unit_amount_decimal }: Price, quantity: number): number => {
  const [wholeCents = "0", fraction = ""] = unit_amount_decimal.split(".")
  const scale = 1_000_000_000_000n
  const unit = BigInt(wholeCents) * scale + BigInt(fraction.padEnd(12, "0").slice(0, 12))
  return Number((unit * BigInt(quantity) * 2n + scale) / (2n * scale))
}
