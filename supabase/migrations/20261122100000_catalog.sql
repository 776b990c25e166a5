-- What is known of series, events and markets: Kalshi's own metadata, and every version of it that was seen.
--
-- Tickers compare bytewise (collate "C"), so that lists have the same order on every server and in every program.
-- Times are Unix microseconds in UTC. Row level security is on and has no policy: only the services' own role reads.

create table series (
  ticker text collate "C" primary key,
  category text,
  version integer not null,
  ts_observed_micros bigint not null,
  body jsonb not null
);

comment on table series is 'Each series as last seen.';
comment on column series.ticker is 'Kalshi''s series ticker, for example KXBTC15M.';
comment on column series.category is 'body.category, for filters.';
comment on column series.version is '1, 2, 3 ...: number of this body in series_versions.';
comment on column series.ts_observed_micros is 'When this body was first seen, Unix microseconds.';
comment on column series.body is 'Kalshi''s object, its own field names.';

create index series_by_category on series (category, ticker);

create table series_versions (
  ticker text collate "C" not null references series,
  version integer not null,
  ts_observed_micros bigint not null,
  body jsonb not null,
  primary key (ticker, version)
);

comment on table series_versions is 'Every body of each series that was seen, the current one included.';
comment on column series_versions.version is '1, 2, 3 ... in the order of observation.';
comment on column series_versions.ts_observed_micros is 'When this body was first seen, Unix microseconds.';

create table events (
  ticker text collate "C" primary key,
  series_ticker text collate "C",
  category text,
  version integer not null,
  ts_observed_micros bigint not null,
  body jsonb not null
);

comment on table events is 'Each event as last seen.';
comment on column events.ticker is 'Kalshi''s event ticker, for example KXBTC15M-26MAY141815.';
comment on column events.series_ticker is 'body.series_ticker, for filters.';
comment on column events.category is 'body.category, for filters where the series is not known; Kalshi deprecates it.';
comment on column events.version is '1, 2, 3 ...: number of this body in event_versions.';
comment on column events.ts_observed_micros is 'When this body was first seen, Unix microseconds.';
comment on column events.body is 'Kalshi''s object without its markets, its own field names.';

create index events_by_series on events (series_ticker, ticker);

create table event_versions (
  ticker text collate "C" not null references events,
  version integer not null,
  ts_observed_micros bigint not null,
  body jsonb not null,
  primary key (ticker, version)
);

comment on table event_versions is 'Every body of each event that was seen, the current one included.';
comment on column event_versions.version is '1, 2, 3 ... in the order of observation.';
comment on column event_versions.ts_observed_micros is 'When this body was first seen, Unix microseconds.';

create table markets (
  market_id integer generated always as identity primary key,
  ticker text collate "C" not null unique,
  event_ticker text collate "C",
  status text,
  version integer not null default 0,
  ts_observed_micros bigint,
  body jsonb,
  check ((version = 0) = (body is null)),
  check ((version = 0) = (ts_observed_micros is null))
);

comment on table markets is 'Each market as last seen, and the short id that its log uses. A market may be recorded before it is described.';
comment on column markets.market_id is 'Ours, never reused; what records, keyframes and trades refer to.';
comment on column markets.ticker is 'Kalshi''s market ticker, for example KXBTC15M-26MAY141815-15.';
comment on column markets.event_ticker is 'body.event_ticker, for filters.';
comment on column markets.status is 'body.status, for filters: initialized, active, inactive, closed, determined, disputed, amended, finalized.';
comment on column markets.version is '1, 2, 3 ...: number of this body in market_versions; 0 while there is none.';
comment on column markets.ts_observed_micros is 'When this body was first seen, Unix microseconds; null while there is none.';
comment on column markets.body is 'Kalshi''s object without the fields that trading changes, its own field names; null while there is none.';

create index markets_by_event on markets (event_ticker, ticker);
create index markets_by_status on markets (status, ticker);

create table market_versions (
  market_id integer not null references markets,
  version integer not null,
  ts_observed_micros bigint not null,
  body jsonb not null,
  primary key (market_id, version)
);

comment on table market_versions is 'Every body of each market that was seen, the current one included.';
comment on column market_versions.version is '1, 2, 3 ... in the order of observation.';
comment on column market_versions.ts_observed_micros is 'When this body was first seen, Unix microseconds.';

alter table series enable row level security;
alter table series_versions enable row level security;
alter table events enable row level security;
alter table event_versions enable row level security;
alter table markets enable row level security;
alter table market_versions enable row level security;
