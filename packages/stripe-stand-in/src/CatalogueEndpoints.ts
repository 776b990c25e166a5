/** Endpoints about what there is to buy and what was used: products, prices, meters. */
import { type Endpoints, found, isWanted, list, missing, one, page, refuse } from "./Answers.ts"
import { text, texts, whole } from "./FormText.ts"
import type { Meter, Price, Product } from "./StandInState.ts"
import * as Usage from "./Usage.ts"

export const products: Endpoints = {
  "GET /v1/products": list(({ state }) => state.products, "/v1/products"),
  "POST /v1/products": (standIn, parameters) => {
    const id = text(parameters, "id") ?? standIn.id("prod")
    if (standIn.state.products[id] !== undefined) {
      return refuse({ code: "resource_already_exists", message: "Product already exists." })
    }
    const product: Product = {
      id,
      object: "product",
      active: true,
      created: standIn.now(),
      description: text(parameters, "description") ?? null,
      livemode: false,
      metadata: texts(parameters, "metadata"),
      name: text(parameters, "name") ?? ""
    }
    standIn.state.products[id] = product
    standIn.happened("product.created", product)
    return found(product)
  },
  "GET /v1/products/:id": one(({ state }) => state.products, "product"),
  "POST /v1/products/:id": (standIn, parameters, id) => {
    const product = standIn.state.products[id]
    if (product === undefined) return missing("product", id)
    const changed = {
      ...product,
      name: text(parameters, "name") ?? product.name,
      description: text(parameters, "description") ?? product.description
    }
    standIn.state.products[id] = changed
    standIn.happened("product.updated", changed)
    return found(changed)
  }
}

export const prices: Endpoints = {
  "GET /v1/prices": list(
    ({ state }) => state.prices,
    "/v1/prices",
    (price, parameters) => {
      const keys = Object.values(texts(parameters, "lookup_keys"))
      return (
        (keys.length === 0 || (price.lookup_key !== null && keys.includes(price.lookup_key))) &&
        isWanted(parameters, "active", String(price.active))
      )
    }
  ),
  "POST /v1/prices": (standIn, parameters) => {
    const { state } = standIn
    const lookupKey = text(parameters, "lookup_key") ?? null
    const holder = Object.values(state.prices).find((price) => price.lookup_key === lookupKey && lookupKey !== null)
    if (holder !== undefined) {
      if (text(parameters, "transfer_lookup_key") !== "true") {
        return refuse({
          param: "lookup_key",
          message: `A price (\`${holder.id}\`) already uses that lookup key.`
        })
      }
      state.prices[holder.id] = { ...holder, lookup_key: null }
    }
    const meter = text(parameters, "recurring", "meter")
    if (meter !== undefined && state.meters[meter] === undefined) return missing("meter", meter)
    const decimal = text(parameters, "unit_amount_decimal") ?? text(parameters, "unit_amount") ?? "0"
    const price: Price = {
      id: standIn.id("price"),
      object: "price",
      active: true,
      billing_scheme: "per_unit",
      created: standIn.now(),
      currency: text(parameters, "currency") ?? "usd",
      livemode: false,
      lookup_key: lookupKey,
      metadata: texts(parameters, "metadata"),
      product: text(parameters, "product") ?? "",
      recurring: meter === undefined ? null : { interval: "month", interval_count: 1, meter, usage_type: "metered" },
      type: meter === undefined ? "one_time" : "recurring",
      unit_amount: /^\d+$/.test(decimal) ? Number(decimal) : null,
      unit_amount_decimal: decimal
    }
    state.prices[price.id] = price
    standIn.happened("price.created", price)
    return found(price)
  },
  "POST /v1/prices/:id": (standIn, parameters, id) => {
    const price = standIn.state.prices[id]
    if (price === undefined) return missing("price", id)
    const changed = { ...price, active: text(parameters, "active") !== "false" }
    standIn.state.prices[id] = changed
    return found(changed)
  }
}

