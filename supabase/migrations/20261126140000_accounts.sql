-- Who may ask, and for how much: accounts with their members, keys, tickets, the ledger of credits, and the buckets of rate limits.
--
-- Everything here belongs to one account, and row level security keeps it there:
--   * a person (role authenticated, as Supabase sets it) reads what belongs to the accounts of which auth.uid() is a member;
--   * the API acts as kalshibook_api, which does not bypass row level security: it sees the account that kalshibook.account_id names, in
--     the transaction at hand, and nothing else. The functions below take that role and name the account themselves;
--   * anon sees nothing; service_role is Supabase's own.
-- Times are Unix microseconds in UTC, credits are whole numbers.

do $roles$
declare
  wanted record;
begin
  for wanted in select * from (values ('anon', ''), ('authenticated', ''), ('service_role', 'bypassrls'), ('kalshibook_api', ''))
    as roles (name, attribute)
  loop
    if exists (select from pg_roles where rolname = wanted.name) then continue; end if;
    begin
      execute format('create role %I nologin noinherit %s', wanted.name, wanted.attribute);
    exception
      when duplicate_object or unique_violation then null; -- another database of this server was quicker
      when insufficient_privilege then execute format('create role %I nologin noinherit', wanted.name);
    end;
  end loop;
  if not exists (select from pg_namespace where nspname = 'auth') then create schema auth; end if;
  if to_regprocedure('auth.uid()') is null then
    execute $uid$
      create function auth.uid() returns uuid language sql stable as
      'select (nullif(current_setting(''request.jwt.claims'', true), '''')::jsonb ->> ''sub'')::uuid'
    $uid$;
    grant usage on schema auth to anon, authenticated, service_role;
  end if;
  begin
    execute 'grant kalshibook_api to current_user';
  exception
    -- The role is of another database of this server: whoever made it has to have granted it.
    when insufficient_privilege then
      if not pg_has_role(current_user, 'kalshibook_api', 'member') then
        raise exception 'role % may not become kalshibook_api', current_user
          using errcode = 'insufficient_privilege', hint = format('A superuser has to: grant kalshibook_api to %I', current_user);
      end if;
  end;
end $roles$;

grant usage on schema public to authenticated, kalshibook_api;

create table accounts (
  account_id uuid primary key default gen_random_uuid(),
  name text not null unique check (name ~ '^[^[:cntrl:]]{1,100}$'),
  tier text not null check (tier in ('free', 'payg', 'project', 'enterprise')),
  terms jsonb not null default '{}',
  cap_credits bigint check (cap_credits >= 0),
  ts_created_micros bigint not null
);

comment on table accounts is 'The customers.';
comment on column accounts.tier is 'Which row of the pricing table counts.';
comment on column accounts.terms is 'Limits that differ from the tier''s, by their name in the pricing table.';
comment on column accounts.cap_credits is 'Credits a month at most, set by the customer; null for no cap.';

create table account_members (
  account_id uuid not null references accounts on delete cascade,
  user_id uuid not null,
  role text not null check (role in ('owner', 'member')),
  primary key (account_id, user_id)
);

comment on table account_members is 'Which people may see an account. user_id is the id of Supabase Auth.';
create index account_members_by_user on account_members (user_id);

create table api_keys (
  prefix text collate "C" primary key check (prefix ~ '^[0-9A-Za-z]{10}$'),
  account_id uuid not null references accounts on delete cascade,
  secret_hash bytea not null check (length(secret_hash) = 32),
  pepper_id text not null,
  name text not null check (name ~ '^[^[:cntrl:]]{1,100}$'),
  scopes text[] not null check (scopes <@ array['read', 'stream', 'download', 'admin']),
  requests_per_second integer check (requests_per_second > 0),
  cap_credits bigint check (cap_credits >= 0),
  ts_created_micros bigint not null,
  ts_expires_micros bigint,
  ts_revoked_micros bigint,
  ts_used_micros bigint
);

comment on table api_keys is 'Keys of the API. The key itself is nowhere: only its public prefix, and a hash with a pepper that the database does not have.';
comment on column api_keys.secret_hash is 'HMAC-SHA256 of the whole key.';
comment on column api_keys.pepper_id is 'Which pepper: the beginning of a hash of it.';
comment on column api_keys.requests_per_second is 'Less than the account''s; null for the same.';
comment on column api_keys.cap_credits is 'Credits that this key may use a month; null for no cap of its own.';
comment on column api_keys.ts_used_micros is 'Last use, to the minute.';
create index api_keys_by_account on api_keys (account_id);

create table stream_tickets (
  ticket_hash bytea primary key,
  account_id uuid not null references accounts on delete cascade,
  prefix text collate "C" not null references api_keys on delete cascade,
  ts_expires_micros bigint not null
);

comment on table stream_tickets is 'Tickets for websockets of browsers, which cannot send a header: good for one connection, for a minute. A row leaves when its ticket is used.';
create index stream_tickets_by_expiry on stream_tickets (ts_expires_micros);

create table credit_grants (
  grant_id bigint generated always as identity primary key,
  account_id uuid not null references accounts on delete cascade,
  kind text not null check (kind in ('month', 'bought')),
  credits bigint not null check (credits >= 0),
  reference text not null,
  ts_micros bigint not null,
  unique (account_id, kind, reference)
);

comment on table credit_grants is 'Credits that came: those of each month, and what was bought. Nothing is changed or removed.';
comment on column credit_grants.reference is 'Makes a grant happen once: the month, or the payment.';

create table credit_balances (
  account_id uuid primary key references accounts on delete cascade,
  month integer not null,
  grant_left bigint not null check (grant_left >= 0),
  bought_left bigint not null check (bought_left >= 0),
  month_used bigint not null check (month_used >= 0),
  month_held bigint not null check (month_held >= 0)
);

comment on table credit_balances is 'What grants and ledger add up to. Changed only together with them, under the lock of its row.';
comment on column credit_balances.month is 'Months since 1970-01 (UTC).';

create table ledger (
  request_id text collate "C" primary key,
  account_id uuid not null references accounts on delete cascade,
  prefix text collate "C" not null,
  endpoint text not null,
  question_hash bytea,
  state text not null check (state in ('held', 'used', 'returned', 'lapsed')),
  month integer not null,
  from_grant bigint not null check (from_grant >= 0),
  from_bought bigint not null check (from_bought >= 0),
  on_account bigint not null check (on_account >= 0),
  credits bigint not null default 0 check (credits between 0 and from_grant + from_bought + on_account),
  rows bigint not null default 0,
  ts_micros bigint not null,
  ts_lease_micros bigint not null
);

comment on table ledger is 'Every charged call, once: credits held before it, and what became of them. The truth; a balance only sums it up.';
comment on column ledger.question_hash is 'Of account, endpoint, parameters and cursor: the same page again, soon, costs nothing. Null where that does not apply.';
comment on column ledger.state is 'held: being answered. used: answered, for so many credits. returned: not answered, for nothing. lapsed: whoever held it said no more.';
comment on column ledger.ts_lease_micros is 'When a hold lapses by itself.';
create index ledger_by_account on ledger (account_id, ts_micros);
create index ledger_held on ledger (account_id, ts_lease_micros) where state = 'held';
create index ledger_by_question on ledger (account_id, question_hash) where question_hash is not null;

create unlogged table rate_buckets (
  bucket text collate "C" primary key,
  account_id uuid not null references accounts on delete cascade,
  tokens double precision not null,
  ts_micros bigint not null
);

comment on table rate_buckets is 'Token buckets of accounts and keys, shared by all nodes. Unlogged: after a crash all are full.';

-- Who sees what.

alter table accounts enable row level security;
alter table account_members enable row level security;
alter table api_keys enable row level security;
alter table stream_tickets enable row level security;
alter table credit_grants enable row level security;
alter table credit_balances enable row level security;
alter table ledger enable row level security;
alter table rate_buckets enable row level security;

-- Supabase grants everything in public to everybody by default.
revoke all on accounts, account_members, api_keys, stream_tickets, credit_grants, credit_balances, ledger, rate_buckets
  from public, anon, authenticated;

create policy members_own on account_members for select to authenticated using ((select auth.uid()) = user_id);

do $policies$
declare
  owned text;
begin
  foreach owned in array array['accounts', 'api_keys', 'credit_grants', 'credit_balances', 'ledger'] loop
    execute format(
      'create policy %I on %I for select to authenticated using (account_id in '
      '(select account_id from account_members where (select auth.uid()) = user_id))', owned || '_of_members', owned);
  end loop;
  foreach owned in array array['accounts', 'api_keys', 'stream_tickets', 'credit_grants', 'credit_balances', 'ledger', 'rate_buckets']
  loop
    execute format(
      'create policy %I on %I for all to kalshibook_api '
      'using (account_id = (select nullif(current_setting(''kalshibook.account_id'', true), '''')::uuid)) '
      'with check (account_id = (select nullif(current_setting(''kalshibook.account_id'', true), '''')::uuid))',
      owned || '_of_api', owned);
  end loop;
end $policies$;

-- Whoever presents a key is not known to be of an account yet: the API sees the one key, and its account, whose prefix it was given.
create policy api_keys_presented on api_keys for select to kalshibook_api
  using (prefix = (select current_setting('kalshibook.prefix', true)));
create policy accounts_presented on accounts for select to kalshibook_api
  using (account_id = (select account_id from api_keys where prefix = (select current_setting('kalshibook.prefix', true))));
create policy stream_tickets_presented on stream_tickets for all to kalshibook_api
  using (ticket_hash = (select decode(nullif(current_setting('kalshibook.ticket', true), ''), 'hex')));

grant select on accounts, account_members, credit_grants, credit_balances, ledger to authenticated;
grant select (prefix, account_id, name, scopes, requests_per_second, cap_credits, ts_created_micros, ts_expires_micros,
  ts_revoked_micros, ts_used_micros) on api_keys to authenticated;
grant select on accounts, credit_grants to kalshibook_api;
grant insert on credit_grants to kalshibook_api;
grant select, insert, update on api_keys, credit_balances, ledger, rate_buckets to kalshibook_api;
grant select, insert, delete on stream_tickets to kalshibook_api;
