-- Fewer streams may be open than are: a plan or a key was changed meanwhile. Then the youngest end, over all nodes.

-- As before, and `over_limit` for those that have as many older ones as may be open of their account (`account_max`) or of their caller
-- (`caller_max`; null: as many as the account has).
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
    return query
      select one.connection, 'over_limit'
      from (
        select connection_id as ranked, row_number() over (order by ts_opened_micros, connection_id) as nth_of_account,
          row_number() over (partition by caller order by ts_opened_micros, connection_id) as nth_of_caller
        from open_connections
        where account_id = of_account.id and ts_lease_micros > now_micros
      ) as alive
      join jsonb_to_recordset(of_account.held) as one (connection uuid, account_max integer, caller_max integer)
        on one.connection = ranked
      where nth_of_account > one.account_max or nth_of_caller > one.caller_max;
  end loop;
end $$;

revoke all on function renew_connections from public, anon, authenticated;
