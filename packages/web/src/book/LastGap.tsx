/** The gap that following met last: short ones are over before they can be read off the book. */
import * as Numbers from "../format/Numbers.ts"
import { useTimes } from "../format/Zone.ts"
import * as Causes from "./Causes.ts"
import type { Gap } from "./Gap.ts"

export const LastGap = ({ gap }: { readonly gap: Gap | undefined }) => {
  const times = useTimes()
  if (gap === undefined) return null
  const { cause, fromMicros, toMicros } = gap
  return (
    <p role="status" data-gap={toMicros === undefined ? "open" : "ended"} className="text-warn">
      {toMicros === undefined
        ? `Not known since ${times.exact(fromMicros)}: ${Causes.short(cause)}`
        : `Was not known for ${Numbers.duration((toMicros - fromMicros) / 1_000_000)} from ${times.exact(fromMicros)}: ${Causes.short(cause)}`}
    </p>
  )
}
