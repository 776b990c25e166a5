/** Text that is there to be taken elsewhere. */
import { useEffect, useState } from "react"
import { Button } from "./Button.tsx"

/** How long the button says that it worked. */
const saidMillis = 1_600

export const CopyButton = (props: { readonly text: string; readonly label?: string; readonly name?: string }) => {
  const [state, setState] = useState<"ready" | "copied" | "refused">("ready")
  useEffect(() => {
    if (state === "ready") return
    const timer = setTimeout(() => setState("ready"), saidMillis)
    return () => clearTimeout(timer)
  }, [state])
  const copy = () => {
    navigator.clipboard.writeText(props.text).then(
      () => setState("copied"),
      () => setState("refused")
    )
  }
  const label = props.label ?? "Copy"
  return (
    <Button look="quiet" className="-my-1 px-2 text-xs" onClick={copy} aria-label={props.name ?? label}>
      <span aria-live="polite">{state === "ready" ? label : state === "copied" ? "Copied" : "Select it by hand"}</span>
    </Button>
  )
}

/** Lines of code, with a button that copies them. */
export const Code = (props: { readonly text: string; readonly label: string; readonly className?: string }) => (
  <div className={`relative min-w-0 rounded-md border border-line bg-sunk ${props.className ?? ""}`}>
    {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable without a mouse */}
    <section aria-label={props.label} tabIndex={0} className="overflow-auto" data-scrolls>
      <pre className="p-3 pr-20 font-mono text-xs leading-5">{props.text}</pre>
    </section>
    <div className="absolute top-2 right-0 rounded-r-md bg-sunk pr-1.5">
      <CopyButton text={props.text} name={`Copy: ${props.label}`} />
    </div>
  </div>
)
