/** What a new key is called, what it may do, and how much it may use. */
import { useMutation, useQueryClient } from "@tanstack/react-query"
import { useState } from "react"
import type { NewKey } from "../api/Answers.ts"
import * as Client from "../api/Client.ts"
import * as Queries from "../api/Queries.ts"
import { Button } from "../design/Button.tsx"
import { CheckField, TextField } from "../design/Field.tsx"
import { Refused } from "../design/States.tsx"

const scopes = {
  read: "Read the history",
  stream: "Follow live and replay",
  download: "Download files",
  admin: "Manage keys and the account"
} as const
type Scope = keyof typeof scopes

/** `undefined` where nothing is typed, `null` where it is no whole number. */
const wholeOf = (text: string): number | undefined | null =>
  text.trim() === "" ? undefined : /^\d{1,9}$/.test(text.trim()) ? Number(text) : null

export const NewKeyForm = (props: { readonly onMade: (made: NewKey) => void; readonly onCancel: () => void }) => {
  const client = useQueryClient()
  const [name, setName] = useState("")
  const [chosen, setChosen] = useState<ReadonlyArray<Scope>>(["read", "stream", "download"])
  const [cap, setCap] = useState("")
  const [expires, setExpires] = useState("")
  const capCredits = wholeOf(cap)
  const made = useMutation({
    mutationFn: () =>
      Client.ask<NewKey>({
        method: "POST",
        path: "/v1/keys",
        body: {
          name: name.trim(),
          scopes: chosen,
          ...(typeof capCredits === "number" ? { month_credits_cap: capCredits } : {}),
          ...(expires === "" ? {} : { expires_at: expires })
        }
      }),
    onSuccess: (answer) => {
      void client.invalidateQueries({ queryKey: Queries.keys.queryKey })
      props.onMade(answer)
    }
  })
  const isComplete = name.trim() !== "" && chosen.length > 0 && capCredits !== null
  return (
    <form
      className="grid gap-4"
      onSubmit={(event) => {
        event.preventDefault()
        if (isComplete) made.mutate()
      }}
    >
      <div className="grid gap-4 sm:grid-cols-3">
        <TextField
          name="Name"
          placeholder="nightly backtest"
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
        <TextField
          name="Credits a month, at most"
          inputMode="numeric"
          placeholder="no cap of its own"
          value={cap}
          aria-invalid={capCredits === null}
          hint={capCredits === null ? "A whole number, or nothing." : undefined}
          onChange={(event) => setCap(event.target.value)}
        />
        <TextField
          name="Works until (UTC), or for ever"
          type="date"
          value={expires}
          onChange={(event) => setExpires(event.target.value)}
        />
      </div>
      <fieldset>
        <legend className="mb-1 text-xs font-medium text-soft">It may</legend>
        <div className="flex flex-wrap gap-x-6">
          {(Object.keys(scopes) as ReadonlyArray<Scope>).map((scope) => (
            <CheckField
              key={scope}
              name={scopes[scope]}
              isChecked={chosen.includes(scope)}
              onChange={(isChecked) =>
                setChosen(isChecked ? [...chosen, scope] : chosen.filter((one) => one !== scope))
              }
            />
          ))}
        </div>
      </fieldset>
      {made.error === null ? null : <Refused problem={made.error} />}
      <div className="flex gap-2">
        <Button type="submit" look="primary" disabled={!isComplete || made.isPending}>
          Make it
        </Button>
        <Button look="quiet" onClick={props.onCancel}>
          Cancel
        </Button>
      </div>
    </form>
  )
}
