/** What came back: status, cost and time in a line, then the body, pretty or as it was sent. */
import { useState } from "react"
import type { Whole } from "../api/Client.ts"
import { Badge } from "../design/Badge.tsx"
import { Choice } from "../design/Button.tsx"
import { Code } from "../design/Copy.tsx"
import { Panel } from "../design/Panel.tsx"
import * as Numbers from "../format/Numbers.ts"
import * as Json from "./Json.ts"

/** More makes a browser stand still, and nobody reads it. */
const charsMax = 400_000

export const AnswerView = ({ answer }: { readonly answer: Whole }) => {
  const [form, setForm] = useState<"pretty" | "raw">("pretty")
  const text = form === "pretty" ? Json.pretty(answer.text) : answer.text
  const isGood = answer.status < 400
  return (
    <Panel
      title="Answer"
      aside={
        <Choice
          label="Form"
          value={form}
          options={[
            ["pretty", "Pretty"],
            ["raw", "Raw"]
          ]}
          onChange={setForm}
        />
      }
    >
      <p className="mb-3 flex flex-wrap items-center gap-x-4 gap-y-1 text-xs text-soft" role="status">
        <Badge tone={isGood ? "good" : "bad"}>{answer.status}</Badge>
        <span>{Numbers.duration(answer.millis / 1_000)}</span>
        <span>{Numbers.bytes(new Blob([answer.text]).size)} unpacked</span>
        {answer.creditsUsed === undefined ? null : (
          <span>
            {Numbers.count(answer.creditsUsed)} {answer.creditsUsed === 1 ? "credit" : "credits"} used
          </span>
        )}
        {answer.creditsRemaining === undefined ? null : <span>{answer.creditsRemaining} left</span>}
        <span className="font-mono">{answer.requestId}</span>
      </p>
      <Code
        label="The body of the answer"
        text={
          text.length > charsMax
            ? `${text.slice(0, charsMax)}\n… and ${Numbers.count(text.length - charsMax)} more characters`
            : text
        }
        className="[&_[data-scrolls]]:max-h-[36rem]"
      />
    </Panel>
  )
}
