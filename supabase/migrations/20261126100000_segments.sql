-- The cold tier: which hours and days are sealed, by which manifest, and which hours the hot tier may forget.
--
-- The objects are in the bucket; a row here makes them count. It is written once the archiver has read its own upload back and
-- proved it, and never changes but for what is said below. Times are Unix microseconds in UTC.

create table segments (
  span text not null check (span in ('hour', 'day')),
  from_micros bigint not null,
  revision integer not null check (revision > 0),
  manifest_key text not null,
  manifest_sha256 text not null check (manifest_sha256 ~ '^[0-9a-f]{64}$'),
  manifest_bytes bigint not null,
  records bigint not null,
  rows bigint not null,
  bytes bigint not null,
  markets integer not null,
  reason text,
  sealed_by text not null,
  ts_sealed_micros bigint not null,
  ts_verified_micros bigint not null,
  is_current boolean not null default true,
  primary key (span, from_micros, revision),
  check (from_micros % case span when 'hour' then 3600000000 else 86400000000 end = 0),
  check ((reason is null) = (revision = 1))
);

comment on table segments is 'Sealed hours and days: each revision of each, with the manifest that lists its files.';
comment on column segments.from_micros is 'Beginning of the hour or day, Unix microseconds.';
comment on column segments.revision is '1, 2, 3 ...: a correction is a new one, and the one before stays.';
comment on column segments.records is 'Records of all markets that are no keyframes.';
comment on column segments.rows is 'Rows of all its files.';
comment on column segments.bytes is 'Bytes of all its files, without the manifest.';
comment on column segments.reason is 'Why it takes the place of the revision before; null for the first.';
comment on column segments.ts_verified_micros is 'When its objects were read back from the bucket and proved, last.';
comment on column segments.is_current is 'Whether it is the revision that counts.';

create unique index segments_current on segments (span, from_micros) where is_current;

create table sealed_hours (
  market_id integer not null,
  day_micros bigint not null,
  hours integer not null check (hours between 1 and 16777215),
  primary key (market_id, day_micros)
);

comment on table sealed_hours is 'In which sealed hours each market has rows: where to look for it.';
comment on column sealed_hours.day_micros is 'Beginning of the UTC day, Unix microseconds.';
comment on column sealed_hours.hours is 'A bit for each hour, the lowest for 00:00.';

create table segment_marks (
  hour_micros bigint not null,
  reason text not null,
  ts_marked_micros bigint not null,
  primary key (hour_micros, reason)
);

comment on table segment_marks is 'Sealed hours of which records were stored afterwards: they are sealed again, and until then the hot tier is asked as well.';

create table hot_floor (
  only_row boolean primary key default true check (only_row),
  from_micros bigint not null
);

comment on table hot_floor is 'Records received before this have left the hot tier. No row: none has.';

alter table segments enable row level security;
alter table sealed_hours enable row level security;
alter table segment_marks enable row level security;
alter table hot_floor enable row level security;
