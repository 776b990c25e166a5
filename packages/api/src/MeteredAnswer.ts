/**
 * The headers of an answer that say what was used and what is left: credits, and the limits as in
 * draft-ietf-httpapi-ratelimit-headers-10 (a policy's quota `q` and window `w`; what remains `r`, and the seconds `t` until all is back).
 */
import type { Tier } from "@kalshibook/core/contract/Pricing"
import type { Admission } from "@kalshibook/store/Ledger"

export const limitHeaders = ({ limits }: Tier, { tokensLeft }: Admission): Record<string, string> => {
  const { burst, requestsPerSecond } = limits
  const seconds = (tokens: number): number => Math.ceil(tokens / requestsPerSecond)
  return {
    "ratelimit-policy": `"account";q=${burst};w=${Math.max(1, seconds(burst))}`,
    ratelimit: `"account";r=${Math.floor(tokensLeft)};t=${seconds(burst - tokensLeft)}`
  }
}

/** What was held for the call and not used is there again. */
export const creditHeaders = ({ creditsHeld, creditsLeft }: Admission, credits: number): Record<string, string> => ({
  "x-credits-used": String(credits),
  "x-credits-remaining": creditsLeft === null ? "unlimited" : String(creditsLeft + creditsHeld - credits)
})
