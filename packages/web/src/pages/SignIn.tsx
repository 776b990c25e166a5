/** The way back in: by password, or by a link in a mail. */
import { useMutation } from "@tanstack/react-query"
import { Link, useNavigate, useSearch } from "@tanstack/react-router"
import { useState } from "react"
import { Button } from "../design/Button.tsx"
import { AuthProblem, EmailField, PasswordField } from "../people/AuthFields.tsx"
import { MailSent, Narrow } from "../people/Narrow.tsx"
import * as Next from "../people/Next.ts"
import { Providers } from "../people/Providers.tsx"
import * as Auth from "../session/Auth.ts"

export const SignIn = () => {
  const search = useSearch({ from: "/sign-in" })
  const next = Next.of(search)
  const navigate = useNavigate()
  const [email, setEmail] = useState("")
  const [password, setPassword] = useState("")
  const byPassword = useMutation({
    mutationFn: () => Auth.signIn(email.trim(), password),
    onSuccess: () => navigate({ href: next, replace: true })
  })
  const byMail = useMutation({ mutationFn: () => Auth.sendLink(email.trim(), next) })
  const isBusy = byPassword.isPending || byMail.isPending
  return (
    <Narrow
      title="Sign in"
      foot={
        <>
          <Link to="/sign-up" search={search} className="link">
            Open an account
          </Link>
          <Link to="/recover" className="link">
            Forgotten the password?
          </Link>
          <Link to="/keys" className="link">
            Use a key instead
          </Link>
        </>
      }
    >
      {byMail.isSuccess ? (
        <MailSent email={email.trim()}>We have sent a link that signs you in.</MailSent>
      ) : (
        <form
          className="grid gap-4"
          onSubmit={(event) => {
            event.preventDefault()
            byMail.reset()
            byPassword.mutate()
          }}
        >
          <EmailField value={email} onChange={setEmail} />
          <PasswordField value={password} onChange={setPassword} />
          <AuthProblem problem={byPassword.error ?? byMail.error} />
          <div className="grid gap-2">
            <Button type="submit" look="primary" className="min-h-9" disabled={isBusy}>
              Sign in
            </Button>
            <Button
              className="min-h-9"
              disabled={isBusy || !email.includes("@")}
              onClick={() => {
                byPassword.reset()
                byMail.mutate()
              }}
            >
              Mail me a link instead
            </Button>
          </div>
        </form>
      )}
      <Providers next={next} />
    </Narrow>
  )
}
