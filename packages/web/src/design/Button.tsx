/** What can be pressed: one look for what a page is about, one for the rest, one for what stands among text. */
import type { ButtonHTMLAttributes, ReactNode } from "react"

export type ButtonLook = "primary" | "plain" | "quiet" | "danger"

const base =
  "inline-flex items-center justify-center gap-1.5 rounded-md text-sm font-medium whitespace-nowrap transition-colors disabled:opacity-50 min-h-8 px-3"

const looks: Readonly<Record<ButtonLook, string>> = {
  primary: "bg-accent text-on-accent hover:opacity-90",
  plain: "border border-line bg-panel text-ink hover:bg-hover",
  quiet: "text-soft hover:bg-hover hover:text-ink",
  danger: "border border-line bg-panel text-bad hover:bg-bad-fill"
}

/** The same look for links that lead on. */
export const buttonClass = (look: ButtonLook = "plain", more = ""): string => `${base} ${looks[look]} ${more}`

interface Props extends ButtonHTMLAttributes<HTMLButtonElement> {
  readonly look?: ButtonLook
}

export const Button = ({ className = "", look = "plain", type = "button", ...rest }: Props) => (
  <button type={type} className={buttonClass(look, className)} {...rest} />
)

/** A choice of few, side by side; `label` names it for who does not see it. */
export function Choice<Value extends string>(props: {
  readonly label: string
  readonly value: Value
  readonly options: ReadonlyArray<readonly [Value, ReactNode]>
  readonly onChange: (value: Value) => void
}) {
  return (
    <fieldset className="inline-flex rounded-md border border-line bg-sunk p-0.5">
      <legend className="sr-only">{props.label}</legend>
      {props.options.map(([value, text]) => (
        <button
          key={value}
          type="button"
          aria-pressed={value === props.value}
          onClick={() => props.onChange(value)}
          className="min-h-7 rounded px-2.5 text-xs font-medium whitespace-nowrap text-soft hover:text-ink aria-pressed:bg-panel aria-pressed:text-ink aria-pressed:shadow-[0_0_0_1px_var(--line)]"
        >
          {text}
        </button>
      ))}
    </fieldset>
  )
}
