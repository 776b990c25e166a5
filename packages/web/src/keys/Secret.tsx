/** A key that was made just now, in whole: this once. */
import { useEffect, useRef } from "react"
import type { NewKey } from "../api/Answers.ts"
import { Button } from "../design/Button.tsx"
import { Code } from "../design/Copy.tsx"
import * as Instant from "../format/Instant.ts"
import { useTimes } from "../format/Zone.ts"

export const Secret = (props: { readonly made: NewKey; readonly onDone: () => void }) => {
  const times = useTimes()
  const place = useRef<HTMLElement>(null)
  const { key, replaces, secret } = props.made
  useEffect(() => place.current?.focus(), [])
  return (
    <section
      ref={place}
      tabIndex={-1}
      aria-label="The new key"
      className="min-w-0 rounded-lg border border-accent bg-panel p-4 outline-none"
    >
      <h2 className="font-semibold">{key.name}: copy it now</h2>
      <p className="mt-1 mb-3 text-sm text-soft text-pretty">
        It is shown this once: we keep a hash of it, and nobody can tell it again.
        {replaces?.expires_at == null
          ? ""
          : ` The key that it replaces works until ${times.moment(Instant.micros(replaces.expires_at))}.`}
      </p>
      <Code text={secret} label="The key" />
      <Button className="mt-3" onClick={props.onDone}>
        I have it
      </Button>
    </section>
  )
}
