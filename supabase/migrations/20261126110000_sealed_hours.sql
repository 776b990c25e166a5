-- What keeps the hot tier and the cold one from losing anything between them: facts that come after an hour was sealed leave a mark,
-- and records leave the hot tier only as whole hours of which a proved copy is in the cold tier.
--
-- Times are Unix microseconds in UTC. An hour is named by its beginning.

-- Which partitions there are -----------------------------------------------------------------------------------------------------

create function hour_of_partition(partition text) returns bigint language sql immutable strict parallel safe as $$
  select case when partition ~ '^records_\d{10}$' then
    (extract(epoch from make_timestamptz(substr(partition, 9, 4)::int, substr(partition, 13, 2)::int,
                                         substr(partition, 15, 2)::int, substr(partition, 17, 2)::int, 0, 0, 'UTC'))
      * 1000000)::bigint
  end
$$;

comment on function hour_of_partition is 'The hour of a partition of records, by its name; null for any other table.';

create function hot_hours() returns setof bigint language sql stable as $$
  select hour_of_partition(c.relname) from pg_inherits i join pg_class c on c.oid = i.inhrelid
  where i.inhparent = 'records'::regclass order by 1
$$;

comment on function hot_hours is 'The hours that have a partition of records.';

-- In which order revisions were committed: files of a day are made again when one of its hours was committed after them.
alter table segments add column commit_number bigint generated always as identity;

comment on column segments.commit_number is 'Grows with each commit; numbers may be missing.';

-- Late gaps ----------------------------------------------------------------------------------------------------------------------

create table sealing_hours (
  hour_micros bigint primary key
);

comment on table sealing_hours is 'Hours that an archiver has begun to seal for the first time: gaps that are stored from then on mark them like sealed ones.';

alter table sealing_hours enable row level security;

-- Whoever stores gaps holds this lock shared until it has committed, so an hour is either noted before a gap looks for it, or read
-- after that gap is there.
create function begin_sealing(hour bigint) returns void language plpgsql as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('kalshibook.late_gaps', 0));
  delete from sealing_hours s where exists (select from segments where span = 'hour' and from_micros = s.hour_micros);
  insert into sealing_hours values (hour) on conflict do nothing;
end
$$;

comment on function begin_sealing is 'To be called, and committed, before anything of the hour is read.';

-- Only gaps reach back: they begin where proof ends, which may lie in an hour that is sealed, or is being sealed right now. That
-- hour lacks the gap, and each later one begins with a state that does not know of it. The archiver reads the marks before it reads
-- the hour, and clears those alone.
create function mark_late_gaps() returns trigger language plpgsql as $$
declare
  hour_width constant bigint := 3600000000;
  first_hour bigint;
begin
  perform pg_advisory_xact_lock_shared(hashtextextended('kalshibook.late_gaps', 0));
  select min(ts_received_micros) / hour_width * hour_width into first_hour from new_gaps;
  insert into segment_marks as stored (hour_micros, reason, ts_marked_micros)
  select marked, 'late_gap', (extract(epoch from clock_timestamp()) * 1000000)::bigint
  from (
    select from_micros from segments where span = 'hour' and is_current and from_micros >= first_hour
    union select hour_micros from sealing_hours where hour_micros >= first_hour
  ) as hours (marked)
  on conflict (hour_micros, reason) do update
  set ts_marked_micros = greatest(excluded.ts_marked_micros, stored.ts_marked_micros + 1);
  return null;
end
$$;

comment on function mark_late_gaps is 'Marks the hours that a gap which reaches back makes wrong.';

create trigger mark_late_gaps after insert on gaps
  referencing new table as new_gaps for each statement execute function mark_late_gaps();

comment on column segment_marks.reason is 'late_gap: a gap was stored that begins in this hour or before. Another word: what a person wrote who asked for it.';
comment on column segment_marks.ts_marked_micros is 'When it was marked last; grows with each time.';

-- Records do not change and do not go one by one ---------------------------------------------------------------------------------

create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception '% of % is refused: records are only appended, and leave as whole hours by prune_hour', tg_op, tg_table_name
    using errcode = 'object_not_in_prerequisite_state';
end
$$;

comment on function refuse_change is 'Refuses the statement.';

-- Postgres gives this one to every partition, also to those that are attached later ...
create trigger refuse_change before update or delete on records for each row execute function refuse_change();

-- ... and this one to none.
create trigger refuse_truncate before truncate on records for each statement execute function refuse_change();
do $$
declare
  partition regclass;
begin
  for partition in select inhrelid from pg_inherits where inhparent = 'records'::regclass loop
    execute format('create trigger refuse_truncate before truncate on %s for each statement execute function refuse_change()', partition);
  end loop;
end
$$;

create or replace function ensure_hour(hour_micros bigint) returns void language plpgsql as $$
declare
  hour_width constant bigint := 3600000000;
  partition text := 'records_' || to_char(to_timestamp(hour_micros / 1000000) at time zone 'UTC', 'YYYYMMDDHH24');
