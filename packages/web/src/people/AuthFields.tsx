/** The fields by which people are known, named so that browsers and password managers know them, too. */
import type { ReactNode } from "react"
import * as Problem from "../api/Problem.ts"
import { TextField } from "../design/Field.tsx"

interface Text {
  readonly value: string
  readonly onChange: (text: string) => void
}

export const EmailField = ({ onChange, value }: Text) => (
  <TextField
    name="E-mail"
    type="email"
    autoComplete="email"
    required
    value={value}
    onChange={(event) => onChange(event.target.value)}
  />
)

const passwordCharsMin = 8

export const PasswordField = ({ isNew = false, onChange, value }: Text & { readonly isNew?: boolean }) => (
  <TextField
    name={isNew ? "New password" : "Password"}
    type="password"
    autoComplete={isNew ? "new-password" : "current-password"}
    required
    {...(isNew ? { minLength: passwordCharsMin, hint: `At least ${passwordCharsMin} characters.` } : {})}
    value={value}
    onChange={(event) => onChange(event.target.value)}
  />
)

/** What the auth server refused, in its words. */
export const AuthProblem = ({ problem }: { readonly problem: unknown }): ReactNode => {
  if (problem === null) return null
  const { detail, title } = Problem.isProblem(problem)
    ? problem
    : { title: "That did not work", detail: String(problem) }
  return (
    <div role="alert" className="rounded-md bg-bad-fill px-3 py-2 text-sm text-bad">
      <p className="font-medium">{title}</p>
      <p className="text-pretty">{detail}</p>
    </div>
  )
}
