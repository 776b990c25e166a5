/** People as JSON: who is signed in, of which accounts, with whom, and who was invited. */
import * as Schema from "effect/Schema"
import { isoFromMicros } from "../Units.ts"
import { KeyView } from "./KeyAnswer.ts"
import { accountNameCharsMax, emailCharsMax } from "./Limits.ts"
import { type MemberRole, memberRoles } from "./MemberRoles.ts"
import { type TierName, tierNames } from "./Pricing.ts"
import { answerFields, Instant } from "./Scalars.ts"

const Id = (description: string) =>
  Schema.String.annotate({ description, examples: ["3f0f7c4e-5a53-4c8e-9a55-2b1d6f0f9f10"] })

const Email = Schema.String.annotate({ description: "In lower case.", examples: ["ada@example.com"] })

const Role = Schema.Literals(memberRoles).annotate({
  description: "`owner`: everything. `member`: data and keys. `billing`: what was used and what it costs.",
  examples: ["member"]
})

const MembershipView = Schema.Struct({
  account_id: Id("What `X-Account` names the account by."),
  name: Schema.String.annotate({ examples: ["ada@example.com"] }),
  tier: Schema.Literals(tierNames),
  role: Role
}).annotate({ identifier: "Membership", description: "An account, and what somebody is there." })

export const Session = Schema.Struct({
  user_id: Id("Of the person, by the auth server."),
  email: Email,
  accounts: Schema.Array(MembershipView).annotate({ description: "By name; none before the first is opened." }),
  ...answerFields
}).annotate({ identifier: "Session", description: "Who is signed in." })

export const OpenedAccount = Schema.Struct({
  account: MembershipView,
  is_new: Schema.Boolean.annotate({ description: "Whether it was opened by this call." }),
  key: Schema.NullOr(KeyView).annotate({ description: "Its first key; null where the account was there already." }),
  secret: Schema.NullOr(Schema.String).annotate({
    description: "That key itself. It is shown in this answer and never again: we keep a hash of it.",
    examples: ["kb_live_7Yq0hT3kPa_..."]
  }),
  ...answerFields
}).annotate({ identifier: "OpenedAccount", description: "The account of somebody who has signed in." })

const MemberView = Schema.Struct({
  user_id: Id("Of the person, by the auth server."),
  email: Email,
  role: Role,
  joined_at: Instant
}).annotate({ identifier: "Member", description: "Somebody of the account." })

export const MemberList = Schema.Struct({
  members: Schema.Array(MemberView).annotate({ description: "By the time at which they joined." }),
  ...answerFields
}).annotate({ identifier: "MemberList", description: "The people of the account." })

const InvitationView = Schema.Struct({
  id: Id("Of the invitation."),
  email: Email,
  role: Role,
  created_at: Instant,
  expires_at: Instant
}).annotate({ identifier: "Invitation", description: "Somebody who may join the account." })

export const InvitationList = Schema.Struct({
  invitations: Schema.Array(InvitationView).annotate({ description: "Those that are open, the oldest first." }),
  ...answerFields
}).annotate({ identifier: "InvitationList", description: "Who was invited and has not come yet." })

export const NewInvitation = Schema.Struct({
  invitation: InvitationView,
  token: Schema.String.annotate({
    description:
      "What the invitation is accepted with, by whoever is signed in with that address. It is shown once: the site's page for it is `/join#` and the token.",
    examples: ["Jm8yB1T0n7gq..."]
  }),
  is_mailed: Schema.Boolean.annotate({ description: "Whether we have sent it; else whoever invites passes it on." }),
  ...answerFields
}).annotate({ identifier: "NewInvitation", description: "An invitation that was made just now." })

export const JoinedAccount = Schema.Struct({ account: MembershipView, ...answerFields }).annotate({
  identifier: "JoinedAccount",
  description: "The account that was joined."
})

export const ClosedAccount = Schema.Struct({
  account_id: Id("Of the account that was."),
  closed: Schema.Literal(true),
  ...answerFields
}).annotate({ identifier: "ClosedAccount", description: "An account that was deleted." })

/** No blanks, and nothing that a terminal or a page would take for an order. */
export const emailPattern = /^[^\s@<>"\p{Cc}]{1,64}@[^\s@<>"\p{Cc}]{1,190}$/u

export const InviteBody = Schema.Struct({
  email: Schema.String.check(Schema.isPattern(emailPattern), Schema.isMaxLength(emailCharsMax)).annotate({
    description: "The address that they sign in with.",
    examples: ["grace@example.com"]
  }),
  role: Role
}).annotate({ identifier: "InviteBody", description: "Who is to join, in which role." })

export const ChangeMemberBody = Schema.Struct({ role: Role }).annotate({
  identifier: "ChangeMemberBody",
  description: "What somebody is to be."
})

export const AcceptBody = Schema.Struct({
  token: Schema.String.check(Schema.isPattern(/^[\w-]{10,100}$/)).annotate({
    description: "What the invitation came with.",
    examples: ["Jm8yB1T0n7gqW3xvS5dLkA2c"]
  })
}).annotate({ identifier: "AcceptBody", description: "An invitation that is accepted." })

export const CloseAccountBody = Schema.Struct({
  name: Schema.String.check(Schema.isMaxLength(accountNameCharsMax)).annotate({
    description: "The name of the account, repeated: what is deleted does not come back.",
    examples: ["ada@example.com"]
  })
}).annotate({ identifier: "CloseAccountBody", description: "That the account is meant." })

/** What the store knows of a membership. */
export interface MembershipFacts {
  readonly account: { readonly accountId: string; readonly name: string; readonly tier: TierName }
  readonly role: MemberRole
}

export const membershipView = ({ account, role }: MembershipFacts): typeof MembershipView.Type => ({
  account_id: account.accountId,
  name: account.name,
  tier: account.tier,
  role
})

export interface MemberFacts {
  readonly userId: string
  readonly email: string
  readonly role: MemberRole
  readonly joinedMicros: number
}

export const memberView = (member: MemberFacts): typeof MemberView.Type => ({
  user_id: member.userId,
  email: member.email,
  role: member.role,
  joined_at: isoFromMicros(member.joinedMicros)
})

export interface InvitationFacts {
  readonly invitationId: string
  readonly email: string
  readonly role: MemberRole
  readonly createdMicros: number
  readonly expiresMicros: number
}

export const invitationView = (invitation: InvitationFacts): typeof InvitationView.Type => ({
  id: invitation.invitationId,
  email: invitation.email,
  role: invitation.role,
  created_at: isoFromMicros(invitation.createdMicros),
  expires_at: isoFromMicros(invitation.expiresMicros)
})
