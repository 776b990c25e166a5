-- Streams that are open, so that all nodes together keep to the limits of accounts and keys; and fewer of them for a key than its account has.
--
-- A row lives by its lease: a node that dies takes nothing with it for long. Each node renews its own in one statement every some seconds,
-- and is told by the same which of them have to end.

alter table api_keys add column connections integer check (connections > 0);
comment on column api_keys.connections is 'Open streams, fewer than the account''s; null for the same.';
grant select (connections) on api_keys to authenticated;

create unlogged table open_connections (
  connection_id uuid primary key,
  account_id uuid not null references accounts on delete cascade,
  caller text collate "C" not null,
  ts_opened_micros bigint not null,
  ts_lease_micros bigint not null
);

comment on table open_connections is 'Streams that are open on some node. Unlogged: after a crash they are noted again when they are renewed.';
comment on column open_connections.caller is 'The public prefix of the key, or what else usage names the caller by.';
comment on column open_connections.ts_lease_micros is 'When it counts as closed unless it is renewed.';
create index open_connections_by_account on open_connections (account_id);

alter table open_connections enable row level security;
revoke all on open_connections from public, anon, authenticated;
create policy open_connections_of_api on open_connections for all to kalshibook_api
  using (account_id = (select nullif(current_setting('kalshibook.account_id', true), '')::uuid))
  with check (account_id = (select nullif(current_setting('kalshibook.account_id', true), '')::uuid));
grant select, insert, update, delete on open_connections to kalshibook_api;

-- Opens a connection unless account or caller have as many as they may. Answers whose limit refused it (null: open), and how many it has.
create function open_connection(connection uuid, account uuid, caller_name text, account_max integer, caller_max integer,
  lease_micros bigint, at_micros bigint, out refused_by text, out open integer)
language plpgsql set role = kalshibook_api as $$
declare
  now_micros bigint := coalesce(at_micros, micros_now());
  of_account integer;
  of_caller integer;
begin
  perform set_config('kalshibook.account_id', account::text, true);
  perform pg_advisory_xact_lock(hashtextextended('kalshibook.connections ' || account, 0));
  delete from open_connections where account_id = account and ts_lease_micros <= now_micros;
  select count(*), count(*) filter (where caller = caller_name) into of_account, of_caller
  from open_connections where account_id = account;
  open := of_account;
  if of_account >= account_max then
    refused_by := 'account';
  elsif of_caller >= caller_max then
    refused_by := 'caller';
    open := of_caller;
  else
    insert into open_connections values (connection, account, caller_name, now_micros, now_micros + lease_micros);
    open := of_account + 1;
  end if;
end $$;

-- Renews what a node has open (an array of objects), and answers which of it has to end, and why: `key_revoked`, `key_expired`, or `gone`
-- when the key or its account is not there any more. `prefix` is null where no key was shown.
create function renew_connections(held jsonb, lease_micros bigint, at_micros bigint) returns table (connection_id uuid, reason text)
language plpgsql set role = kalshibook_api as $$
#variable_conflict use_column
declare
  of_account record;
  now_micros bigint := coalesce(at_micros, micros_now());
begin
  for of_account in
    select (one ->> 'account')::uuid as id, jsonb_agg(one) as held from jsonb_array_elements(held) as one group by 1 order by 1
  loop
    perform set_config('kalshibook.account_id', of_account.id::text, true);
    if not exists (select from accounts where account_id = of_account.id) then
      return query select (one ->> 'connection')::uuid, 'gone' from jsonb_array_elements(of_account.held) as one;
      continue;
    end if;
    insert into open_connections
    select one.connection, of_account.id, one.caller, now_micros, now_micros + lease_micros
    from jsonb_to_recordset(of_account.held) as one (connection uuid, caller text)
    on conflict (connection_id) do update set ts_lease_micros = excluded.ts_lease_micros;
    return query
      select one.connection,
        case when prefix is null then 'gone' when ts_revoked_micros is not null then 'key_revoked' else 'key_expired' end
      from jsonb_to_recordset(of_account.held) as one (connection uuid, key text)
      left join api_keys on prefix = one.key
      where one.key is not null
        and (prefix is null or ts_revoked_micros is not null or ts_expires_micros <= now_micros);
  end loop;
end $$;

create function close_connection(connection uuid, account uuid) returns void
language plpgsql set role = kalshibook_api as $$
begin
  perform set_config('kalshibook.account_id', account::text, true);
  delete from open_connections where connection_id = connection;
end $$;

revoke all on function open_connection, renew_connections, close_connection from public, anon, authenticated;
