/** Three questions that anybody can ask of this server, as lines to paste. */
import { useState } from "react"
import { Code } from "../design/Copy.tsx"
import { Loading } from "../design/States.tsx"
import { nowMicros } from "../format/Clock.ts"
import * as Instant from "../format/Instant.ts"

const agoMicros = 30_000_000

export const CurlLines = ({ ticker }: { readonly ticker: string | undefined }) => {
  const [at] = useState(() => Instant.isoShort(Math.floor((nowMicros() - agoMicros) / 1_000_000) * 1_000_000))
  if (ticker === undefined) return <Loading lines={3} />
  const { origin } = location
  const series = ticker.split("-", 1)[0]
  const lines = [
    ["The markets of a series", `curl "${origin}/v1/markets?series_ticker=${series}&limit=3"`],
    [
      "A market's book as it was half a minute before this page",
      `curl "${origin}/v1/markets/${ticker}/orderbook?at=${at}&depth=5"`
    ],
    ["Every change since then", `curl "${origin}/v1/markets/${ticker}/deltas?from=${at}&limit=20"`]
  ] as const
  return (
    <ol className="grid gap-4">
      {lines.map(([title, text]) => (
        <li key={title} className="min-w-0">
          <p className="mb-1.5 text-sm text-soft">{title}</p>
          <Code text={text} label={title} />
        </li>
      ))}
    </ol>
  )
}
