-- The logs of the markets: records, the keyframes that shorten reading them, their gaps and their ends; the connections
-- they came from, and up to where they are complete.
--
-- Prices are 1/10,000 dollar (e4), sizes 1/100 contract (e2), times Unix microseconds in UTC; all whole numbers.
-- records is partitioned by UTC hour of receipt, so that an hour leaves at once when it is archived.

create table epochs (
  epoch integer generated always as identity primary key,
  url text not null,
  source text not null,
  ts_opened_micros bigint not null,
  ts_closed_micros bigint,
  close_cause text
);

comment on table epochs is 'The connections to the exchange. sid and seq mean something only inside one.';
comment on column epochs.epoch is 'Grows for ever; numbers may be missing.';
comment on column epochs.url is 'Address of the websocket, without credentials.';
comment on column epochs.source is 'kalshi, simulator or recording.';
comment on column epochs.ts_opened_micros is 'When the connection was opened, by our clock, Unix microseconds.';
comment on column epochs.ts_closed_micros is 'When it ended, by our clock, Unix microseconds; null while it is open, or when its recorder died.';
comment on column epochs.close_cause is 'Why it ended; null while it is open, or when its recorder died.';

create table records (
  record_offset bigint not null,
  ts_received_micros bigint not null,
  ts_exchange_micros bigint,
  seq bigint not null,
  delta_e2 bigint,
  market_id integer not null,
  epoch integer not null,
  sid integer not null,
  price_e4 smallint,
  kind "char" not null,
  side "char",
  levels bytea,
  gap_cause text,
  ts_detected_micros bigint,
  -- Times of receipt never decrease within a log, so this is log order, and a slice by time is one range of the index.
  primary key (market_id, ts_received_micros, record_offset),
  constraint records_shape check (
    case kind
      when 'd' then side in ('y', 'n') and price_e4 between 1 and 9999 and delta_e2 <> 0
      when 's' then levels is not null
      when 'g' then gap_cause is not null and ts_detected_micros is not null
      else false
    end
  )
) partition by range (ts_received_micros);

comment on table records is 'The entries of every market''s log. Append-only. Columns are in order of width to keep rows narrow.';
comment on column records.record_offset is 'Place in the market''s log: 1, 2, 3 ... without holes.';
comment on column records.ts_received_micros is 'Our time of receipt, Unix microseconds; on a gap, the first microsecond that is not proven.';
comment on column records.ts_exchange_micros is 'The exchange''s time of the change, Unix microseconds; null where it gave none; on a gap, up to where the log is proven.';
comment on column records.seq is 'The exchange''s sequence number within (epoch, sid); on a gap, the first that is missing, 0 where none is known.';
comment on column records.delta_e2 is 'Delta: signed change of the level''s size, 1/100 contract.';
comment on column records.market_id is 'markets.market_id. Not a foreign key: it would be checked per row.';
comment on column records.epoch is 'epochs.epoch. Not a foreign key: it would be checked per row.';
comment on column records.sid is 'The exchange''s subscription id within the epoch; 0 on a gap that no subscription caused.';
comment on column records.price_e4 is 'Delta: price of the level on its own side, 1/10,000 dollar, 1..9999.';
comment on column records.kind is 's snapshot, d delta, g gap.';
comment on column records.side is 'Delta: y yes, n no.';
comment on column records.levels is 'Snapshot: both ladders, in the layout of LevelsCodec.';
comment on column records.gap_cause is 'Gap: why the book stopped being known.';
comment on column records.ts_detected_micros is 'Gap: when the recorder noticed, Unix microseconds.';

create table keyframes (
  record_offset bigint not null,
  ts_received_micros bigint not null,
  ts_exchange_micros bigint,
  ts_exchange_effective_micros bigint not null,
  seq bigint not null,
  since_offset bigint not null,
  market_id integer not null,
  epoch integer not null,
  sid integer not null,
  book_hash text not null,
  levels bytea not null,
  primary key (market_id, ts_received_micros, record_offset)
);

-- Not partitioned: they are a thousandth of the records, and finding the last one before a moment would have to plan for every hour.
comment on table keyframes is 'Full, trusted books that the recorder computed, so that reading at a moment need not go far back.';
comment on column keyframes.record_offset is 'The last record that is part of the book.';
comment on column keyframes.ts_received_micros is 'That record''s time of receipt, Unix microseconds.';
comment on column keyframes.ts_exchange_micros is 'That record''s own time of the exchange, Unix microseconds; null where it has none.';
comment on column keyframes.ts_exchange_effective_micros is 'Latest time by the exchange''s clock of any record up to this one, Unix microseconds.';
comment on column keyframes.seq is 'That record''s sequence number within (epoch, sid).';
comment on column keyframes.since_offset is 'The snapshot since which the book is trusted.';
comment on column keyframes.book_hash is 'Digest of the book, 16 hexadecimal digits.';
comment on column keyframes.levels is 'Both ladders, in the layout of LevelsCodec.';

