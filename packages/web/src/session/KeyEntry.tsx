/** Where a visitor without a key is told what one is for, and may enter one. */
import { Link } from "@tanstack/react-router"
import { useState } from "react"
import type { Problem } from "../api/Problem.ts"
import { Button } from "../design/Button.tsx"
import { TextField } from "../design/Field.tsx"
import * as ApiKey from "./ApiKey.ts"

const reasons: Readonly<Record<string, string>> = {
  key_invalid: "That key is not valid",
  scope_missing: "The key may not do this"
}

export const KeyEntry = (props: { readonly problem?: Problem; readonly lead?: string }) => {
  const [text, setText] = useState("")
  const [isWrong, setWrong] = useState(false)
  const { problem } = props
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
        <Button type="submit" look="primary" className="min-h-9">
          Use key
        </Button>
      </div>
    </form>
  )
}
