-- Downloads: what was asked for, how far the work on it is, and the objects that came of it.
--
-- The id is made of the question and of the revisions that answer it, so the same question is answered by the same objects. URLs are
-- signed when somebody asks, and stand nowhere. Times are Unix microseconds in UTC.

create table downloads (
  id text primary key check (id ~ '^dl_[0-9a-f]{32}$'),
  request jsonb not null,
  state text not null check (state in ('queued', 'running', 'done', 'failed')),
  reason text,
  parts jsonb not null default '[]',
  days_total integer not null check (days_total >= 0),
  days_done integer not null default 0 check (days_done between 0 and days_total),
  rows_done bigint not null default 0,
  bytes_done bigint not null default 0,
  attempts integer not null default 0,
  lease_owner text,
  lease_until_micros bigint,
  ts_created_micros bigint not null,
  ts_changed_micros bigint not null,
  ts_expires_micros bigint not null,
  check ((state = 'failed') = (reason is not null)),
  check ((state = 'running') = (lease_owner is not null)),
  check ((lease_owner is null) = (lease_until_micros is null))
);

comment on table downloads is 'Files that somebody asked for: sealed ones as they are, or such as were made for the question.';
comment on column downloads.request is 'The question, and the sealed revisions that answer it.';
comment on column downloads.reason is 'Why it failed; null in any other state.';
comment on column downloads.parts is 'The files that are ready: object keys with what they hold.';
comment on column downloads.days_done is 'Days whose files are ready; work that was interrupted goes on behind them.';
comment on column downloads.attempts is 'How often the work was begun.';
comment on column downloads.lease_until_micros is 'Until when its worker is believed to live; after that another takes it up.';
comment on column downloads.ts_expires_micros is 'From when on it is forgotten, with the objects that were made for it.';

create index downloads_waiting on downloads (ts_created_micros) where state in ('queued', 'running');
create index downloads_expiring on downloads (ts_expires_micros);

alter table downloads enable row level security;
