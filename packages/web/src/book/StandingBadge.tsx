/** How the present is followed, in a word or two: whether every change comes as it happens, and what is wrong where it does not. */
import { Link } from "@tanstack/react-router"
import { Badge } from "../design/Badge.tsx"
import type { Standing } from "../market/BookStream.ts"

const badges = {
  connecting: ["plain", "connecting"],
  following: ["good", "every change as it comes"],
  unheard: ["warn", "recorder not heard: what is shown gets old"],
  lost: ["warn", "connection lost, going on where it was"],
  ended: ["bad", "following has ended"]
} as const

/** `standing` is `undefined` where the book is asked for once a second. */
export const StandingBadge = ({ standing }: { readonly standing: Standing | undefined }) => {
  if (standing === undefined) {
    return (
      <span className="text-xs text-faint">
        Asked once a second.{" "}
        <Link to="/keys" className="link">
          With a key
        </Link>{" "}
        every change comes as it happens.
      </span>
    )
  }
  const [tone, text] = badges[standing.state]
  return (
    <span role="status" data-standing={standing.state}>
      <Badge tone={tone} dot>
        {text}
      </Badge>
    </span>
  )
}
