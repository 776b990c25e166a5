/** Whether the shown book may be believed, in a word, with the reason where not. */
import { Badge } from "../design/Badge.tsx"
import * as Causes from "./Causes.ts"
import type { ShownTrust } from "./ShownBook.ts"

export const TrustBadge = ({ trust }: { readonly trust: ShownTrust }) => {
  if (trust.state === "trusted") {
    return (
      <Badge tone="good" dot>
        trusted
      </Badge>
    )
  }
  if (trust.state === "unknown") return <Badge tone="warn">unknown: no snapshot yet</Badge>
  return <Badge tone="warn">stale: {Causes.short(trust.cause)}</Badge>
}
