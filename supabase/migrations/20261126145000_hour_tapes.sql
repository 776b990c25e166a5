-- Which entries of which tape each hour's records came from, noted from the watermark as it moves: so that whoever has the hour's
-- manifest and the tape can derive the hour again, and knows that he has all of it.
--
-- Facts of the transaction that stores the records: two archivers read the same. Hours that were recorded before this was here, or
-- without a tape, have no row. Times are Unix microseconds in UTC.

create table hour_tapes (
  hour_micros bigint not null,
  tape_id text not null,
  entry_first bigint not null check (entry_first > 0),
  entry_last bigint,
  primary key (hour_micros, tape_id)
);

comment on table hour_tapes is 'From which entries of which tape the records, trades and lifecycle messages of an hour came. None came from others.';
comment on column hour_tapes.hour_micros is 'Beginning of the hour by receipt.';
comment on column hour_tapes.entry_first is 'Everything before this entry was received before the hour.';
comment on column hour_tapes.entry_last is 'Everything after this entry was received after the hour, and no gap that reaches back into it is told later. Null while that is not known: within the transaction that stores such a gap, and while the hour lasts.';

create index hour_tapes_open on hour_tapes (hour_micros) where entry_last is null;

alter table hour_tapes enable row level security;

create function note_hour_tapes() returns trigger language plpgsql as $$
declare
  hour_width constant bigint := 3600000000;
  hour_now constant bigint := new.ts_received_micros / hour_width * hour_width;
begin
  if tg_op = 'INSERT' then
    if new.tape_id is not null then
      insert into hour_tapes values (hour_now, new.tape_id, 1, null) on conflict do nothing;
    end if;
  elsif new.tape_id is distinct from old.tape_id then
    -- Another tape begins with 1. What it tells of may reach back to where the one before ended, and to the gaps of this transaction;
    -- an hour of which nothing is known stays unknown.
    insert into hour_tapes
    select hour, new.tape_id, 1, null
    from (
      select generate_series(old.ts_received_micros / hour_width * hour_width + hour_width, hour_now, hour_width)
      union select hour_micros from hour_tapes where entry_last is null
    ) as hours (hour)
    where new.tape_id is not null
    on conflict do nothing;
    update hour_tapes set entry_last = old.tape_entry where entry_last is null and tape_id = old.tape_id;
  elsif new.tape_id is not null and hour_now > old.ts_received_micros then
    insert into hour_tapes
    select hour, new.tape_id, old.tape_entry + 1, null
    from generate_series(old.ts_received_micros / hour_width * hour_width + hour_width, hour_now, hour_width) as hours (hour)
    on conflict do nothing;
  end if;
  update hour_tapes set entry_last = greatest(new.tape_entry, entry_first)
  where entry_last is null and hour_micros + hour_width <= new.ts_received_micros;
  return null;
end
$$;

comment on function note_hour_tapes is 'Begins and ends what is known of each hour''s tape as the watermark passes it.';

create trigger note_hour_tapes after insert or update on watermark
  for each row execute function note_hour_tapes();

-- A gap that is told after its hour: the hour needs the tape up to there. Gaps are stored before the watermark of their transaction,
-- which closes the hour again.
create function reopen_hour_tapes() returns trigger language plpgsql as $$
declare
  hour_width constant bigint := 3600000000;
begin
  insert into hour_tapes as stored
  select hour, tape_id, tape_entry + 1, null::bigint
  from (select distinct ts_received_micros / hour_width * hour_width from new_gaps) as late (hour), watermark
  where tape_id is not null and hour + hour_width <= ts_received_micros
    and exists (select from hour_tapes where hour_micros = hour)
  on conflict (hour_micros, tape_id) do update set entry_last = null;
  return null;
end
$$;

comment on function reopen_hour_tapes is 'Lets what is known of the tape of hours that gaps reach back into go on up to the gap.';

create trigger reopen_hour_tapes after insert on gaps
  referencing new table as new_gaps for each statement execute function reopen_hour_tapes();

do $$
declare
  api_role text;
  own constant text := 'note_hour_tapes, reopen_hour_tapes';
begin
  execute format('revoke execute on function %s from public', own);
  for api_role in select rolname from pg_roles where rolname in ('anon', 'authenticated') loop
    execute format('revoke execute on function %s from %I', own, api_role);
  end loop;
end
$$;
