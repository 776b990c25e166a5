-- What a person may read by Supabase's own API is what his role may by ours: keys are for owners and members, payments for owners and billing.

create function accounts_as(roles text[]) returns setof uuid language sql stable as $$
  select account_id from account_members where user_id = (select auth.uid()) and role = any (roles)
$$;
revoke all on function accounts_as from public, anon;
grant execute on function accounts_as to authenticated;

do $policies$
declare
  owned text;
begin
  drop policy api_keys_of_members on api_keys;
  create policy api_keys_of_members on api_keys for select to authenticated
    using (account_id in (select accounts_as(array['owner', 'member'])));
  foreach owned in array array['billing_accounts', 'billing_subscriptions', 'meter_events'] loop
    execute format('drop policy %I on %I', owned || '_of_members', owned);
    execute format(
      'create policy %I on %I for select to authenticated using (account_id in (select accounts_as(array[''owner'', ''billing''])))',
      owned || '_of_members', owned);
  end loop;
end $policies$;