begin
  if hour_micros % hour_width <> 0 then
    raise exception 'ensure_hour: % is not the beginning of a UTC hour in Unix microseconds', hour_micros;
  end if;
  perform pg_advisory_xact_lock(hashtextextended('kalshibook.ensure_hour', 0));
  if to_regclass(format('%I', partition)) is not null then
    return;
  end if;
  execute format('create table %I (like records including defaults including constraints including comments)', partition);
  execute format('alter table %I enable row level security', partition);
  execute format('create trigger refuse_truncate before truncate on %I for each statement execute function refuse_change()', partition);
  execute format('alter table records attach partition %I for values from (%s) to (%s)',
                 partition, hour_micros, hour_micros + hour_width);
end
$$;

-- The word of a sealed hour whose records are gone is the only way to find them.
create function refuse_forgetting() returns trigger language plpgsql as $$
begin
  if tg_op = 'TRUNCATE' then
    if not exists (select from hot_floor) then
      return null;
    end if;
  elsif not exists (select from hot_floor where from_micros > old.from_micros) then
    return old;
  end if;
  raise exception '% of segments is refused: records that are sealed there have left the hot tier', tg_op
    using errcode = 'object_not_in_prerequisite_state';
end
$$;

comment on function refuse_forgetting is 'Refuses to remove what says where records are that have left the hot tier.';

create trigger refuse_forgetting before delete on segments for each row execute function refuse_forgetting();
create trigger refuse_forgetting_all before truncate on segments for each statement execute function refuse_forgetting();

-- Pruning ------------------------------------------------------------------------------------------------------------------------

-- Why an hour may not leave the hot tier, as a sentence; null when it may.
create function unproved_because(hour bigint) returns text language plpgsql stable as $$
declare
  hour_text text := to_char(to_timestamp(hour / 1000000) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI"Z"');
begin
  if not exists (select from segments where span = 'hour' and from_micros = hour and is_current) then
    return format('the hour %s has no verified manifest', hour_text);
  end if;
  if exists (select from segment_marks where hour_micros = hour) then
    return format('something was stored after the hour %s was sealed: it has to be sealed again', hour_text);
  end if;
  return null;
end
$$;

comment on function unproved_because is 'Why an hour may not leave the hot tier; null when it may.';

-- An hour that was pruned before and got a late gap since is pruned again, and the floor stays. Gives up soon where somebody reads
-- for long: whoever waits for this one waits as well.
create function prune_hour(hour bigint, revision_proved integer default null) returns void language plpgsql
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
  delete from trades where ts_received_micros >= hour and ts_received_micros < hour + hour_width;
  delete from lifecycle where ts_received_micros >= hour and ts_received_micros < hour + hour_width;
  insert into hot_floor as stored (from_micros) values (hour + hour_width)
  on conflict (only_row) do update set from_micros = greatest(stored.from_micros, excluded.from_micros);
end
$$;

comment on function prune_hour is 'Takes an hour out of the hot tier: the oldest, and only when its copy in the cold tier is proved. Names the revision that was proved, where one was.';

create index keyframes_by_receipt on keyframes using brin (ts_received_micros) with (autosummarize = on);
create index trades_by_receipt on trades using brin (ts_received_micros) with (autosummarize = on);

-- Dropping a partition by hand ---------------------------------------------------------------------------------------------------

create function refuse_unproved_drop() returns event_trigger language plpgsql
set search_path from current
as $$
declare
  partition text;
  problem text;
begin
  for partition in
    select object_name from pg_event_trigger_dropped_objects()
    where object_type = 'table' and schema_name = current_schema() and hour_of_partition(object_name) is not null
  loop
    problem := unproved_because(hour_of_partition(partition));
    if problem is not null then
      raise exception 'dropping % is refused: %', partition, problem using errcode = 'object_not_in_prerequisite_state';
    end if;
  end loop;
end
$$;

comment on function refuse_unproved_drop is 'Refuses to drop an hour of records without a proved copy.';

do $$
begin
  create event trigger kalshibook_unproved_drop on sql_drop when tag in ('DROP TABLE', 'DROP SCHEMA', 'DROP OWNED')
    execute function refuse_unproved_drop();
exception when insufficient_privilege then
  raise notice 'this role may not create event triggers: nothing but prune_hour should drop partitions of records';
end
$$;

-- Supabase lets its API call functions of this schema by name; these are the services' alone.
do $$
declare
  api_role text;
  own constant text := 'hour_of_partition, hot_hours, begin_sealing, mark_late_gaps, refuse_change, refuse_forgetting, unproved_because, prune_hour, refuse_unproved_drop';
begin
  execute format('revoke execute on function %s from public', own);
  for api_role in select rolname from pg_roles where rolname in ('anon', 'authenticated') loop
    execute format('revoke execute on function %s from %I', own, api_role);
  end loop;
end
$$;
