-- Charges: what is let in and paid in one step, because its price is known when it is told; and months whose grant grows with the tier.

alter table credit_balances add column month_credits bigint not null default 0 check (month_credits >= 0);
comment on column credit_balances.month_credits is 'The largest monthly grant that counted in this month: what a better tier gives beyond it is added in part.';
update credit_balances set month_credits = coalesce((
  select credits from credit_grants
  where credit_grants.account_id = credit_balances.account_id and kind = 'month' and reference = credit_balances.month::text), 0);

-- The part of a month's credits that are left for what remains of it, rounded up.
create function month_share(credits bigint, now_micros bigint) returns bigint language sql immutable as $$
  select ceil(credits::numeric * (until - now_micros) / (until - since))::bigint
  from (select (extract(epoch from month) * 1000000)::bigint as since, (extract(epoch from month + interval '1 month') * 1000000)::bigint as until
        from (select date_trunc('month', to_timestamp(now_micros / 1000000) at time zone 'UTC') as month) as begun) as months
$$;

-- The balance of the account at hand, locked, in the month of a moment, without what has lapsed by then. A grant that grew within the
-- month is there at once, for what is left of the month; one that shrank counts from the next.
create or replace function balance_at(account uuid, now_micros bigint, credits_monthly bigint) returns credit_balances
language plpgsql as $$
declare
  balance credit_balances;
  lapsed record;
  more bigint;
begin
  select * into balance from credit_balances where account_id = account for update;
  if not found then
    insert into credit_balances values (account, -1, 0, 0, 0, 0) on conflict do nothing;
    select * into strict balance from credit_balances where account_id = account for update;
  end if;
  if balance.month < month_of(now_micros) then
    balance.month := month_of(now_micros);
    balance.grant_left := credits_monthly;
    balance.month_credits := credits_monthly;
    balance.month_used := 0;
    balance.month_held := 0;
    insert into credit_grants (account_id, kind, credits, reference, ts_micros)
    values (account, 'month', credits_monthly, balance.month, now_micros) on conflict do nothing;
    update credit_balances set month = balance.month, grant_left = balance.grant_left, month_credits = credits_monthly, month_used = 0,
      month_held = 0
    where account_id = account;
  elsif credits_monthly > balance.month_credits then
    more := month_share(credits_monthly - balance.month_credits, now_micros);
    balance.grant_left := balance.grant_left + more;
    balance.month_credits := credits_monthly;
    insert into credit_grants (account_id, kind, credits, reference, ts_micros)
    values (account, 'month', more, balance.month || ' to ' || credits_monthly, now_micros) on conflict do nothing;
    update credit_balances set grant_left = balance.grant_left, month_credits = credits_monthly where account_id = account;
  end if;
  for lapsed in
    update ledger set state = 'lapsed'
    where account_id = account and state = 'held' and ts_lease_micros <= now_micros
    returning month, from_grant, from_bought, on_account
  loop
    balance.bought_left := balance.bought_left + lapsed.from_bought;
    if lapsed.month = balance.month then
      balance.grant_left := balance.grant_left + lapsed.from_grant;
      balance.month_held := balance.month_held - lapsed.from_grant - lapsed.from_bought - lapsed.on_account;
    end if;
    update credit_balances set bought_left = balance.bought_left, grant_left = balance.grant_left, month_held = balance.month_held
    where account_id = account;
  end loop;
  return balance;
end $$;

-- Charges calls of which is known what they cost: tokens and credits at once, or neither. `groups` is an array of objects, each with the
-- calls of one account as columns; `bucket_costs` is what they take out of each bucket together. When all of a group can be let in, it is
-- a handful of statements however many calls it has; else each is decided by itself, as `admit_calls` does. `states`: `used` for what was
-- answered; anything else takes tokens and is no use. `is_once`: an id that was let in before and never paid is free again.
create function charge_calls(groups jsonb, at_micros bigint)
returns table (request_id text, verdict text, wait_micros bigint, tokens_left double precision, credits_left bigint, charged bigint)
language plpgsql set role = kalshibook_api set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
  of_group record;
  balance credit_balances;
  now_micros bigint := coalesce(at_micros, micros_now());
  durability text := current_setting('synchronous_commit');
  levels double precision[];
  level double precision;
  is_enough boolean;
  singly jsonb;
  known text[];
