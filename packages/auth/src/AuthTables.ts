/**
 * Where an embedded auth server keeps people and their sessions: a schema of its own, made when it starts. No migration of the
 * project: with Supabase none of it is there.
 */
import { during, type HotTierError } from "@kalshibook/store/HotTierError"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"

const statements = [
  `create schema if not exists embedded_auth`,
  `create table if not exists embedded_auth.users (
    user_id uuid primary key default gen_random_uuid(),
    email text not null unique check (email = lower(email)),
    password_hash text,
    user_metadata jsonb not null default '{}',
    ts_confirmed_micros bigint,
    ts_signed_in_micros bigint,
    ts_created_micros bigint not null,
    ts_updated_micros bigint not null
  )`,
  `create table if not exists embedded_auth.sessions (
    session_id uuid primary key default gen_random_uuid(),
    user_id uuid not null references embedded_auth.users on delete cascade,
    method text not null,
    ts_created_micros bigint not null
  )`,
  `create index if not exists sessions_by_user on embedded_auth.sessions (user_id)`,
  `create table if not exists embedded_auth.refresh_tokens (
    token_hash bytea primary key,
    session_id uuid not null references embedded_auth.sessions on delete cascade,
    ts_created_micros bigint not null,
    ts_used_micros bigint
  )`,
  `create index if not exists refresh_tokens_by_session on embedded_auth.refresh_tokens (session_id)`,
  `create table if not exists embedded_auth.mail_tokens (
    user_id uuid not null references embedded_auth.users on delete cascade,
    kind text not null check (kind in ('signup', 'magiclink', 'recovery', 'email_change')),
    token_hash bytea not null unique,
    code_hash bytea not null,
    attempts integer not null default 0,
    email_new text,
    code_challenge text,
    challenge_method text,
    ts_expires_micros bigint not null,
    primary key (user_id, kind)
  )`,
  `alter table embedded_auth.mail_tokens add column if not exists password_hash text`,
  `alter table embedded_auth.mail_tokens add column if not exists user_metadata jsonb`,
  `create table if not exists embedded_auth.flow_codes (
    code_hash bytea primary key,
    user_id uuid not null references embedded_auth.users on delete cascade,
    method text not null,
    code_challenge text not null,
    challenge_method text not null,
    ts_expires_micros bigint not null
  )`
]

/** Makes what is missing. Several starts at once do no harm. */
export const make: Effect.Effect<void, HotTierError, SqlClient.SqlClient> = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* Effect.gen(function* () {
    yield* sql`select pg_advisory_xact_lock(hashtext('embedded_auth'))`
    for (const statement of statements) yield* sql.unsafe(statement)
  }).pipe(sql.withTransaction, during("makeAuthTables"))
})
