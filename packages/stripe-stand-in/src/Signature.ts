/** How webhooks are signed: `Stripe-Signature: t=<seconds>,v1=<HMAC-SHA256 of "t.body">`. */
import { createHmac } from "node:crypto"

export const header = (payload: string, secret: string, atSeconds: number): string =>
  `t=${atSeconds},v1=${createHmac("sha256", secret).update(`${atSeconds}.${payload}`).digest("hex")}`
