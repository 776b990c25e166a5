-- What the ledger adds up to once its single calls are of no use any more: by day, key and operation, exact to the credit.

create table ledger_days (
  account_id uuid not null references accounts on delete cascade,
  day_micros bigint not null check (day_micros % 86400000000 = 0),
  endpoint text not null,
  prefix text collate "C" not null,
  calls bigint not null,
  credits bigint not null,
  rows bigint not null,
  on_account bigint not null,
  primary key (account_id, day_micros, endpoint, prefix)
);

comment on table ledger_days is 'Calls that have left the ledger, summed up by UTC day. Together with the ledger: all that was ever used.';
comment on column ledger_days.on_account is 'Of the credits, those that were neither granted nor bought.';

alter table ledger_days enable row level security;
revoke all on ledger_days from public, anon, authenticated;
create policy ledger_days_of_members on ledger_days for select to authenticated
  using (account_id in (select account_id from account_members where (select auth.uid()) = user_id));
create policy ledger_days_of_api on ledger_days for select to kalshibook_api
  using (account_id = (select nullif(current_setting('kalshibook.account_id', true), '')::uuid));
grant select on ledger_days to authenticated, kalshibook_api;

create index ledger_by_time on ledger (ts_micros);

-- Sums up calls before a day's beginning, so many at a time, and takes them out of the ledger. Stay: what is held, and what is paid once (its
-- id begins with its account). Runs as the owner of the tables; of several at once, one works. Answers how many calls there were.
create function roll_up_ledger(before_micros bigint, calls_max integer) returns bigint language plpgsql as $$
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
    returning account_id, ts_micros / 86400000000 * 86400000000 as day_micros, endpoint, prefix, request_id, state, credits, rows, on_account
  ), summed as (
    insert into ledger_days
    select account_id, day_micros, endpoint, prefix, count(*) filter (where position('/' in request_id) = 0), sum(credits), sum(rows),
      sum(least(on_account, credits))
    from gone where state = 'used' group by account_id, day_micros, endpoint, prefix
    on conflict (account_id, day_micros, endpoint, prefix) do update set calls = ledger_days.calls + excluded.calls,
      credits = ledger_days.credits + excluded.credits, rows = ledger_days.rows + excluded.rows,
      on_account = ledger_days.on_account + excluded.on_account
  )
  select count(*) into moved from gone;
  return moved;
end $$;

revoke all on function roll_up_ledger from public, anon, authenticated;
