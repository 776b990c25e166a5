-- Coverage: when each market was open, and per UTC hour how much of that time the stored logs know.
--
-- The facts are in market_versions, log_heads, gaps and watermark. What is here is derived from them and can be made again:
-- market_openings by a trigger, in the transaction that changes the facts; the hours by Coverage.rollUp of the store.
-- Times are Unix microseconds in UTC.

-- The moment of an ISO 8601 time, read as core's microsFromIso reads it; null for anything else, and for times before 1970 or after
-- 2255. It never fails, or one odd time would keep everything out that is stored with it: no cast, which refuses some offsets.
create function micros_of_iso(iso text) returns bigint language plpgsql immutable strict parallel safe as $$
declare
  part text[] := regexp_match(iso, '^(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(?:[Zz]|([+-])([01]\d|2[0-3]):?([0-5]\d))?)?$');
  year int := part[1];
  month int := part[2];
  day int := part[3];
  hour int := coalesce(part[4], '0');
  minute int := coalesce(part[5], '0');
  second int := coalesce(part[6], '0');
  offset_minutes int := coalesce(part[9], '0')::int * 60 + coalesce(part[10], '0')::int;
  micros bigint;
begin
  if part is null or year < 1969 or month not between 1 and 12 or hour > 23 or minute > 59 or second > 59 or day < 1 then
    return null;
  end if;
  if day > extract(day from make_date(year, month, 1) + interval '1 month' - interval '1 day') then
    return null;
  end if;
  micros := extract(epoch from make_date(year, month, day)) * 1000000
    + (hour * 3600 + (minute - case part[8] when '-' then -offset_minutes else offset_minutes end) * 60 + second) * 1000000::bigint
    + rpad(left(coalesce(part[7], '0'), 6), 6, '0')::int;
  return case when micros between 0 and 9007199254740991 then micros end;
end
$$;

comment on function micros_of_iso is 'Unix microseconds of an ISO 8601 time, in UTC where it names no offset; null for any other text.';

alter table market_versions
  add column ts_opens_micros bigint generated always as (micros_of_iso(body ->> 'open_time')) stored,
  add column ts_closes_micros bigint generated always as (micros_of_iso(body ->> 'close_time')) stored;

comment on column market_versions.ts_opens_micros is 'body.open_time, Unix microseconds; null where it has none that can be read.';
comment on column market_versions.ts_closes_micros is 'body.close_time, Unix microseconds; null where it has none that can be read.';

create table market_openings (
  market_id integer primary key references markets,
  openings int8multirange not null
);

comment on table market_openings is 'When each described market was open, as its versions tell; paused time counts, because the book stays.';
comment on column market_openings.openings is 'Ranges [open, close) of Unix microseconds; 9007199254740991 where no close is known. Empty: never open.';

create index market_openings_by_end on market_openings (upper(openings));
create index market_openings_by_begin on market_openings (lower(openings));

-- A version holds from when it was seen until the next one was, the first also before. Within that time the market is open from
-- the version's open_time (without one: from when it was seen) to its close_time (without one: for ever). A close that was seen
-- late counts from when it was: no moment is open at which a later version says that the market had closed.
create function openings_of(markets integer[]) returns table (market_id integer, openings int8multirange) language sql stable as $$
  with versions as (
    select v.market_id, v.version, v.ts_observed_micros,
           coalesce(v.ts_opens_micros, v.ts_observed_micros) as ts_opens_micros,
           coalesce(v.ts_closes_micros, 9007199254740991) as ts_closes_micros
    from market_versions v where v.market_id = any(markets)
  ), spans as (
    select v.market_id,
           case when row_number() over history = 1 then ts_opens_micros
                else greatest(ts_opens_micros, ts_observed_micros) end as ts_from_micros,
           least(ts_closes_micros, lead(ts_observed_micros) over history,
                 min(ts_closes_micros) over (history rows between 1 following and unbounded following)) as ts_to_micros
    from versions v window history as (partition by v.market_id order by version)
  )
  select s.market_id,
         coalesce(range_agg(int8range(ts_from_micros, ts_to_micros)) filter (where ts_from_micros < ts_to_micros), '{}')
  from spans s group by s.market_id
$$;

comment on function openings_of is 'When these markets were open, from their versions.';

create table coverage_hours (
  market_id integer not null,
  hour_micros bigint not null,
  records integer not null check (records > 0),
  primary key (market_id, hour_micros)
);

comment on table coverage_hours is 'How many records were received of each market in each UTC hour; final once the hour is in coverage_totals. No row: none.';
comment on column coverage_hours.market_id is 'markets.market_id. Not a foreign key: it would be checked per row.';
comment on column coverage_hours.hour_micros is 'Beginning of the hour, Unix microseconds.';
comment on column coverage_hours.records is 'Snapshots and deltas; gaps are not received.';

