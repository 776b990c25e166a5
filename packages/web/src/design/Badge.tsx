/** A word with a colour: the word says it, the colour only helps. */
import type { ReactNode } from "react"

export type Tone = "good" | "warn" | "bad" | "plain" | "accent"

const tones: Readonly<Record<Tone, string>> = {
  good: "bg-good-fill text-good",
  warn: "bg-warn-fill text-warn",
  bad: "bg-bad-fill text-bad",
  plain: "bg-hover text-soft",
  accent: "bg-accent text-on-accent"
}

export const Badge = (props: { readonly tone?: Tone; readonly children: ReactNode; readonly dot?: boolean }) => (
  <span
    className={`inline-flex items-center gap-1.5 rounded px-1.5 text-xs leading-5 font-medium whitespace-nowrap ${tones[props.tone ?? "plain"]}`}
  >
    {props.dot === true ? <span aria-hidden className="size-1.5 rounded-full bg-current" /> : null}
    {props.children}
  </span>
)

/** The colour of a market's status, as the exchange names it. */
export const statusTone = (status: unknown): Tone =>
  status === "active" ? "good" : status === "inactive" ? "warn" : "plain"

/** A remark that stands apart from the text. */
export const Callout = (props: { readonly tone?: Tone; readonly children: ReactNode; readonly title?: ReactNode }) => (
  <div className={`rounded-lg px-4 py-3 text-sm ${tones[props.tone ?? "plain"]}`}>
    {props.title === undefined ? null : <p className="font-semibold">{props.title}</p>}
    <div className="text-pretty">{props.children}</div>
  </div>
)