begin
  for of_group in
    select * from jsonb_to_recordset(groups) as one (account uuid, credits_monthly bigint, is_postpaid boolean, cap_credits bigint,
      is_once boolean, buckets text[], per_second double precision[], burst double precision[], bucket_costs double precision[],
      total bigint, ids text[], prefixes text[], endpoints text[], states text[], credits bigint[], rows bigint[],
      costs double precision[], key_caps bigint[])
    order by account -- everybody locks in the same order
  loop
    perform set_config('kalshibook.account_id', of_group.account::text, true);
    if of_group.is_once then
      update ledger set request_id = ledger.request_id || ' ' || now_micros
      where ledger.request_id = any(of_group.ids) and state in ('lapsed', 'returned');
    end if;
    is_enough := cardinality(array_remove(of_group.key_caps, null)) = 0;
    levels := '{}';
    for i in 1 .. cardinality(of_group.buckets) loop
      exit when not is_enough;
      select least(of_group.burst[i], tokens + greatest(0, now_micros - ts_micros) / 1e6 * of_group.per_second[i]) into level
      from rate_buckets where bucket = of_group.buckets[i] for update;
      levels[i] := level;
      is_enough := found and level >= of_group.bucket_costs[i];
    end loop;
    if is_enough then
      balance := balance_at(of_group.account, now_micros, of_group.credits_monthly);
      is_enough := (of_group.is_postpaid or of_group.total <= balance.grant_left + balance.bought_left)
        and (of_group.total = 0 or of_group.cap_credits is null
          or of_group.total <= of_group.cap_credits - balance.month_used - balance.month_held);
    end if;
    if not is_enough then
      select jsonb_agg(jsonb_build_object('request_id', id, 'account', of_group.account, 'prefix', prefix, 'endpoint', endpoint,
        'question', null, 'state', state, 'credits', credits, 'rows', rows, 'cost', cost, 'buckets', of_group.buckets,
        'per_second', of_group.per_second, 'burst', of_group.burst, 'credits_monthly', of_group.credits_monthly,
        'is_postpaid', of_group.is_postpaid, 'cap_credits', of_group.cap_credits, 'key_cap_credits', key_cap,
        'lease_micros', 0, 'repeat_micros', 0) order by place) into singly
      from unnest(of_group.ids, of_group.prefixes, of_group.endpoints, of_group.states, of_group.credits, of_group.rows,
        of_group.costs, of_group.key_caps) with ordinality
        as one (id, prefix, endpoint, state, credits, rows, cost, key_cap, place);
      select coalesce(array_agg(ledger.request_id), '{}') into known from ledger where ledger.request_id = any(of_group.ids);
      return query
        with let_in as materialized (select * from admit_calls(singly, now_micros)),
        settled as materialized (
          select id from settle_calls((
            select coalesce(jsonb_agg(one), '[]') from jsonb_array_elements(singly) as one
            where one ->> 'request_id' in (select let_in.request_id from let_in where let_in.verdict = 'admitted')
              and one ->> 'request_id' <> all(known)), now_micros) as id)
        select let_in.request_id, let_in.verdict, let_in.wait_micros, let_in.tokens_left, let_in.credits_left,
          case when let_in.request_id in (select id from settled) then let_in.held else 0 end
        from let_in;
      -- Letting in does not wait for the disk; what was paid does.
      perform set_config('synchronous_commit', durability, true);
      continue;
    end if;
    for i in 1 .. cardinality(of_group.buckets) loop
      levels[i] := levels[i] - of_group.bucket_costs[i];
      update rate_buckets set tokens = levels[i], ts_micros = greatest(ts_micros, now_micros) where bucket = of_group.buckets[i];
    end loop;
    return query
      with asked as (
        select id, prefix, endpoint, credits, rows, sum(credits) over (order by place)::bigint as upto
        from unnest(of_group.ids, of_group.prefixes, of_group.endpoints, of_group.states, of_group.credits, of_group.rows)
          with ordinality as one (id, prefix, endpoint, state, credits, rows, place)
        where state = 'used'
      ), entered as (
        insert into ledger (request_id, account_id, prefix, endpoint, state, month, from_grant, from_bought, on_account, credits, rows,
          ts_micros, ts_lease_micros)
        select id, of_group.account, prefix, endpoint, 'used', balance.month,
          least(upto, balance.grant_left) - least(upto - credits, balance.grant_left),
          least(greatest(0, upto - balance.grant_left), balance.bought_left)
            - least(greatest(0, upto - credits - balance.grant_left), balance.bought_left),
          greatest(0, upto - balance.grant_left - balance.bought_left)
            - greatest(0, upto - credits - balance.grant_left - balance.bought_left),
          credits, rows, now_micros, now_micros
        from asked
        on conflict do nothing
        returning ledger.request_id as id, from_grant, from_bought, ledger.credits as credits
      ), paid as (
        update credit_balances set grant_left = balance.grant_left - sums.from_grant,
          bought_left = balance.bought_left - sums.from_bought, month_used = balance.month_used + sums.credits
        from (select coalesce(sum(from_grant), 0)::bigint as from_grant, coalesce(sum(from_bought), 0)::bigint as from_bought,
                     coalesce(sum(entered.credits), 0)::bigint as credits from entered) as sums
        where account_id = of_group.account
        returning grant_left + bought_left as left_over, month_used + month_held as taken
      ), touched as (
        update api_keys set ts_used_micros = now_micros
        where prefix = any(of_group.prefixes) and coalesce(ts_used_micros, 0) < now_micros - 60000000
      )
      select one.id, 'admitted', 0::bigint, coalesce(levels[1], 0),
        least(case when of_group.is_postpaid then null else paid.left_over end,
          case when of_group.cap_credits is null then null else greatest(0, of_group.cap_credits - paid.taken) end),
        coalesce(entered.credits, 0)
      from unnest(of_group.ids) as one (id) cross join paid left join entered on entered.id = one.id;
  end loop;
end $$;

revoke all on function month_share, charge_calls from public, anon, authenticated;
grant execute on function month_share, admit_calls, settle_calls to kalshibook_api;
