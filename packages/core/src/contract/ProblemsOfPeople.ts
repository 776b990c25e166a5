/** Why somebody who is signed in, or is not, may not ask: sessions, roles, members and invitations. */
import { Problem } from "effect/http-api/HttpApiError"
import * as Schema from "effect/Schema"
import { memberRoles } from "./MemberRoles.ts"
import * as ProblemKind from "./ProblemKind.ts"

export const kinds = {
  sign_in_required: {
    status: 401,
    title: "This is for people who are signed in",
    meaning:
      "The call is made by a person, with the access token of a session as `Authorization: Bearer ...`: a key is not enough, whatever its scopes."
  },
  no_account: {
    status: 403,
    title: "You are of no such account",
    meaning:
      "Whoever is signed in is of no account yet, or not of the one that `X-Account` names. `/v1/session` lists yours; POST `/v1/accounts` opens the first."
  },
  role_missing: {
    status: 403,
    title: "Your role may not do this",
    meaning: "You are a member of the account, in a role that this is not for. `roles` names those that may."
  },
  sign_in_away: {
    status: 503,
    title: "The auth server does not answer",
    meaning:
      "Whether a token is valid is known by the keys of the auth server, which cannot be reached now. Keys of the API work meanwhile. Try again after the seconds in Retry-After."
  },
  unknown_member: {
    status: 404,
    title: "No such member",
    meaning: "The account has no member of this id. `/v1/members` lists those that it has."
  },
  last_owner: {
    status: 409,
    title: "An account has an owner",
    meaning: "Nobody would be left to own the account. Make somebody else an owner first, or delete the account."
  },
  unknown_invitation: {
    status: 404,
    title: "No such invitation",
    meaning:
      "The invitation was accepted or withdrawn, is too old, or is for another address than the one you are signed in with."
  },
  too_many_invitations: {
    status: 409,
    title: "There are as many invitations as there can be",
    meaning: "An account has a bounded number of invitations that are open at a time. Withdraw one first."
  },
  closing_unconfirmed: {
    status: 409,
    title: "The account's name was not repeated",
    meaning:
      "Deleting an account cannot be undone, so its name has to be repeated in `name`, letter by letter. Nothing was done."
  },
  closing_refused: {
    status: 503,
    title: "The account cannot be deleted now",
    meaning:
      "Something that ends with the account, its subscription say, could not be ended now. Nothing was deleted; try again after the seconds in Retry-After."
  }
} as const satisfies ProblemKind.Kinds

const { annotations, declaration, fields } = ProblemKind.of(kinds)

export class SignInRequired extends Problem<SignInRequired>()(
  "SignInRequired",
  declaration("sign_in_required"),
  fields("sign_in_required"),
  annotations("sign_in_required")
) {}

export class NoAccount extends Problem<NoAccount>()(
  "NoAccount",
  declaration("no_account"),
  fields("no_account"),
  annotations("no_account")
) {}

export class RoleMissing extends Problem<RoleMissing>()(
  "RoleMissing",
  declaration("role_missing"),
  {
    ...fields("role_missing"),
    roles: Schema.Array(Schema.Literals(memberRoles)).annotate({ description: "Roles that may." })
  },
  annotations("role_missing")
) {}

export class SignInAway extends Problem<SignInAway>()(
  "SignInAway",
  declaration("sign_in_away"),
  fields("sign_in_away"),
  annotations("sign_in_away")
) {}

export class UnknownMember extends Problem<UnknownMember>()(
  "UnknownMember",
  declaration("unknown_member"),
  fields("unknown_member"),
  annotations("unknown_member")
) {}

export class LastOwner extends Problem<LastOwner>()(
  "LastOwner",
  declaration("last_owner"),
  fields("last_owner"),
  annotations("last_owner")
) {}

export class UnknownInvitation extends Problem<UnknownInvitation>()(
  "UnknownInvitation",
  declaration("unknown_invitation"),
  fields("unknown_invitation"),
  annotations("unknown_invitation")
) {}

export class TooManyInvitations extends Problem<TooManyInvitations>()(
  "TooManyInvitations",
  declaration("too_many_invitations"),
  fields("too_many_invitations"),
  annotations("too_many_invitations")
) {}

export class ClosingUnconfirmed extends Problem<ClosingUnconfirmed>()(
  "ClosingUnconfirmed",
  declaration("closing_unconfirmed"),
  fields("closing_unconfirmed"),
  annotations("closing_unconfirmed")
) {}

export class ClosingRefused extends Problem<ClosingRefused>()(
  "ClosingRefused",
  declaration("closing_refused"),
  fields("closing_refused"),
  annotations("closing_refused")
) {}

export const classes = {
  sign_in_required: SignInRequired,
  no_account: NoAccount,
  role_missing: RoleMissing,
  sign_in_away: SignInAway,
  unknown_member: UnknownMember,
  last_owner: LastOwner,
  unknown_invitation: UnknownInvitation,
  too_many_invitations: TooManyInvitations,
  closing_unconfirmed: ClosingUnconfirmed,
  closing_refused: ClosingRefused
} as const satisfies Record<keyof typeof kinds, unknown>
