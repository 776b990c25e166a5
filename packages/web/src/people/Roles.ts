/** What members are there for, in the words of the pages. */
import type { Member } from "../api/Answers.ts"

export type Role = Member["role"]

export const roles: ReadonlyArray<readonly [Role, string]> = [
  ["owner", "Owner: everything"],
  ["member", "Member: data and keys"],
  ["billing", "Billing: usage and payment"]
]
