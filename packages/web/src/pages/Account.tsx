/** The account of whoever is signed in: which one, with whom it is shared, and its end. */
import { useQuery } from "@tanstack/react-query"
import { Link, Navigate } from "@tanstack/react-router"
import type { Membership } from "../api/Answers.ts"
import * as Queries from "../api/Queries.ts"
import { Badge } from "../design/Badge.tsx"
import { SelectField } from "../design/Field.tsx"
import { Fact, Facts, Page, Panel } from "../design/Panel.tsx"
import { Answered } from "../design/States.tsx"
import { CloseAccount } from "../people/CloseAccount.tsx"
import { Invitations } from "../people/Invitations.tsx"
import { MemberTable } from "../people/MemberTable.tsx"
import { SignOutButton } from "../people/SignOutButton.tsx"
import * as Session from "../session/Session.ts"

export const Account = () => {
  const person = Session.useSession()
  if (person === undefined) return <Navigate to="/sign-in" search={{ next: "/account" }} replace />
  return <OfPerson person={person} />
}

const OfPerson = ({ person }: { readonly person: Session.SignedIn }) => {
  const wanted = Session.useAccount()
  const session = useQuery(Queries.session)
  return (
    <Page
      title="Account"
      lead={
        <>
          You are signed in as <strong className="font-medium text-ink">{person.email}</strong>.
        </>
      }
      aside={<SignOutButton />}
    >
      <Answered query={session}>
        {({ accounts }) => {
          const chosen = accounts.find(({ account_id }) => account_id === wanted) ?? accounts[0]
          return chosen === undefined ? <Navigate to="/welcome" replace /> : <Chosen of={chosen} among={accounts} />
        }}
      </Answered>
    </Page>
  )
}

const Chosen = (props: { readonly of: Membership; readonly among: ReadonlyArray<Membership> }) => {
  const { account_id, name, role, tier } = props.of
  const isOwner = role === "owner"
  return (
    <div className="grid grid-cols-[minmax(0,1fr)] gap-4">
      <Panel
        title={name}
        aside={
          <nav aria-label="Of the account" className="flex gap-4 text-sm">
            <Link to="/keys" className="link">
              Keys
            </Link>
            <Link to="/usage" className="link">
              Usage
            </Link>
          </nav>
        }
      >
        <div className="flex flex-wrap items-end justify-between gap-x-8 gap-y-4">
          <Facts className="grid-cols-2">
            <Fact name="Plan">{tier}</Fact>
            <Fact name="You are">
              <Badge tone={isOwner ? "accent" : "plain"}>{role}</Badge>
            </Fact>
          </Facts>
          {props.among.length < 2 ? null : (
            <div className="w-full sm:w-72">
              <SelectField
                name="Account that this browser acts for"
                value={account_id}
                onChange={(event) => Session.setAccount(event.target.value)}
              >
                {props.among.map((one) => (
                  <option key={one.account_id} value={one.account_id}>
                    {one.name} ({one.role})
                  </option>
                ))}
              </SelectField>
            </div>
          )}
        </div>
      </Panel>
      <MemberTable isOwner={isOwner} />
      {isOwner ? <Invitations /> : null}
      {isOwner ? <CloseAccount name={name} /> : null}
    </div>
  )
}
