-- What the archiver keeps besides the sealed hours: which files of which tape are in the bucket, and how it is.
--
-- Times are Unix microseconds in UTC.

create table tape_files (
  tape_id text not null,
  file_name text not null,
  key text not null,
  bytes bigint not null,
  sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
  entry_first bigint not null,
  entry_last bigint not null,
  ts_uploaded_micros bigint not null,
  ts_removed_micros bigint,
  primary key (tape_id, file_name),
  check (entry_last >= entry_first)
);

comment on table tape_files is 'Closed segments of tapes that were copied to the bucket and read back from it.';
comment on column tape_files.file_name is 'As on the recorder''s disk.';
comment on column tape_files.key is 'Of the object.';
comment on column tape_files.sha256 is 'Of the file, as it was on the disk and as it came back from the bucket.';
comment on column tape_files.entry_first is 'Number of its first entry.';
comment on column tape_files.entry_last is 'Number of its last entry, as the segment that follows it says.';
comment on column tape_files.ts_uploaded_micros is 'When the copy was proved.';
comment on column tape_files.ts_removed_micros is 'When the recorder''s own file was removed; null while it was not.';

create index tape_files_by_entry on tape_files (tape_id, entry_first);

create table archiver_status (
  only_row boolean primary key default true check (only_row),
  ts_reported_micros bigint not null,
  activity text not null,
  problem text
);

comment on table archiver_status is 'What the archiver said of itself last. One row; nothing depends on it.';
comment on column archiver_status.activity is 'What it is doing, for people.';
comment on column archiver_status.problem is 'Why it does not get on, for people; null while it does.';

alter table tape_files enable row level security;
alter table archiver_status enable row level security;
