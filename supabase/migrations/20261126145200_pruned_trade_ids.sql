-- Trades are stored once by their id, which leaves the hot tier with their hour. A hole in the trades that is filled afterwards brings
-- trades around it once more, so the ids of those that may come again are kept.
--
-- Times are Unix microseconds in UTC.

create table pruned_trade_ids (
  trade_id text collate "C" primary key,
  ts_exchange_micros bigint not null
);

comment on table pruned_trade_ids is 'Trades that have left the hot tier and that the filling of a hole may bring once more: they are sealed already.';
comment on column pruned_trade_ids.ts_exchange_micros is 'Time of the trade.';

alter table pruned_trade_ids enable row level security;

-- What is read to fill a hole begins and ends as much outside it as the clocks were apart, at most two hours, and a minute.
create function is_near_hole(ts_micros bigint, margin bigint) returns boolean language sql stable as $$
  select exists (
    select from channel_gaps
    where channel = 'trade' and ts_filled_micros is null and ts_from_micros - margin <= ts_micros
      and (ts_to_micros is null or ts_to_micros + margin >= ts_micros))
$$;

comment on function is_near_hole is 'Whether trades of this time may be read to fill a hole in the trades that is not filled.';

-- The trades of an hour may come again by a hole that is not filled yet; or by one that is yet to be told, which begins behind the last
-- trade that the channel brought.
create function keep_trade_ids(hour bigint) returns void language plpgsql as $$
declare
  hour_width constant bigint := 3600000000;
  margin constant bigint := 2 * hour_width + 120000000;
  proven bigint;
begin
  -- Whoever fills a hole holds this lock shared, so it sees a trade in one place or in the other.
  perform pg_advisory_xact_lock(hashtextextended('kalshibook.trade_ids', 0));
  if exists (select from trades where ts_received_micros >= hour + hour_width and epoch <> 0) then
    proven := hour + hour_width;
  else
    select max(ts_received_micros) into proven from trades
    where ts_received_micros >= hour and ts_received_micros < hour + hour_width and epoch <> 0;
  end if;
  insert into pruned_trade_ids
  select trade_id, ts_exchange_micros from trades t
  where ts_received_micros >= hour and ts_received_micros < hour + hour_width
    and (proven is null or ts_exchange_micros >= proven - margin or is_near_hole(ts_exchange_micros, margin))
  on conflict do nothing;
  delete from pruned_trade_ids
  where ts_exchange_micros < proven - margin and not is_near_hole(ts_exchange_micros, margin);
end
$$;

comment on function keep_trade_ids is 'Keeps the ids of those trades of an hour that leaves which may come again, and forgets those that may not any more.';

-- An hour that was pruned before and got a late gap since is pruned again, and the floor stays. Gives up soon where somebody reads
-- for long: whoever waits for this one waits as well.
create or replace function prune_hour(hour bigint, revision_proved integer default null) returns void language plpgsql
set lock_timeout = '2s'
as $$
declare
  hour_width constant bigint := 3600000000;
  partition text := 'records_' || to_char(to_timestamp(hour / 1000000) at time zone 'UTC', 'YYYYMMDDHH24');
  problem text;
  floor_micros bigint;
begin
  if hour % hour_width <> 0 then
    raise exception 'prune_hour: % is not the beginning of a UTC hour in Unix microseconds', hour;
  end if;
  -- No revision is committed meanwhile, and no gap that reaches back is stored: one that was is seen by its mark.
  perform pg_advisory_xact_lock(hashtextextended('kalshibook.segments', 0));
  perform pg_advisory_xact_lock(hashtextextended('kalshibook.ensure_hour', 0));
  select from_micros into floor_micros from hot_floor;
  problem := case
    when unproved_because(hour) is not null then unproved_because(hour)
    when revision_proved is not null and not exists (
      select from segments where span = 'hour' and from_micros = hour and is_current and revision = revision_proved
    ) then format('revision %s is not the current one', revision_proved)
    when exists (select from hot_hours() as earlier where earlier < hour) then 'an earlier hour is still there'
    when hour > coalesce(floor_micros, (select min(from_micros) from segments where span = 'hour'))
      then 'the hour before it has not been pruned'
    -- Counts of records outlive the records, so they must have been made.
    when exists (select from log_heads where ts_first_snapshot_micros < hour + hour_width)
         and not exists (select from coverage_totals where hour_micros = hour) then 'its coverage has not been summed up'
  end;
  if problem is not null then
    raise exception 'prune_hour(%): %', hour, problem using errcode = 'object_not_in_prerequisite_state';
  end if;
  if to_regclass(format('%I', partition)) is not null then
    execute format('drop table %I', partition);
  end if;
  delete from keyframes where ts_received_micros >= hour and ts_received_micros < hour + hour_width;
  perform keep_trade_ids(hour);
  delete from trades where ts_received_micros >= hour and ts_received_micros < hour + hour_width;
  delete from lifecycle where ts_received_micros >= hour and ts_received_micros < hour + hour_width;
  insert into hot_floor as stored (from_micros) values (hour + hour_width)
  on conflict (only_row) do update set from_micros = greatest(stored.from_micros, excluded.from_micros);
end
$$;

do $$
declare
  api_role text;
  own constant text := 'keep_trade_ids, is_near_hole';
begin
  execute format('revoke execute on function %s from public', own);
  for api_role in select rolname from pg_roles where rolname in ('anon', 'authenticated') loop
    execute format('revoke execute on function %s from %I', own, api_role);
  end loop;
end
$$;
