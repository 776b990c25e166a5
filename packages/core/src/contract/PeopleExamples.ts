/** Examples of answers about people. */
import { key } from "./AccountExamples.ts"
import { answer } from "./AnswerExample.ts"

const account = {
  account_id: "3f0f7c4e-5a53-4c8e-9a55-2b1d6f0f9f10",
  name: "ada@example.com",
  tier: "free",
  role: "owner"
}
const ada = {
  user_id: "b2c1a5f0-0f6e-4b7c-9d5e-6a1f3c2b4d5e",
  email: "ada@example.com",
  role: "owner",
  joined_at: "2026-11-20T09:12:05.118220Z"
}
const grace = {
  user_id: "0d9c8b7a-6f5e-4d3c-8b2a-1f0e9d8c7b6a",
  email: "grace@example.com",
  role: "member",
  joined_at: "2026-11-21T08:00:41.902114Z"
}
const invitation = {
  id: "7e6d5c4b-3a29-4180-9f7e-6d5c4b3a2918",
  email: "grace@example.com",
  role: "member",
  created_at: "2026-11-20T17:31:02.550190Z",
  expires_at: "2026-11-27T17:31:02.550190Z"
}
const { email, user_id } = ada

/** By operation. */
export const peopleExamples: Readonly<Record<string, unknown>> = {
  getSession: { user_id, email, accounts: [account], ...answer },
  openAccount: { account, is_new: true, key, secret: "kb_live_7Yq0hT3kPa_...", ...answer },
  closeAccount: { account_id: account.account_id, closed: true, ...answer },
  listMembers: { members: [ada, grace], ...answer },
  changeMember: { members: [ada, { ...grace, role: "owner" }], ...answer },
  removeMember: { members: [ada], ...answer },
  listInvitations: { invitations: [invitation], ...answer },
  inviteMember: { invitation, token: "Jm8yB1T0n7gqW3xvS5dLkA2c", is_mailed: false, ...answer },
  withdrawInvitation: { invitations: [], ...answer },
  acceptInvitation: { account: { ...account, role: "member" }, ...answer }
}
