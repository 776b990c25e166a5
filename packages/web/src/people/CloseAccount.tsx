/** The end of an account: said in full, and confirmed by its name. */
import { useMutation } from "@tanstack/react-query"
import { useNavigate } from "@tanstack/react-router"
import { useState } from "react"
import * as Client from "../api/Client.ts"
import { Button } from "../design/Button.tsx"
import { TextField } from "../design/Field.tsx"
import { Panel } from "../design/Panel.tsx"
import * as ApiKey from "../session/ApiKey.ts"
import * as Session from "../session/Session.ts"
import { AuthProblem } from "./AuthFields.tsx"

export const CloseAccount = ({ name }: { readonly name: string }) => {
  const navigate = useNavigate()
  const [isOpen, setOpen] = useState(false)
  const [typed, setTyped] = useState("")
  const closed = useMutation({
    mutationFn: () =>
      Client.ask<object>({ method: "DELETE", path: "/v1/account", body: { name: typed }, inPerson: true }),
    onSuccess: () => {
      // The sign-in went with it.
      ApiKey.set(undefined)
      Session.forget()
      return navigate({ to: "/" })
    }
  })
  return (
    <Panel title="Delete the account">
      <p className="max-w-2xl text-sm text-soft text-pretty">
        Its keys and streams end at once, its subscription is cancelled, and names and addresses are removed. What
        invoices need is kept. This cannot be undone.
      </p>
      {isOpen ? (
        <form
          className="mt-4 grid max-w-md gap-3"
          onSubmit={(event) => {
            event.preventDefault()
            closed.mutate()
          }}
        >
          <TextField
            name={
              <>
                Type <span className="font-mono text-ink">{name}</span> to confirm
              </>
            }
            value={typed}
            onChange={(event) => setTyped(event.target.value)}
          />
          <AuthProblem problem={closed.error} />
          <div className="flex gap-2">
            <Button type="submit" look="danger" disabled={typed !== name || closed.isPending}>
              Delete for ever
            </Button>
            <Button look="quiet" onClick={() => setOpen(false)}>
              Keep it
            </Button>
          </div>
        </form>
      ) : (
        <Button look="danger" className="mt-4" onClick={() => setOpen(true)}>
          Delete the account
        </Button>
      )}
    </Panel>
  )
}
