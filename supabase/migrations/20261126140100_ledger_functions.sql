-- How the API spends credits and tokens: many calls of many accounts in one statement. Each function runs as kalshibook_api, whoever calls
-- it, and names the account of each call before it touches a row, so that row level security holds for every one of them.
--
-- Connections of ours plan every statement for the values at hand, which a partitioned table needs; these tables are not partitioned, so
-- the functions keep their plans.
--
-- The rules are those of CreditBalance.ts and TokenBucket.ts in core; a test holds these to them.

create function month_of(micros bigint) returns integer language sql immutable as $$
  select ((extract(year from t) - 1970) * 12 + extract(month from t) - 1)::integer
  from (select to_timestamp(micros / 1000000) at time zone 'UTC' as t) as moment
$$;

create function micros_now() returns bigint language sql volatile as $$
  select (extract(epoch from clock_timestamp()) * 1000000)::bigint
$$;

-- The balance of the account at hand, locked, in the month of a moment, without what has lapsed by then.
create function balance_at(account uuid, now_micros bigint, credits_monthly bigint) returns credit_balances
language plpgsql as $$
declare
  balance credit_balances;
  lapsed record;
begin
  insert into credit_balances values (account, -1, 0, 0, 0, 0) on conflict do nothing;
  select * into strict balance from credit_balances where account_id = account for update;
  if balance.month < month_of(now_micros) then
    balance.month := month_of(now_micros);
    balance.grant_left := credits_monthly;
    balance.month_used := 0;
    balance.month_held := 0;
    insert into credit_grants (account_id, kind, credits, reference, ts_micros)
    values (account, 'month', credits_monthly, balance.month, now_micros) on conflict do nothing;
    update credit_balances set month = balance.month, grant_left = balance.grant_left, month_used = 0, month_held = 0
    where account_id = account;
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

-- Takes tokens out of the buckets that are named, out of all or of none. Microseconds to wait, 0 when they were taken; and what is left in
-- the first. A refusal writes nothing: the level follows from the time.
create function take_tokens(account uuid, buckets text[], per_second double precision[], burst double precision[], cost double precision,
  now_micros bigint, out wait_micros bigint, out tokens_left double precision)
language plpgsql as $$
declare
  levels double precision[] := '{}';
  level double precision;
  since bigint;
  missing double precision;
begin
  wait_micros := 0;
  for i in 1 .. cardinality(buckets) loop
    select tokens, ts_micros into level, since from rate_buckets where bucket = buckets[i] for update;
    if not found then
      insert into rate_buckets values (buckets[i], account, burst[i], now_micros) on conflict do nothing;
      select tokens, ts_micros into strict level, since from rate_buckets where bucket = buckets[i] for update;
    end if;
    levels[i] := least(burst[i], level + greatest(0, now_micros - since) / 1e6 * per_second[i]);
    missing := least(cost, burst[i]) - levels[i];
    if missing > 0 then wait_micros := greatest(wait_micros, ceil(missing / per_second[i] * 1e6)::bigint); end if;
  end loop;
  tokens_left := levels[1];
  if wait_micros = 0 then
    for i in 1 .. cardinality(buckets) loop
      update rate_buckets set tokens = levels[i] - cost, ts_micros = greatest(ts_micros, now_micros) where bucket = buckets[i];
    end loop;
    tokens_left := tokens_left - cost;
  end if;
  tokens_left := greatest(0, tokens_left);
end $$;

-- Lets calls in, or says why not: first the rate, then the credits, which are held. `calls` is an array of objects; the answer has a row
-- for each. Verdicts: admitted, repeated (the same page again: nothing is held), rate_limited, exhausted, capped, key_capped.
--
-- The calls of an account come one after the other: its balance is locked and read once, and written once.
create function admit_calls(calls jsonb, at_micros bigint)
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

-- Says what became of calls that were let in. A call that is not held any more (it lapsed, or was settled) stays as it is. Answers the ids
-- of those that were settled.
create function settle_calls(calls jsonb, at_micros bigint) returns setof text
language plpgsql set role = kalshibook_api set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
  of_account record;
  told record;
  balance credit_balances;
  back bigint;
  bought_back bigint;
  prefixes text[];
  now_micros bigint := coalesce(at_micros, micros_now());
begin
  for of_account in
    select call ->> 'account' as id, jsonb_agg(call) as calls from jsonb_array_elements(calls) as call group by 1 order by 1
  loop
    perform set_config('kalshibook.account_id', of_account.id, true);
    select * into balance from credit_balances where account_id = of_account.id::uuid for update;
    prefixes := '{}';
    for told in
      update ledger set
        state = call.state,
        credits = case call.state when 'used' then least(call.credits, from_grant + from_bought + on_account) else 0 end,
        rows = call.rows
      from jsonb_to_recordset(of_account.calls) as call (request_id text, state text, credits bigint, rows bigint)
      where ledger.request_id = call.request_id and ledger.state = 'held'
      returning ledger.request_id, ledger.prefix, ledger.month, from_grant, from_bought, on_account, ledger.credits
    loop
      back := told.from_grant + told.from_bought + told.on_account - told.credits;
      bought_back := least(greatest(0, back - told.on_account), told.from_bought);
      balance.bought_left := balance.bought_left + bought_back;
      if told.month = balance.month then
        balance.grant_left := balance.grant_left + greatest(0, back - told.on_account - bought_back);
        balance.month_used := balance.month_used + told.credits;
        balance.month_held := balance.month_held - told.credits - back;
      end if;
      if told.prefix <> all(prefixes) then prefixes := prefixes || told.prefix; end if;
      return next told.request_id;
    end loop;
    update credit_balances set bought_left = balance.bought_left, grant_left = balance.grant_left, month_used = balance.month_used,
      month_held = balance.month_held
    where account_id = of_account.id::uuid;
    update api_keys set ts_used_micros = now_micros
    where prefix = any(prefixes) and coalesce(ts_used_micros, 0) < now_micros - 60000000;
  end loop;
end $$;

-- Credits that were bought: once by their reference.
create function buy_credits(account uuid, bought bigint, reason text, at_micros bigint) returns boolean
language plpgsql set role = kalshibook_api as $$
begin
  perform set_config('kalshibook.account_id', account::text, true);
  insert into credit_balances values (account, -1, 0, 0, 0, 0) on conflict do nothing;
  perform from credit_balances where account_id = account for update;
  insert into credit_grants (account_id, kind, credits, reference, ts_micros)
  values (account, 'bought', bought, reason, coalesce(at_micros, micros_now())) on conflict do nothing;
  if not found then return false; end if;
  update credit_balances set bought_left = bought_left + bought where account_id = account;
  return true;
end $$;

revoke all on function month_of, micros_now, balance_at, take_tokens, admit_calls, settle_calls, buy_credits from public, anon, authenticated;
grant execute on function month_of, micros_now, balance_at, take_tokens to kalshibook_api;
