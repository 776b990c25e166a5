-- Requests of known callers that were refused or failed: what somebody looks up who wants to know why. Calls that were answered are in the
-- ledger; a request is in both when the ledger had let it in. docs/adr/0022.

create table request_errors (
  error_id text collate "C" primary key,
  account_id uuid not null references accounts on delete cascade,
  prefix text collate "C" not null,
  endpoint text,
  status integer not null check (status between 400 and 599),
  code text not null,
  count bigint not null check (count > 0),
  ts_micros bigint not null,
  ts_last_micros bigint not null check (ts_last_micros >= ts_micros),
  check (endpoint is null or count = 1)
);

comment on table request_errors is 'Requests of an account that were answered with an error: the first of each minute and key one by one, the rest of it counted by status and code.';
comment on column request_errors.error_id is 'The id of the request; of those that were counted a name of their own.';
comment on column request_errors.endpoint is 'The call, by its operationId; null where several were counted.';
comment on column request_errors.ts_micros is 'When it was answered, by the clock of the node; of those that were counted, the first.';
create index request_errors_by_account on request_errors (account_id, ts_micros, error_id);
create index request_errors_by_time on request_errors (ts_micros);

alter table request_errors enable row level security;
revoke all on request_errors from public, anon, authenticated;
create policy request_errors_of_members on request_errors for select to authenticated
  using (account_id in (select account_id from account_members where (select auth.uid()) = user_id));
create policy request_errors_of_api on request_errors for all to kalshibook_api
  using (account_id = (select nullif(current_setting('kalshibook.account_id', true), '')::uuid))
  with check (account_id = (select nullif(current_setting('kalshibook.account_id', true), '')::uuid));
grant select on request_errors to authenticated;
grant select, insert, update on request_errors to kalshibook_api;

-- Keeps what a node has noted, each once. The same again later changes nothing, and a count only grows, so whoever does not know whether it was kept asks again.
-- Of an account that is gone or was closed nothing is kept.
create function note_request_errors(noted jsonb) returns void language plpgsql set role = kalshibook_api as $$
declare
  of_account record;
begin
  for of_account in
    select (one ->> 'account')::uuid as id, jsonb_agg(one) as noted from jsonb_array_elements(noted) as one group by 1 order by 1
  loop
    perform set_config('kalshibook.account_id', of_account.id::text, true);
    if not exists (select from accounts where account_id = of_account.id and ts_closed_micros is null) then continue; end if;
    insert into request_errors (error_id, account_id, prefix, endpoint, status, code, count, ts_micros, ts_last_micros)
    select one.id, of_account.id, one.prefix, one.endpoint, one.status, one.code, one.count, one.ts, one.ts_last
    from jsonb_to_recordset(of_account.noted) as one
      (id text, prefix text, endpoint text, status integer, code text, count bigint, ts bigint, ts_last bigint)
    on conflict (error_id) do update set count = greatest(request_errors.count, excluded.count),
      ts_last_micros = greatest(request_errors.ts_last_micros, excluded.ts_last_micros);
  end loop;
end $$;

revoke all on function note_request_errors from public, anon, authenticated;
