/** Who may join: invited by an address, with a link that is shown once. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query"
import { useState } from "react"
import type { Invitation, InvitationList, NewInvitation } from "../api/Answers.ts"
import * as Client from "../api/Client.ts"
import * as Queries from "../api/Queries.ts"
import { Button } from "../design/Button.tsx"
import { Code } from "../design/Copy.tsx"
import { SelectField, TextField } from "../design/Field.tsx"
import { Panel, Table } from "../design/Panel.tsx"
import { Answered, Empty } from "../design/States.tsx"
import * as Instant from "../format/Instant.ts"
import { useTimes } from "../format/Zone.ts"
import { AuthProblem } from "./AuthFields.tsx"
import { type Role, roles } from "./Roles.ts"

export const Invitations = () => {
  const times = useTimes()
  const [made, setMade] = useState<NewInvitation>()
  return (
    <Panel flush title="Invitations">
      <div className="p-4">
        <InviteForm onMade={setMade} />
        {made === undefined ? null : <Link of={made} onDone={() => setMade(undefined)} />}
      </div>
      <Answered query={useQuery(Queries.invitations)} lines={2}>
        {({ invitations }) =>
          invitations.length === 0 ? (
            <div className="border-t border-line">
              <Empty title="Nobody is invited">An invitation is good for a week, for one address.</Empty>
            </div>
          ) : (
            <Table label="Invitations">
              <thead>
                <tr>
                  <th>Address</th>
                  <th>Will be</th>
                  <th>Good until</th>
                  <th>
                    <span className="sr-only">Change</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {invitations.map((one) => (
                  <tr key={one.id}>
                    <td className="whitespace-nowrap">{one.email}</td>
                    <td>{one.role}</td>
                    <td className="whitespace-nowrap">{times.moment(Instant.micros(one.expires_at))}</td>
                    <td className="!py-1 text-right whitespace-nowrap">
                      <Withdraw of={one} />
                    </td>
                  </tr>
                ))}
              </tbody>
            </Table>
          )
        }
      </Answered>
    </Panel>
  )
}

const InviteForm = (props: { readonly onMade: (made: NewInvitation) => void }) => {
  const client = useQueryClient()
  const [email, setEmail] = useState("")
  const [role, setRole] = useState<Role>("member")
  const invited = useMutation({
    mutationFn: () =>
      Client.ask<NewInvitation>({
        method: "POST",
        path: "/v1/invitations",
        body: { email: email.trim(), role },
        inPerson: true
      }),
    onSuccess: (answer) => {
      setEmail("")
      props.onMade(answer)
      return client.invalidateQueries({ queryKey: Queries.invitations.queryKey })
    }
  })
  return (
    <form
      className="grid items-end gap-3 sm:grid-cols-[minmax(0,1fr)_14rem_auto]"
      onSubmit={(event) => {
        event.preventDefault()
        invited.mutate()
      }}
    >
      <TextField
        name="Their address"
        type="email"
        required
        placeholder="grace@example.com"
        value={email}
        onChange={(event) => setEmail(event.target.value)}
      />
      <SelectField name="They will be" value={role} onChange={(event) => setRole(event.target.value as Role)}>
        {roles.map(([name, text]) => (
          <option key={name} value={name}>
            {text}
          </option>
        ))}
      </SelectField>
      <Button type="submit" look="primary" className="min-h-9" disabled={invited.isPending}>
        Invite
      </Button>
      {invited.error === null ? null : (
        <div className="sm:col-span-3">
          <AuthProblem problem={invited.error} />
        </div>
      )}
    </form>
  )
}

const Link = (props: { readonly of: NewInvitation; readonly onDone: () => void }) => {
  const { invitation, is_mailed, token } = props.of
  return (
    <section aria-label="The new invitation" className="mt-4 rounded-md border border-accent p-3">
      <p className="mb-2 text-sm text-soft text-pretty">
        {is_mailed ? "It was sent. The same link:" : "Pass this link on:"} it is shown this once, and lets in nobody but{" "}
        <strong className="font-medium text-ink">{invitation.email}</strong>.
      </p>
      <Code text={`${location.origin}/join#${token}`} label="The link" />
      <Button className="mt-3" onClick={props.onDone}>
        Done
      </Button>
    </section>
  )
}

const Withdraw = ({ of }: { readonly of: Invitation }) => {
  const client = useQueryClient()
  const withdrawn = useMutation({
    mutationFn: () =>
      Client.ask<InvitationList>({ method: "DELETE", path: `/v1/invitations/${of.id}`, inPerson: true }),
    onSettled: () => client.invalidateQueries({ queryKey: Queries.invitations.queryKey })
  })
  return (
    <Button
      look="quiet"
      className="min-h-7 text-xs"
      disabled={withdrawn.isPending}
      onClick={() => withdrawn.mutate()}
      aria-label={`Withdraw the invitation of ${of.email}`}
    >
      Withdraw
    </Button>
  )
}