create table coverage_totals (
  hour_micros bigint primary key,
  open_micros bigint not null,
  trusted_micros bigint not null check (trusted_micros between 0 and open_micros),
  records bigint not null,
  is_stale boolean not null default false
);

comment on table coverage_totals is 'Coverage of all markets together, by UTC hours that lie wholly before the watermark. Without holes between its first and last hour.';
comment on column coverage_totals.hour_micros is 'Beginning of the hour, Unix microseconds.';
comment on column coverage_totals.open_micros is 'Sum over the markets of the time that they were open, microseconds.';
comment on column coverage_totals.trusted_micros is 'Of that, the time at which the book was known, microseconds.';
comment on column coverage_totals.records is 'Records received of all markets.';
comment on column coverage_totals.is_stale is 'Whether facts of the hour have changed since it was made: it is made again, and not answered meanwhile.';

create index coverage_totals_stale on coverage_totals (hour_micros) where is_stale;

create table coverage_losses (
  hour_micros bigint not null references coverage_totals on delete cascade,
  cause text not null,
  lost_micros bigint not null,
  gaps integer not null,
  primary key (hour_micros, cause)
);

comment on table coverage_losses is 'Why the rest of the open time of each hour of coverage_totals is not trusted.';
comment on column coverage_losses.cause is 'Cause of the gap, or not_recorded: before the market''s first snapshot.';
comment on column coverage_losses.lost_micros is 'Open time of all markets lost to it, microseconds.';
comment on column coverage_losses.gaps is 'Gaps of this cause that began in the hour while their market was open.';

create table coverage_marks (
  ts_from_micros bigint not null,
  ts_to_micros bigint not null
);

-- Without a key, so that no transaction waits for another.
comment on table coverage_marks is 'Times of which facts have changed after the event: hours that touch them are made again. Emptied by Coverage.rollUp.';
comment on column coverage_marks.ts_from_micros is 'Unix microseconds.';
comment on column coverage_marks.ts_to_micros is 'Unix microseconds; the range is [from, to).';

create function note_openings() returns trigger language plpgsql as $$
begin
  with found as (
    select * from openings_of(array(select distinct market_id from new_versions))
  ), changed as (
    select found.market_id, found.openings, coalesce(known.openings, '{}') as openings_before
    from found left join market_openings known using (market_id)
    where known.openings is distinct from found.openings
  ), marked as (
    insert into coverage_marks
    select distinct lower(part) - lower(part) % 3600000000, upper(part)
    from changed cross join unnest((openings - openings_before) + (openings_before - openings)) as part
  )
  insert into market_openings select market_id, openings from changed order by market_id
  on conflict (market_id) do update set openings = excluded.openings;
  return null;
end
$$;

comment on function note_openings is 'Keeps market_openings, and marks the times that it changed.';

create trigger note_openings after insert on market_versions
  referencing new table as new_versions for each statement execute function note_openings();

-- A gap that is noticed in a later hour than it begins in takes trust from hours that may have been summed up already.
create function note_late_gaps() returns trigger language plpgsql as $$
begin
  insert into coverage_marks
  select distinct ts_received_micros - ts_received_micros % 3600000000, ts_detected_micros - ts_detected_micros % 3600000000
  from new_gaps
  where ts_received_micros / 3600000000 < ts_detected_micros / 3600000000;
  return null;
end
$$;

comment on function note_late_gaps is 'Marks the hours before the one in which a gap was noticed.';

create trigger note_late_gaps after insert on gaps
  referencing new table as new_gaps for each statement execute function note_late_gaps();

-- Finds the gaps of a market that reach into a range without reading its older ones.
create index gaps_by_end on gaps (market_id, coalesce(ts_end_micros, 9007199254740991));

insert into market_openings
select market_id, openings from openings_of(array(select market_id from markets where version > 0));

alter table market_openings enable row level security;
alter table coverage_hours enable row level security;
alter table coverage_totals enable row level security;
alter table coverage_losses enable row level security;
alter table coverage_marks enable row level security;

-- Supabase lets its API call functions of this schema by name; these are the services' alone.
revoke execute on function micros_of_iso, openings_of, note_openings, note_late_gaps from public;
do $$
declare
  api_role text;
begin
  for api_role in select rolname from pg_roles where rolname in ('anon', 'authenticated') loop
    execute format('revoke execute on function micros_of_iso, openings_of, note_openings, note_late_gaps from %I', api_role);
  end loop;
end
$$;
