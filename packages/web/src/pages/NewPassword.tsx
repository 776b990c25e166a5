/** Where the mail of a forgotten password leads: another is chosen, and whoever knew the old one is signed out. */
import { useMutation } from "@tanstack/react-query"
import { Link, useNavigate } from "@tanstack/react-router"
import { useState } from "react"
import { Button } from "../design/Button.tsx"
import { Loading } from "../design/States.tsx"
import { AuthProblem, PasswordField } from "../people/AuthFields.tsx"
import { Narrow } from "../people/Narrow.tsx"
import { useRedeemed } from "../people/useRedeemed.ts"
import * as Auth from "../session/Auth.ts"
import * as Session from "../session/Session.ts"

export const NewPassword = () => {
  const { isReady, problem } = useRedeemed()
  const session = Session.useSession()
  const navigate = useNavigate()
  const [password, setPassword] = useState("")
  const chosen = useMutation({
    mutationFn: () => Auth.setPassword(password),
    onSuccess: () => navigate({ to: "/welcome", replace: true })
  })
  if (!isReady) return <Loading />
  return (
    <Narrow title="Choose a new password" {...(session === undefined ? {} : { lead: `For ${session.email}.` })}>
      {session === undefined ? (
        <div className="grid gap-4">
          <AuthProblem problem={problem} />
          <p className="text-sm text-soft text-pretty">
            The link is good once, for an hour, in the browser that asked for it.{" "}
            <Link to="/recover" className="link">
              Ask for another
            </Link>
          </p>
        </div>
      ) : (
        <form
          className="grid gap-4"
          onSubmit={(event) => {
            event.preventDefault()
            chosen.mutate()
          }}
        >
          <PasswordField isNew value={password} onChange={setPassword} />
          <AuthProblem problem={chosen.error} />
          <Button type="submit" look="primary" className="min-h-9" disabled={chosen.isPending}>
            Keep it
          </Button>
        </form>
      )}
    </Narrow>
  )
}
