/** For whoever has forgotten the password: a mail that leads to a new one. */
import { useMutation } from "@tanstack/react-query"
import { Link } from "@tanstack/react-router"
import { useState } from "react"
import { Button } from "../design/Button.tsx"
import { AuthProblem, EmailField } from "../people/AuthFields.tsx"
import { MailSent, Narrow } from "../people/Narrow.tsx"
import * as Auth from "../session/Auth.ts"

export const Recover = () => {
  const [email, setEmail] = useState("")
  const sent = useMutation({ mutationFn: () => Auth.sendRecovery(email.trim()) })
  return (
    <Narrow
      title="A new password"
      foot={
        <Link to="/sign-in" className="link">
          Back to signing in
        </Link>
      }
    >
      {sent.isSuccess ? (
        <MailSent email={email.trim()}>If there is such an account, a link is on its way.</MailSent>
      ) : (
        <form
          className="grid gap-4"
          onSubmit={(event) => {
            event.preventDefault()
            sent.mutate()
          }}
        >
          <EmailField value={email} onChange={setEmail} />
          <AuthProblem problem={sent.error} />
          <Button type="submit" look="primary" className="min-h-9" disabled={sent.isPending}>
            Mail me a link
          </Button>
        </form>
      )}
    </Narrow>
  )
}
