-- The people of an account: who is one, in which role, who was invited, and what is left of an account that was deleted.
--
-- A person is an id of Supabase Auth. Who asks in person is not known to be of an account yet: the API sees the memberships of the one
-- person whom kalshibook.user_id names, and the accounts they lead to.

alter table account_members drop constraint account_members_role_check;
alter table account_members add constraint account_members_role_check check (role in ('owner', 'member', 'billing'));
alter table account_members add column email text not null default '' check (length(email) <= 320);
alter table account_members add column ts_joined_micros bigint not null default 0;
comment on column account_members.role is 'owner: everything. member: data and keys. billing: what was used and what it costs.';
comment on column account_members.email is 'As it was when they joined; empty for members whom an operator has added.';

alter table accounts add column ts_closed_micros bigint;
comment on column accounts.ts_closed_micros is 'When it was deleted: its keys are revoked and its people gone; ledger and grants stay for the invoices.';
grant select (ts_closed_micros) on accounts to authenticated;

create table account_invitations (
  invitation_id uuid primary key default gen_random_uuid(),
  account_id uuid not null references accounts on delete cascade,
  email text not null check (email = lower(email) and length(email) <= 320),
  role text not null check (role in ('owner', 'member', 'billing')),
  token_hash bytea not null unique check (length(token_hash) = 32),
  invited_by uuid not null,
  ts_created_micros bigint not null,
  ts_expires_micros bigint not null,
  unique (account_id, email)
);

comment on table account_invitations is 'People who may join an account. A row leaves when they do, or when it is withdrawn.';
comment on column account_invitations.token_hash is 'Of what was handed to the one who invites, to pass on. Good for that address alone.';

alter table account_invitations enable row level security;
revoke all on account_invitations from public, anon, authenticated;
create policy account_invitations_of_api on account_invitations for all to kalshibook_api
  using (account_id = (select nullif(current_setting('kalshibook.account_id', true), '')::uuid))
  with check (account_id = (select nullif(current_setting('kalshibook.account_id', true), '')::uuid));
create policy account_members_of_api on account_members for all to kalshibook_api
  using (account_id = (select nullif(current_setting('kalshibook.account_id', true), '')::uuid))
  with check (account_id = (select nullif(current_setting('kalshibook.account_id', true), '')::uuid));
create policy account_members_presented on account_members for select to kalshibook_api
  using (user_id = (select nullif(current_setting('kalshibook.user_id', true), '')::uuid));
create policy accounts_of_person on accounts for select to kalshibook_api
  using (account_id in (select account_id from account_members
    where user_id = (select nullif(current_setting('kalshibook.user_id', true), '')::uuid)));
grant select, insert, update, delete on account_members to kalshibook_api;
grant select, insert, delete on account_invitations to kalshibook_api;
