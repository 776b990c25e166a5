/** How invitations are sent, where something sends them; else whoever invites passes the token on. */
import type { MemberRole } from "@kalshibook/core/contract/MemberRoles"
import { Context, type Effect, Option } from "effect"

export interface InvitationMail {
  readonly to: string
  /** Who invites. */
  readonly from: string
  readonly accountName: string
  readonly role: MemberRole
  /** What it is accepted with. */
  readonly token: string
}

/** None, unless the program says so. */
export const InvitationMails = Context.Reference<Option.Option<(mail: InvitationMail) => Effect.Effect<void>>>(
  "@kalshibook/api/InvitationMails",
  { defaultValue: Option.none }
)
