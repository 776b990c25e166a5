-- What is known of payments: which customer of the payment service an account is, a mirror of its subscriptions, the webhooks that were dealt
-- with, and the outbox of metered use.
--
-- The mirror is written by whoever verified a webhook or asked the payment service, as the owner of the tables; accounts read their own.
-- Times are Unix microseconds in UTC, credits are whole numbers.

create table billing_accounts (
  account_id uuid primary key references accounts on delete cascade,
  customer_id text collate "C" not null unique,
  ts_linked_micros bigint not null,
  claims bigint not null default 0,
  kept_claim bigint not null default 0,
  ts_kept_micros bigint
);

comment on table billing_accounts is 'Accounts that are customers of the payment service.';
comment on column billing_accounts.claims is 'How often somebody began to ask the payment service about this customer.';
comment on column billing_accounts.kept_claim is 'Which of those asked last of all that were kept: an answer to an earlier question changes nothing any more.';

create table billing_subscriptions (
  subscription_id text collate "C" primary key,
  account_id uuid not null references billing_accounts on delete cascade,
  status text not null check (status in
    ('incomplete', 'incomplete_expired', 'trialing', 'active', 'past_due', 'unpaid', 'canceled', 'paused')),
  ts_created_micros bigint not null,
  ts_period_start_micros bigint not null,
  ts_period_end_micros bigint not null,
  ts_cancel_micros bigint,
  ts_owing_micros bigint
);

comment on table billing_subscriptions is 'Subscriptions as the payment service had them when it was asked last.';
comment on column billing_subscriptions.ts_cancel_micros is 'When it ends; null while nobody cancelled it.';
comment on column billing_subscriptions.ts_owing_micros is 'Since when an invoice of it could not be charged; null where all are paid.';
create index billing_subscriptions_by_account on billing_subscriptions (account_id);
create index billing_subscriptions_owing on billing_subscriptions (account_id) where status = 'past_due';

create table billing_events (
  event_id text collate "C" primary key,
  ts_micros bigint not null
);

comment on table billing_events is 'Webhooks that were dealt with: each in the transaction of its effect.';
create index billing_events_by_time on billing_events (ts_micros);

create table meter_marks (
  account_id uuid primary key references accounts on delete cascade,
  ts_until_micros bigint not null check (ts_until_micros % 3600000000 = 0)
);

comment on table meter_marks is 'Up to when an account''s use was put into the outbox: every hour before it was decided, once.';

create table meter_events (
  account_id uuid not null references accounts on delete cascade,
  ts_hour_micros bigint not null check (ts_hour_micros % 3600000000 = 0),
  credits bigint not null check (credits > 0),
  state text not null default 'waiting' check (state in ('waiting', 'sent', 'refused')),
  ts_tried_micros bigint,
  ts_sent_micros bigint,
  primary key (account_id, ts_hour_micros)
);

comment on table meter_events is 'The outbox of metered use: the credits that an account used on account in an hour.';
comment on column meter_events.ts_tried_micros is 'When it was sent first, or first after it was found not to have arrived: its identifier is remembered for a day.';
create index meter_events_waiting on meter_events (ts_hour_micros) where state = 'waiting';

-- Decides the hours of an account from its mark (or `from_micros`) to `until_micros`: those with use on account go into the outbox. Stops at an
-- hour in which something is still held. Answers how many events there are more. The lock is the ledger's own, so nothing of an hour before
-- `until_micros` is settled meanwhile.
create function fill_meter_events(account uuid, from_micros bigint, until_micros bigint) returns bigint language plpgsql as $$
declare
  since bigint;
  until bigint := until_micros;
  held_hour bigint;
  made bigint;
begin
  perform from credit_balances where account_id = account for update;
  insert into meter_marks values (account, from_micros) on conflict do nothing;
  select ts_until_micros into strict since from meter_marks where account_id = account for update;
  select min(ts_micros) / 3600000000 * 3600000000 into held_hour
  from ledger where account_id = account and state = 'held' and ts_micros >= since;
  if held_hour is not null and held_hour < until then until := held_hour; end if;
  if until <= since then return 0; end if;
  insert into meter_events (account_id, ts_hour_micros, credits)
  select account, ts_micros / 3600000000 * 3600000000, sum(greatest(0, credits - from_grant - from_bought))
  from ledger
  where account_id = account and state = 'used' and ts_micros >= since and ts_micros < until and credits > from_grant + from_bought
  group by 2
  on conflict do nothing;
  get diagnostics made = row_count;
  update meter_marks set ts_until_micros = until where account_id = account;
  return made;
end $$;

-- What leaves the ledger keeps what was used on account. A hold took more than was used of it: what is given back comes out of that part first.
create or replace function roll_up_ledger(before_micros bigint, calls_max integer) returns bigint language plpgsql as $$
declare
  moved bigint;
begin
  if before_micros % 86400000000 <> 0 then raise exception 'a day does not begin at %', before_micros; end if;
  if not pg_try_advisory_xact_lock(hashtextextended('kalshibook.roll_up_ledger', 0)) then return 0; end if;
  with gone as (
    delete from ledger where request_id in (
      select request_id from ledger
      where ts_micros < before_micros and state <> 'held' and not starts_with(request_id, account_id || '/')
      order by ts_micros limit calls_max for update skip locked)
    returning account_id, ts_micros / 86400000000 * 86400000000 as day_micros, endpoint, prefix, request_id, state, credits, rows,
      greatest(0, credits - from_grant - from_bought) as on_account
  ), summed as (
    insert into ledger_days
    select account_id, day_micros, endpoint, prefix, count(*) filter (where position('/' in request_id) = 0), sum(credits), sum(rows),
      sum(on_account)
    from gone where state = 'used' group by account_id, day_micros, endpoint, prefix
    on conflict (account_id, day_micros, endpoint, prefix) do update set calls = ledger_days.calls + excluded.calls,
      credits = ledger_days.credits + excluded.credits, rows = ledger_days.rows + excluded.rows,
      on_account = ledger_days.on_account + excluded.on_account
  )
  select count(*) into moved from gone;
  return moved;
end $$;

alter table billing_accounts enable row level security;
alter table billing_subscriptions enable row level security;
alter table billing_events enable row level security;
alter table meter_marks enable row level security;
alter table meter_events enable row level security;

revoke all on billing_accounts, billing_subscriptions, billing_events, meter_marks, meter_events from public, anon, authenticated;

do $policies$
declare
  owned text;
begin
  foreach owned in array array['billing_accounts', 'billing_subscriptions', 'meter_events'] loop
    execute format(
      'create policy %I on %I for select to authenticated using (account_id in '
      '(select account_id from account_members where (select auth.uid()) = user_id))', owned || '_of_members', owned);
    execute format(
      'create policy %I on %I for select to kalshibook_api '
      'using (account_id = (select nullif(current_setting(''kalshibook.account_id'', true), '''')::uuid))', owned || '_of_api', owned);
    execute format('grant select on %I to authenticated, kalshibook_api', owned);
  end loop;
end $policies$;

revoke all on function fill_meter_events from public, anon, authenticated;
