/** The beginning: an address and a password; the account and its key follow at the welcome. */
import { useMutation } from "@tanstack/react-query"
import { Link, useNavigate, useSearch } from "@tanstack/react-router"
import { useState } from "react"
import { Button } from "../design/Button.tsx"
import { AuthProblem, EmailField, PasswordField } from "../people/AuthFields.tsx"
import { MailSent, Narrow } from "../people/Narrow.tsx"
import * as Next from "../people/Next.ts"
import { Providers } from "../people/Providers.tsx"
import * as Auth from "../session/Auth.ts"

export const SignUp = () => {
  const search = useSearch({ from: "/sign-up" })
  const next = Next.of(search)
  const navigate = useNavigate()
  const [email, setEmail] = useState("")
  const [password, setPassword] = useState("")
  const made = useMutation({
    mutationFn: () => Auth.signUp(email.trim(), password, next),
    onSuccess: (outcome) => (outcome === "signed_in" ? navigate({ href: next, replace: true }) : undefined)
  })
  return (
    <Narrow
      title="Open an account"
      lead="A thousand credits a month are free, without a card. You get a key at once."
      foot={
        <>
          <span>Have one already?</span>
          <Link to="/sign-in" search={search} className="link">
            Sign in
          </Link>
        </>
      }
    >
      {made.data === "mail_sent" ? (
        <MailSent email={email.trim()}>We have sent a link that confirms your address and signs you in.</MailSent>
      ) : (
        <form
          className="grid gap-4"
          onSubmit={(event) => {
            event.preventDefault()
            made.mutate()
          }}
        >
          <EmailField value={email} onChange={setEmail} />
          <PasswordField isNew value={password} onChange={setPassword} />
          <AuthProblem problem={made.error} />
          <Button type="submit" look="primary" className="min-h-9" disabled={made.isPending}>
            Open it
          </Button>
        </form>
      )}
      <Providers next={next} />
    </Narrow>
  )
}
