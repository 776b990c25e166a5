-- The balance of an account is locked before anything else of it, in whatever statement: buckets, and calls of the ledger, come behind it. Some
-- calls have no buckets, so two statements that had the same account in another order waited for each other until Postgres ended one of them.

-- Locks the balance of the account at hand; makes it where there was none.
create function lock_balance(account uuid) returns void language plpgsql as $$
begin
  perform from credit_balances where account_id = account for update;
  if found then return; end if;
  insert into credit_balances values (account, -1, 0, 0, 0, 0) on conflict do nothing;
  perform from credit_balances where account_id = account for update;
end $$;

-- Lets calls in, or says why not: first the rate, then the credits, which are held. `calls` is an array of objects; the answer has a row
-- for each. Verdicts: admitted, repeated (the same page again: nothing is held), rate_limited, exhausted, capped, key_capped.
--
-- The calls of an account come one after the other: its balance is locked and read once, and written once.
create or replace function admit_calls(calls jsonb, at_micros bigint)
returns table (request_id text, verdict text, wait_micros bigint, tokens_left double precision, credits_left bigint, held bigint)
language plpgsql set role = kalshibook_api set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
  asked record;
  balance credit_balances;
  now_micros bigint := coalesce(at_micros, micros_now());
  current_account uuid;
  taken record;
  grant_part bigint;
  bought_part bigint;
  key_used bigint;
  wanted bigint;
begin
  -- Nobody waits for the disk: a hold that a crash of the server takes away is as good as lapsed, and what settles it comes later in the
  -- same log, so that it cannot be kept without it.
  perform set_config('synchronous_commit', 'off', true);
  for asked in
    select * from jsonb_to_recordset(calls) as call (request_id text, account uuid, prefix text, endpoint text, question text,
      credits bigint, cost double precision, buckets text[], per_second double precision[], burst double precision[],
      credits_monthly bigint, is_postpaid boolean, cap_credits bigint, key_cap_credits bigint, lease_micros bigint,
      repeat_micros bigint)
    order by account -- everybody locks in the same order
  loop
    if asked.account is distinct from current_account then
      if balance is not null then
        update credit_balances set grant_left = balance.grant_left, bought_left = balance.bought_left, month_held = balance.month_held
        where account_id = current_account;
      end if;
      current_account := asked.account;
      balance := null;
      perform set_config('kalshibook.account_id', asked.account::text, true);
      perform lock_balance(asked.account);
    end if;
    request_id := asked.request_id;
    held := 0;
    credits_left := null;
    wanted := asked.credits;
    select * into taken from take_tokens(asked.account, asked.buckets, asked.per_second, asked.burst, asked.cost, now_micros);
    wait_micros := taken.wait_micros;
    tokens_left := taken.tokens_left;
    if wait_micros > 0 then
      verdict := 'rate_limited';
      return next;
      continue;
    end if;
    if balance is null then balance := balance_at(asked.account, now_micros, asked.credits_monthly); end if;
    verdict := 'admitted';
    if asked.question is not null and exists (
      select from ledger where account_id = asked.account and question_hash = decode(asked.question, 'hex') and state = 'used'
        and ts_micros > now_micros - asked.repeat_micros
    ) then
      verdict := 'repeated';
      wanted := 0;
    end if;
    grant_part := least(wanted, balance.grant_left);
    bought_part := least(wanted - grant_part, balance.bought_left);
    if wanted > 0 and wanted > asked.cap_credits - balance.month_used - balance.month_held then
      verdict := 'capped';
    elsif wanted > grant_part + bought_part and not asked.is_postpaid then
      verdict := 'exhausted';
    elsif wanted > 0 and asked.key_cap_credits is not null then
      select coalesce(sum(case state when 'held' then from_grant + from_bought + on_account else credits end), 0) into key_used
      from ledger where account_id = asked.account and prefix = asked.prefix and month = balance.month and state in ('held', 'used');
      if key_used + wanted > asked.key_cap_credits then verdict := 'key_capped'; end if;
    end if;
    if verdict in ('admitted', 'repeated') then
      insert into ledger (request_id, account_id, prefix, endpoint, question_hash, state, month, from_grant, from_bought, on_account,
        ts_micros, ts_lease_micros)
      values (asked.request_id, asked.account, asked.prefix, asked.endpoint, decode(asked.question, 'hex'), 'held', balance.month,
        grant_part, bought_part, wanted - grant_part - bought_part, now_micros, now_micros + asked.lease_micros)
      on conflict do nothing;
      if found then
        balance.grant_left := balance.grant_left - grant_part;
        balance.bought_left := balance.bought_left - bought_part;
        balance.month_held := balance.month_held + wanted;
        held := wanted;
      end if;
    end if;
    credits_left := least(
      case when asked.is_postpaid then null else balance.grant_left + balance.bought_left end,
      case when asked.cap_credits is null then null -- greatest() passes nulls over
        else greatest(0, asked.cap_credits - balance.month_used - balance.month_held) end);
    return next;
  end loop;
  if balance is not null then
    update credit_balances set grant_left = balance.grant_left, bought_left = balance.bought_left, month_held = balance.month_held
    where account_id = current_account;
  end if;
end $$;

-- Replacing it would need the role that it takes on to have a right to it, which nobody has.
drop function charge_calls(jsonb, bigint);

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
    perform lock_balance(of_group.account);
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

revoke all on function lock_balance, charge_calls from public, anon, authenticated;
grant execute on function lock_balance to kalshibook_api;
