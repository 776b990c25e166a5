/** The endpoints for people who are signed in: who they are, their account from its first day to its end, its members and invitations. */
import { HttpApiEndpoint, HttpApiGroup, OpenApi } from "effect/http-api"
import { invitationsOfAccountMax } from "./Limits.ts"
import * as Parameter from "./Parameters.ts"
import {
  AcceptBody,
  ChangeMemberBody,
  CloseAccountBody,
  ClosedAccount,
  InvitationList,
  InviteBody,
  JoinedAccount,
  MemberList,
  NewInvitation,
  OpenedAccount,
  Session
} from "./PeopleAnswer.ts"
import { problemsOfAll } from "./Problems.ts"
import {
  ClosingRefused,
  ClosingUnconfirmed,
  LastOwner,
  TooManyInvitations,
  UnknownInvitation,
  UnknownMember
} from "./ProblemsOfPeople.ts"

const signedIn =
  "For people: send the access token of your session as `Authorization: Bearer ...`, and `X-Account` where you are of several accounts."

export const PeopleGroup = HttpApiGroup.make("people")
  .add(
    HttpApiEndpoint.get("session", "/v1/session", { success: Session, error: [...problemsOfAll] }).annotateMerge(
      OpenApi.annotations({
        identifier: "getSession",
        summary: "Who is signed in",
        description: `The person, and the accounts that they are of, with their role in each. ${signedIn}`
      })
    ),
    HttpApiEndpoint.post("open", "/v1/accounts", { success: OpenedAccount, error: [...problemsOfAll] }).annotateMerge(
      OpenApi.annotations({
        identifier: "openAccount",
        summary: "Open an account",
        description: `The first time: an account of the tier \`free\` with one key, which is shown once. Whoever is of an account already is told that one, without a key. ${signedIn}`
      })
    ),
    HttpApiEndpoint.delete("close", "/v1/account", {
      payload: CloseAccountBody,
      success: ClosedAccount,
      error: [...problemsOfAll, ClosingUnconfirmed, ClosingRefused]
    }).annotateMerge(
      OpenApi.annotations({
        identifier: "closeAccount",
        summary: "Delete the account",
        description: `Its keys and streams end at once, on every node within ten seconds; its subscription is cancelled; names and addresses are removed. What invoices need is kept. For owners. Cannot be undone. ${signedIn}`
      })
    )
  )
  .annotateMerge(OpenApi.annotations({ title: "People", description: "Whoever is signed in, and their account." }))

const member = { user_id: Parameter.UserIdPath }

export const MembersGroup = HttpApiGroup.make("members")
  .add(
    HttpApiEndpoint.get("list", "/v1/members", { success: MemberList, error: [...problemsOfAll] }).annotateMerge(
      OpenApi.annotations({
        identifier: "listMembers",
        summary: "The people of the account",
        description: `For every member. ${signedIn}`
      })
    ),
    HttpApiEndpoint.patch("change", "/v1/members/:user_id", {
      params: member,
      payload: ChangeMemberBody,
      success: MemberList,
      error: [...problemsOfAll, UnknownMember, LastOwner]
    }).annotateMerge(
      OpenApi.annotations({
        identifier: "changeMember",
        summary: "Give a member another role",
        description: `Counts on every node within ten seconds. The last owner stays one. For owners. ${signedIn}`
      })
    ),
    HttpApiEndpoint.delete("remove", "/v1/members/:user_id", {
      params: member,
      success: MemberList,
      error: [...problemsOfAll, UnknownMember, LastOwner]
    }).annotateMerge(
      OpenApi.annotations({
        identifier: "removeMember",
        summary: "Remove a member",
        description: `They lose the account within ten seconds; keys that they made stay. For owners, and for whoever leaves by themselves. ${signedIn}`
      })
    )
  )
  .annotateMerge(OpenApi.annotations({ title: "Members", description: "The people of the account." }))

export const InvitationsGroup = HttpApiGroup.make("invitations")
  .add(
    HttpApiEndpoint.get("list", "/v1/invitations", {
      success: InvitationList,
      error: [...problemsOfAll]
    }).annotateMerge(
      OpenApi.annotations({
        identifier: "listInvitations",
        summary: "Who was invited",
        description: `Those who have not come yet; never a token. For owners. ${signedIn}`
      })
    ),
    HttpApiEndpoint.post("create", "/v1/invitations", {
      payload: InviteBody,
      success: NewInvitation,
      error: [...problemsOfAll, TooManyInvitations]
    }).annotateMerge(
      OpenApi.annotations({
        identifier: "inviteMember",
        summary: "Invite somebody",
        description: `Good for a week, for that address alone; a second one for the same address takes the place of the first. At most ${invitationsOfAccountMax} are open at a time. For owners. ${signedIn}`
      })
    ),
    HttpApiEndpoint.delete("withdraw", "/v1/invitations/:invitation_id", {
      params: { invitation_id: Parameter.InvitationIdPath },
      success: InvitationList,
      error: [...problemsOfAll, UnknownInvitation]
    }).annotateMerge(
      OpenApi.annotations({
        identifier: "withdrawInvitation",
        summary: "Withdraw an invitation",
        description: `For owners. ${signedIn}`
      })
    ),
    HttpApiEndpoint.post("accept", "/v1/invitations/accept", {
      payload: AcceptBody,
      success: JoinedAccount,
      error: [...problemsOfAll, UnknownInvitation]
    }).annotateMerge(
      OpenApi.annotations({
        identifier: "acceptInvitation",
        summary: "Accept an invitation",
        description: `By whoever is signed in with the address that was invited. Who is a member already keeps the higher role. ${signedIn}`
      })
    )
  )
  .annotateMerge(OpenApi.annotations({ title: "Invitations", description: "People who may join the account." }))