export const meters: Endpoints = {
  "GET /v1/billing/meters": list(({ state }) => state.meters, "/v1/billing/meters"),
  "POST /v1/billing/meters": (standIn, parameters) => {
    const eventName = text(parameters, "event_name") ?? ""
    const { state } = standIn
    if (Object.values(state.meters).some((meter) => meter.event_name === eventName && meter.status === "active")) {
      return refuse({ param: "event_name", message: `There is already an active meter with event name ${eventName}.` })
    }
    const meter: Meter = {
      id: standIn.id("mtr"),
      object: "billing.meter",
      created: standIn.now(),
      customer_mapping: { event_payload_key: "stripe_customer_id", type: "by_id" },
      default_aggregation: { formula: "sum" },
      display_name: text(parameters, "display_name") ?? "",
      event_name: eventName,
      livemode: false,
      status: "active",
      value_settings: { event_payload_key: "value" }
    }
    state.meters[meter.id] = meter
    return found(meter)
  },
  "POST /v1/billing/meter_events": (standIn, parameters) => {
    const { state } = standIn
    const now = standIn.now()
    const payload = texts(parameters, "payload")
    const eventName = text(parameters, "event_name") ?? ""
    const identifier = text(parameters, "identifier") ?? standIn.id("evt_meter")
    const timestamp = whole(parameters, "timestamp") ?? now
    if (!Object.values(state.meters).some((meter) => meter.event_name === eventName && meter.status === "active")) {
      return refuse({ message: `No active meter found for event name ${eventName}.` })
    }
    if (state.customers[payload["stripe_customer_id"] ?? ""] === undefined) {
      return refuse({ message: "The customer of the event was not found.", param: "payload" })
    }
    if (!/^\d+$/.test(payload["value"] ?? ""))
      return refuse({ message: "`value` must be a whole number.", param: "payload" })
    if (timestamp < now - Usage.pastSecondsMax || timestamp > now + Usage.futureSecondsMax) {
      return refuse({
        code: timestamp < now ? "timestamp_too_far_in_past" : "timestamp_in_future",
        param: "timestamp",
        message: "The timestamp must be within the past 35 calendar days or up to 5 minutes in the future."
      })
    }
    const isKnown = state.meterEvents.some(
      (event) => event.identifier === identifier && event.created > now - Usage.identifierSeconds
    )
    if (isKnown) {
      return refuse({ param: "identifier", message: `An event already exists with identifier ${identifier}.` })
    }
    const event = {
      object: "billing.meter_event",
      created: now,
      event_name: eventName,
      identifier,
      livemode: false,
      payload,
      timestamp
    } as const
    state.meterEvents.push(event)
    return found(event)
  },
  "GET /v1/billing/meters/:id/event_summaries": (standIn, parameters, meter) => {
    if (standIn.state.meters[meter] === undefined) return missing("meter", meter)
    const customer = text(parameters, "customer") ?? ""
    const [from, until] = [whole(parameters, "start_time") ?? 0, whole(parameters, "end_time") ?? 0]
    const window = text(parameters, "value_grouping_window")
    const step = window === "hour" ? 3_600 : window === "day" ? 86_400 : Math.max(1, until - from)
    if (from % 60 !== 0 || until % 60 !== 0 || (window !== undefined && (from % step !== 0 || until % step !== 0))) {
      return refuse({ message: "Times must be aligned with minutes, and with the grouping window." })
    }
    const summaries = []
    for (let start = from; start < until; start += step) {
      const aggregated = Usage.used(standIn.state, { meter, customer, start, end: start + step })
      summaries.push({
        id: `mtrusg_${meter}_${customer}_${start}`,
        object: "billing.meter_event_summary",
        aggregated_value: aggregated,
        end_time: start + step,
        livemode: false,
        meter,
        start_time: start
      })
    }
    return page(parameters, `/v1/billing/meters/${meter}/event_summaries`, summaries)
  }
}
