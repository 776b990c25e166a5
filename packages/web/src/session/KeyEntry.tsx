/** Where a visitor without a key is told what one is for, and may enter one. */
import { useQuery } from "@tanstack/react-query"
import { Link, useRouterState } from "@tanstack/react-router"
import { useState } from "react"
import type { Problem } from "../api/Problem.ts"
import * as Queries from "../api/Queries.ts"
import { Button, buttonClass } from "../design/Button.tsx"
import { TextField } from "../design/Field.tsx"
import * as ApiKey from "./ApiKey.ts"
import * as Session from "./Session.ts"

const reasons: Readonly<Record<string, string>> = {
  sign_in_required: "This is for people who are signed in",
  key_invalid: "That key is not valid",
  scope_missing: "The key may not do this"
}

export const KeyEntry = (props: { readonly problem?: Problem; readonly lead?: string }) => {
  const [text, setText] = useState("")
  const [isWrong, setWrong] = useState(false)
  const { problem } = props
  const { data: settings } = useQuery(Queries.settings)
  const session = Session.useSession()
  const canSignIn = settings != null && settings.auth !== null && session === undefined
  const pathname = useRouterState({ select: ({ location }) => location.pathname })
  const title = reasons[problem?.code ?? ""] ?? "This needs a key"
  const enter = () => {
    const key = text.trim()
    if (!ApiKey.looksLikeKey(key)) return setWrong(true)
    setText("")
    ApiKey.set(key)
  }
  return (
    <form
      className="mx-auto max-w-lg px-4 py-8"
      onSubmit={(event) => {
        event.preventDefault()
        enter()
      }}
    >
      <p className="font-medium">{title}</p>
      <p className="mt-1 mb-4 text-sm text-soft text-pretty">
        {problem !== undefined && problem.code in reasons
          ? problem.detail
          : (props.lead ??
            "Status, coverage, prices, the demonstration series and the first day of each month are open to everybody. Everything else is for keys; a thousand credits a month are free.")}{" "}
        <Link to="/pricing" className="link">
          What calls cost
        </Link>
      </p>
      {canSignIn ? (
        <div className="mb-5 flex flex-wrap items-center gap-2">
          <Link to="/sign-in" search={{ next: pathname }} className={buttonClass("primary", "min-h-9 px-4")}>
            Sign in
          </Link>
          <Link to="/sign-up" search={{ next: pathname }} className={buttonClass("plain", "min-h-9 px-4")}>
            Open an account
          </Link>
          <span className="text-sm text-soft">or enter a key:</span>
        </div>
      ) : null}
      <div className="flex items-start gap-2">
        <div className="flex-1">
          <TextField
            name="Your key"
            isNameHidden
            type="password"
            placeholder="kb_live_…"
            value={text}
            aria-invalid={isWrong}
            onChange={(event) => {
              setText(event.target.value)
              setWrong(false)
            }}
            hint={
              isWrong
                ? "A key begins with kb_live_ and is copied whole."
                : "Kept in this tab alone, and sent to this server alone, as a header."
            }
          />
        </div>
        <Button type="submit" look={canSignIn ? "plain" : "primary"} className="min-h-9">
          Use key
        </Button>
      </div>
    </form>
  )
}
