-- Streams are not for the role `billing`: whoever becomes that loses those that are open, as whoever leaves does.

-- As before, but for `member_left`: also when whose it is has the role `billing` now.
-- Not replaced in place: that is checked as kalshibook_api, from which the right to call it was taken.
drop function renew_connections(jsonb, bigint, bigint);
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
    if not exists (select from accounts where account_id = of_account.id and ts_closed_micros is null) then
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
    return query
      select one.connection, 'member_left'
      from jsonb_to_recordset(of_account.held) as one (connection uuid, member uuid)
      where one.member is not null
        and not exists (select from account_members where user_id = one.member and account_id = of_account.id
                          and role <> 'billing');
  end loop;
end $$;

revoke all on function renew_connections from public, anon, authenticated;
