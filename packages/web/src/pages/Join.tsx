/** Where an invitation leads. What it is accepted with stands behind the `#`, which no server and no log sees. */
import { useMutation } from "@tanstack/react-query"
import { Link, useNavigate } from "@tanstack/react-router"
import { useState } from "react"
import type { JoinedAccount } from "../api/Answers.ts"
import * as Client from "../api/Client.ts"
import { Button, buttonClass } from "../design/Button.tsx"
import { AuthProblem } from "../people/AuthFields.tsx"
import { Narrow } from "../people/Narrow.tsx"
import { useRedeemed } from "../people/useRedeemed.ts"
import * as PendingInvitation from "../session/PendingInvitation.ts"
import * as Session from "../session/Session.ts"

export const Join = () => {
  const [token] = useState(PendingInvitation.taken)
  const session = Session.useSession()
  const navigate = useNavigate()
  useRedeemed()
  const joined = useMutation({
    mutationFn: () =>
      Client.ask<JoinedAccount>({
        method: "POST",
        path: "/v1/invitations/accept",
        body: { token },
        inPerson: true
      }),
    onSuccess: ({ account }) => {
      PendingInvitation.forget()
      Session.setAccount(account.account_id)
      return navigate({ to: "/account", replace: true })
    }
  })
  if (token === undefined) {
    return (
      <Narrow title="There is no invitation here">
        <p className="text-sm text-soft text-pretty">
          Its address has to be copied whole, with what stands behind the #. Ask whoever invited you for it.
        </p>
      </Narrow>
    )
  }
  if (session === undefined) {
    return (
      <Narrow
        title="You are invited"
        lead="Sign in with the address that was invited, or open an account with it; then you come back here."
      >
        <div className="flex flex-wrap gap-2">
          <Link to="/sign-in" search={{ next: "/join" }} className={buttonClass("primary", "min-h-9 px-4")}>
            Sign in
          </Link>
          <Link to="/sign-up" search={{ next: "/join" }} className={buttonClass("plain", "min-h-9 px-4")}>
            Open an account
          </Link>
        </div>
      </Narrow>
    )
  }
  return (
    <Narrow title="You are invited" lead={`You are signed in as ${session.email}.`}>
      <div className="grid gap-4">
        <AuthProblem problem={joined.error} />
        <div className="flex flex-wrap gap-2">
          <Button look="primary" className="min-h-9 px-4" disabled={joined.isPending} onClick={() => joined.mutate()}>
            Join the account
          </Button>
          <Link to="/" className={buttonClass("quiet", "min-h-9 px-4")} onClick={PendingInvitation.forget}>
            Not now
          </Link>
        </div>
      </div>
    </Narrow>
  )
}
