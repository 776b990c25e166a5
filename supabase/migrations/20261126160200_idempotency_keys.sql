-- Requests that may be repeated: under which name of its own an account sent one, and what came of it. Kept for a day.

create table idempotency_keys (
  account_id uuid not null references accounts on delete cascade,
  key text collate "C" not null,
  request_hash text not null check (request_hash ~ '^[0-9a-f]{64}$'),
  subject text,
  ts_claimed_micros bigint not null,
  primary key (account_id, key)
);

comment on table idempotency_keys is 'Names that accounts gave to requests (Idempotency-Key), for a day.';
comment on column idempotency_keys.request_hash is 'SHA-256 of the request: the same name with another request is refused.';
comment on column idempotency_keys.subject is 'Id of what came of it; null while it is being answered.';
comment on column idempotency_keys.ts_claimed_micros is 'When it was begun, Unix microseconds.';

alter table idempotency_keys enable row level security;
revoke all on idempotency_keys from anon, authenticated, kalshibook_api;
create policy idempotency_keys_own on idempotency_keys for all to kalshibook_api
  using (account_id = nullif(current_setting('kalshibook.account_id', true), '')::uuid)
  with check (account_id = nullif(current_setting('kalshibook.account_id', true), '')::uuid);
grant select, insert, update, delete on idempotency_keys to kalshibook_api;
