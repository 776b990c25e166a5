-- What was known at a moment: the fields of versions that lists are filtered by, beside their bodies, so that finding the versions of
-- a moment need not read them.

alter table market_versions
  add column event_ticker text collate "C" generated always as (body ->> 'event_ticker') stored,
  add column status text generated always as (body ->> 'status') stored;

comment on column market_versions.event_ticker is 'body.event_ticker, for filters.';
comment on column market_versions.status is 'body.status, for filters.';

create index market_versions_by_event on market_versions (event_ticker, market_id);

alter table event_versions
  add column series_ticker text collate "C" generated always as (body ->> 'series_ticker') stored,
  add column category text generated always as (body ->> 'category') stored;

comment on column event_versions.series_ticker is 'body.series_ticker, for filters.';
comment on column event_versions.category is 'body.category, for filters where the series is not known.';

create index event_versions_by_series on event_versions (series_ticker, ticker);

alter table series_versions
  add column category text generated always as (body ->> 'category') stored;

comment on column series_versions.category is 'body.category, for filters.';
