-- What the recorder says of itself, for an API that runs in another process. Nothing depends on it: the data is in the other tables.

create table recorder_status (
  only_row boolean primary key default true check (only_row),
  ts_reported_micros bigint not null,
  source text not null,
  url text,
  state text not null,
  ts_since_micros bigint,
  markets_recorded integer not null,
  records_per_second double precision,
  report jsonb
) with (fillfactor = 50);

comment on table recorder_status is 'What the recorder said of itself last: every few seconds while it runs and the database takes its records. One row.';
comment on column recorder_status.ts_reported_micros is 'When it said so, by its receive clock, Unix microseconds.';
comment on column recorder_status.source is 'Where the data comes from: kalshi, simulator or recording.';
comment on column recorder_status.url is 'Address of the exchange''s websocket, without credentials.';
comment on column recorder_status.state is 'starting, recording, reconnecting or stopped.';
comment on column recorder_status.ts_since_micros is 'Since when it is in this state, Unix microseconds; null where it is not known.';
comment on column recorder_status.markets_recorded is 'Markets whose books are exact.';
comment on column recorder_status.records_per_second is 'Records stored per second, over the last seconds.';
comment on column recorder_status.report is 'The rest, as in the field recorder of /v1/status.';

alter table recorder_status enable row level security;
