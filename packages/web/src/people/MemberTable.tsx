/** The people of the account; owners change what they are. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query"
import { useState } from "react"
import type { Member, MemberList } from "../api/Answers.ts"
import * as Client from "../api/Client.ts"
import * as Queries from "../api/Queries.ts"
import { Button } from "../design/Button.tsx"
import { SelectField } from "../design/Field.tsx"
import { Panel, Table } from "../design/Panel.tsx"
import { Answered } from "../design/States.tsx"
import * as Instant from "../format/Instant.ts"
import { useTimes } from "../format/Zone.ts"
import * as Session from "../session/Session.ts"
import { AuthProblem } from "./AuthFields.tsx"
import { type Role, roles } from "./Roles.ts"

export const MemberTable = ({ isOwner }: { readonly isOwner: boolean }) => {
  const times = useTimes()
  const [problem, setProblem] = useState<unknown>(null)
  const own = Session.useSession()?.userId
  return (
    <Panel flush title="Members">
      {problem === null ? null : (
        <div className="p-4 pb-0">
          <AuthProblem problem={problem} />
        </div>
      )}
      <Answered query={useQuery(Queries.members)}>
        {({ members }) => (
          <Table label="Members">
            <thead>
              <tr>
                <th>Address</th>
                <th>Role</th>
                <th>Since</th>
                <th>
                  <span className="sr-only">Change</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {members.map((member) => (
                <tr key={member.user_id}>
                  <td className="whitespace-nowrap">
                    {member.email}
                    {member.user_id === own ? <span className="text-faint"> (you)</span> : null}
                  </td>
                  <td className="w-60 min-w-52 !py-1">
                    {isOwner ? <RoleField of={member} onProblem={setProblem} /> : member.role}
                  </td>
                  <td className="whitespace-nowrap">{times.moment(Instant.micros(member.joined_at))}</td>
                  <td className="!py-1 text-right whitespace-nowrap">
                    {isOwner || member.user_id === own ? (
                      <Removal of={member} isOwn={member.user_id === own} onProblem={setProblem} />
                    ) : null}
                  </td>
                </tr>
              ))}
            </tbody>
          </Table>
        )}
      </Answered>
    </Panel>
  )
}

interface Change {
  readonly of: Member
  readonly onProblem: (problem: unknown) => void
}

const useChanged = (onProblem: Change["onProblem"]) => {
  const client = useQueryClient()
  return {
    onMutate: () => onProblem(null),
    onError: onProblem,
    onSettled: () =>
      Promise.all(
        [Queries.members, Queries.session].map(({ queryKey }) => client.invalidateQueries({ queryKey: [...queryKey] }))
      )
  }
}

const RoleField = ({ of, onProblem }: Change) => {
  const changed = useMutation({
    mutationFn: (role: Role) =>
      Client.ask<MemberList>({ method: "PATCH", path: `/v1/members/${of.user_id}`, body: { role }, inPerson: true }),
    ...useChanged(onProblem)
  })
  return (
    <SelectField
      name={`What ${of.email} is`}
      isNameHidden
      value={of.role}
      disabled={changed.isPending}
      onChange={(event) => changed.mutate(event.target.value as Role)}
    >
      {roles.map(([role, text]) => (
        <option key={role} value={role}>
          {text}
        </option>
      ))}
    </SelectField>
  )
}

/** Asked twice, in the same place. */
const Removal = ({ isOwn, of, onProblem }: Change & { readonly isOwn: boolean }) => {
  const [isAsked, setAsked] = useState(false)
  const word = isOwn ? "Leave" : "Remove"
  const changed = useChanged(onProblem)
  const removed = useMutation({
    mutationFn: () => Client.ask<MemberList>({ method: "DELETE", path: `/v1/members/${of.user_id}`, inPerson: true }),
    ...changed,
    onSuccess: () => (isOwn ? Session.setAccount(undefined) : undefined),
    onSettled: () => {
      setAsked(false)
      return changed.onSettled()
    }
  })
  if (!isAsked) {
    return (
      <Button
        look="quiet"
        className="min-h-7 text-xs"
        onClick={() => setAsked(true)}
        aria-label={isOwn ? "Leave the account" : `Remove ${of.email}`}
      >
        {word}
      </Button>
    )
  }
  return (
    <span className="inline-flex items-center gap-1">
      <Button look="danger" className="min-h-7 text-xs" disabled={removed.isPending} onClick={() => removed.mutate()}>
        {word}
      </Button>
      <Button look="quiet" className="min-h-7 text-xs" onClick={() => setAsked(false)}>
        {isOwn ? "Stay" : "Keep"}
      </Button>
    </span>
  )
}
