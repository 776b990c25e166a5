/** All keys of an account, with what can be done to each. */
import { useMutation, useQueryClient } from "@tanstack/react-query"
import { useState } from "react"
import type { Key, NewKey, OneKey } from "../api/Answers.ts"
import * as Client from "../api/Client.ts"
import * as Queries from "../api/Queries.ts"
import { Badge } from "../design/Badge.tsx"
import { Button } from "../design/Button.tsx"
import { Table } from "../design/Panel.tsx"
import { Empty, Refused } from "../design/States.tsx"
import { nowMicros } from "../format/Clock.ts"
import * as Instant from "../format/Instant.ts"
import * as Numbers from "../format/Numbers.ts"
import { useTimes } from "../format/Zone.ts"

type State = "works" | "revoked" | "expired"

const stateOf = ({ expires_at, revoked_at }: Key): State =>
  revoked_at !== null
    ? "revoked"
    : expires_at !== null && Instant.micros(expires_at) < nowMicros()
      ? "expired"
      : "works"

export const KeyTable = (props: { readonly keys: ReadonlyArray<Key>; readonly onMade: (made: NewKey) => void }) => {
  const times = useTimes()
  const moment = (text: string | null, none: string) => (text === null ? none : times.moment(Instant.micros(text)))
  if (props.keys.length === 0) return <Empty title="There is no key yet" />
  return (
    <Table label="Keys">
      <thead>
        <tr>
          <th>Name</th>
          <th>Key</th>
          <th>May</th>
          <th className="!text-right">Cap a month</th>
          <th>Made by</th>
          <th>Last used</th>
          <th>Works until</th>
          <th>
            <span className="sr-only">Change</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {props.keys.map((key) => {
          const state = stateOf(key)
          return (
            <tr key={key.id} className={state === "works" ? "" : "text-faint"}>
              <td className="min-w-32">{key.name}</td>
              <td className="font-mono text-xs whitespace-nowrap">kb_live_{key.id}_…</td>
              <td className="whitespace-nowrap">{key.scopes.join(", ")}</td>
              <td className="text-right whitespace-nowrap">
                {key.month_credits_cap === null ? "none" : Numbers.count(key.month_credits_cap)}
              </td>
              <td className="max-w-52">
                <Maker of={key} isWorking={state === "works"} />
              </td>
              <td className="whitespace-nowrap">{moment(key.last_used_at, "never")}</td>
              <td className="whitespace-nowrap">
                {state === "works" ? moment(key.expires_at, "for ever") : <Badge>{state}</Badge>}
              </td>
              <td className="!py-1 text-right whitespace-nowrap">
                {state === "works" ? <Actions of={key} onMade={props.onMade} /> : null}
              </td>
            </tr>
          )
        })}
      </tbody>
    </Table>
  )
}

/** Whoever made a key may still know it: one who has left is marked as long as it works. */
const Maker = (props: { readonly of: Key; readonly isWorking: boolean }) => {
  const { created_by } = props.of
  if (created_by === null) return null
  const { is_gone, kind, name } = created_by
  return (
    <span className="flex flex-wrap items-center gap-x-2">
      <span className={`wrap-anywhere ${kind === "key" ? "font-mono text-xs" : ""}`}>
        {kind === "key" ? `kb_live_${name}_…` : name}
      </span>
      {is_gone && props.isWorking ? <Badge tone="warn">{kind === "key" ? "ended" : "has left"}</Badge> : null}
    </span>
  )
}

/** What cannot be undone is asked twice, in the same place. */
const Actions = (props: { readonly of: Key; readonly onMade: (made: NewKey) => void }) => {
  const client = useQueryClient()
  const [asked, setAsked] = useState<"rotate" | "revoke">()
  const refresh = () => {
    setAsked(undefined)
    void client.invalidateQueries({ queryKey: Queries.keys.queryKey })
  }
  const path = `/v1/keys/${props.of.id}`
  const rotate = useMutation({
    mutationFn: () => Client.ask<NewKey>({ method: "POST", path: `${path}/rotate`, body: {} }),
    onSuccess: (made) => {
      refresh()
      props.onMade(made)
    }
  })
  const revoke = useMutation({
    mutationFn: () => Client.ask<OneKey>({ method: "DELETE", path }),
    onSuccess: refresh
  })
  const problem = rotate.error ?? revoke.error
  if (problem !== null) return <Refused problem={problem} />
  if (asked !== undefined) {
    const isRevoke = asked === "revoke"
    return (
      <span className="inline-flex items-center gap-1">
        <span className="text-xs text-soft">
          {isRevoke ? "It stops working within seconds." : "The old one works for a day more."}
        </span>
        <Button
          look={isRevoke ? "danger" : "primary"}
          className="min-h-7 text-xs"
          disabled={rotate.isPending || revoke.isPending}
          onClick={() => (isRevoke ? revoke.mutate() : rotate.mutate())}
        >
          {isRevoke ? "Revoke" : "Replace"}
        </Button>
        <Button look="quiet" className="min-h-7 text-xs" onClick={() => setAsked(undefined)}>
          Keep
        </Button>
      </span>
    )
  }
  return (
    <>
      <Button
        look="quiet"
        className="min-h-7 text-xs"
        onClick={() => setAsked("rotate")}
        aria-label={`Replace ${props.of.name}`}
      >
        Replace
      </Button>
      <Button
        look="quiet"
        className="min-h-7 text-xs"
        onClick={() => setAsked("revoke")}
        aria-label={`Revoke ${props.of.name}`}
      >
        Revoke
      </Button>
    </>
  )
}
