/** The hard cap of a month: set, changed, taken away. */
import { useMutation, useQueryClient } from "@tanstack/react-query"
import { useState } from "react"
import * as Client from "../api/Client.ts"
import * as Queries from "../api/Queries.ts"
import { Button } from "../design/Button.tsx"
import { TextField } from "../design/Field.tsx"
import { Panel } from "../design/Panel.tsx"
import { Refused } from "../design/States.tsx"
import * as Numbers from "../format/Numbers.ts"

export const CapForm = ({ capCredits }: { readonly capCredits: number | null }) => {
  const client = useQueryClient()
  const [text, setText] = useState(capCredits === null ? "" : String(capCredits))
  const wanted = text.trim() === "" ? null : /^\d{1,9}$/.test(text.trim()) ? Number(text) : undefined
  const change = useMutation({
    mutationFn: (credits: number | null) =>
      Client.ask({ method: "PATCH", path: "/v1/account", body: { month_credits_cap: credits } }),
    onSuccess: () => void client.invalidateQueries({ queryKey: Queries.billing.queryKey })
  })
  return (
    <Panel title="Cap of a month">
      <form
        className="grid max-w-lg gap-3"
        onSubmit={(event) => {
          event.preventDefault()
          if (wanted !== undefined) change.mutate(wanted)
        }}
      >
        <TextField
          name="Credits a month, at most"
          inputMode="numeric"
          placeholder="no cap"
          value={text}
          aria-invalid={wanted === undefined}
          hint={
            wanted === undefined
              ? "A whole number, or nothing for no cap."
              : "What would go beyond it is refused, for all keys together. Months are UTC."
          }
          onChange={(event) => setText(event.target.value)}
        />
        <div className="flex flex-wrap items-center gap-3">
          <Button type="submit" disabled={wanted === undefined || wanted === capCredits || change.isPending}>
            Set the cap
          </Button>
          <span className="text-sm text-soft" role="status">
            {capCredits === null ? "There is no cap now." : `${Numbers.count(capCredits)} credits now.`}
          </span>
        </div>
        {change.error === null ? null : <Refused problem={change.error} />}
      </form>
    </Panel>
  )
}