create index keyframes_by_exchange_time on keyframes (market_id, ts_exchange_effective_micros, record_offset);

create table log_heads (
  record_offset bigint not null,
  ts_received_micros bigint not null,
  ts_exchange_micros bigint,
  seq bigint not null,
  market_id integer primary key references markets,
  epoch integer not null,
  sid integer not null,
  kind "char" not null
) with (fillfactor = 50);

comment on table log_heads is 'Where each log ends, also after its records have left for the cold tier. Half-filled pages: every batch updates it in place.';
comment on column log_heads.record_offset is 'The last record''s offset.';
comment on column log_heads.ts_received_micros is 'The last record''s time of receipt, Unix microseconds.';
comment on column log_heads.ts_exchange_micros is 'The last record''s time of the exchange, Unix microseconds; null where it has none.';
comment on column log_heads.seq is 'The last record''s sequence number within (epoch, sid).';
comment on column log_heads.kind is 'The last record''s kind: s snapshot, d delta, g gap.';

create table gaps (
  market_id integer not null references markets,
  record_offset bigint not null,
  ts_received_micros bigint not null,
  ts_detected_micros bigint not null,
  cause text not null,
  end_offset bigint,
  ts_end_micros bigint,
  primary key (market_id, record_offset),
  check ((end_offset is null) = (ts_end_micros is null)),
  check (end_offset > record_offset)
);

comment on table gaps is 'Every gap with its end. The beginning repeats the gap''s record; the end is that of the first snapshot after it.';
comment on column gaps.record_offset is 'Offset of the gap''s record.';
comment on column gaps.ts_received_micros is 'First microsecond that is not proven.';
comment on column gaps.ts_detected_micros is 'When the recorder noticed, Unix microseconds.';
comment on column gaps.end_offset is 'Offset of the first snapshot after it; null while the gap is open.';
comment on column gaps.ts_end_micros is 'Receipt of that snapshot, Unix microseconds; null while the gap is open.';

create table watermark (
  only_row boolean primary key default true check (only_row),
  epoch integer not null,
  ts_received_micros bigint not null,
  ts_exchange_micros bigint,
  ts_exchange_received_micros bigint,
  check ((ts_exchange_micros is null) = (ts_exchange_received_micros is null))
) with (fillfactor = 50);

comment on table watermark is 'Up to where everything that was received is stored. One row, none before the first batch; it never goes back.';
comment on column watermark.epoch is 'The connection that was current, 0 before the first.';
comment on column watermark.ts_received_micros is 'Every record received up to this moment is stored, Unix microseconds.';
comment on column watermark.ts_exchange_micros is 'The latest exchange time of any stored book frame, Unix microseconds; null before the first.';
comment on column watermark.ts_exchange_received_micros is 'Receipt of that frame, Unix microseconds; null before the first.';

alter table epochs enable row level security;
alter table records enable row level security;
alter table keyframes enable row level security;
alter table log_heads enable row level security;
alter table gaps enable row level security;
alter table watermark enable row level security;

-- Makes the partition for the UTC hour that begins at hour_micros. Harmless when it is there, also when called at once from
-- several sessions. The table is made on its own and then attached, which, unlike "partition of", does not wait for readers.
create function ensure_hour(hour_micros bigint) returns void language plpgsql as $$
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
  execute format('alter table records attach partition %I for values from (%s) to (%s)',
                 partition, hour_micros, hour_micros + hour_width);
end
$$;

comment on function ensure_hour is 'Makes the partition of records for the UTC hour that begins at the given Unix microsecond.';

-- A slice of one market's log, in log order, [from, to) by time of receipt. A statement over many partitions takes longer to
-- plan than to run (0.2 ms for each hour of the range), so this one is planned once per session for any values, and then looks
-- only at the hours of the range. The settings leave the planner, who cannot know the values, no other plan than walking the
-- primary key of one hour after the other until there are enough records.
create function market_records(
  market integer, from_micros bigint, to_micros bigint, after_offset bigint, records_max integer
) returns setof records language plpgsql stable rows 500
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
as $$
begin
  return query
    select * from records
    where market_id = market and ts_received_micros >= from_micros and ts_received_micros < to_micros
      and record_offset > after_offset
    order by ts_received_micros, record_offset
    limit records_max;
end
$$;

comment on function market_records is 'Records of one market received in [from_micros, to_micros), Unix microseconds, after an offset, at most records_max, in log order.';

-- Supabase lets its API call functions of this schema by name; these are the services' alone.
revoke execute on function ensure_hour, market_records from public;
do $$
declare
  api_role text;
begin
  for api_role in select rolname from pg_roles where rolname in ('anon', 'authenticated') loop
    execute format('revoke execute on function ensure_hour, market_records from %I', api_role);
  end loop;
end
$$;
