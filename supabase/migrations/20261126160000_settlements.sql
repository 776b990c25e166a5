-- How markets ended: one row for each that is finalized, kept by the catalogue's own writes, so that a list of them by time reads an index.
--
-- Times are Unix microseconds in UTC.

create function micros_of_time(text text) returns bigint language plpgsql stable parallel safe as $$
begin
  if text !~ '^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)$' then
    return null;
  end if;
  -- Digits beyond microseconds are cut, not rounded.
  return (extract(epoch from regexp_replace(text, '(\.\d{6})\d+', '\1')::timestamptz) * 1000000)::bigint;
exception when others then
  return null;
end
$$;

comment on function micros_of_time is 'A time of the exchange, ISO 8601 with its zone, in Unix microseconds; null for anything else.';

create table settlements (
  market_id integer primary key references markets,
  ticker text collate "C" not null,
  event_ticker text collate "C",
  ts_settled_micros bigint,
  ts_observed_micros bigint not null,
  ts_listed_micros bigint generated always as (coalesce(ts_settled_micros, ts_observed_micros)) stored
);

comment on table settlements is 'Markets that are finalized, by when they were settled.';
comment on column settlements.ticker is 'As in markets, for the order of lists.';
comment on column settlements.event_ticker is 'As in markets, for filters.';
comment on column settlements.ts_settled_micros is 'settlement_ts of the body: the exchange''s own time; null where it gave none.';
comment on column settlements.ts_observed_micros is 'When the market was first seen finalized.';
comment on column settlements.ts_listed_micros is 'By what lists are ordered and cut.';

create index settlements_by_time on settlements (ts_listed_micros, ticker);
create index settlements_by_event on settlements (event_ticker, ts_listed_micros, ticker);
create index settlements_by_ticker on settlements (ticker);

alter table settlements enable row level security;

create function note_settlement() returns trigger language plpgsql as $$
begin
  if new.status is distinct from 'finalized' then
    delete from settlements where market_id = new.market_id;
    return null;
  end if;
  insert into settlements as known (market_id, ticker, event_ticker, ts_settled_micros, ts_observed_micros)
  values (new.market_id, new.ticker, new.event_ticker, micros_of_time(new.body ->> 'settlement_ts'), new.ts_observed_micros)
  on conflict (market_id) do update
  set event_ticker = excluded.event_ticker, ts_settled_micros = coalesce(excluded.ts_settled_micros, known.ts_settled_micros);
  return null;
end
$$;

comment on function note_settlement is 'Keeps settlements in step with markets: a finalized market is there, one that is not (any more) is not.';

create trigger markets_settled after insert or update of body on markets
  for each row when (new.status = 'finalized') execute function note_settlement();
create trigger markets_unsettled after update of body on markets
  for each row when (old.status = 'finalized' and new.status is distinct from 'finalized') execute function note_settlement();

insert into settlements (market_id, ticker, event_ticker, ts_settled_micros, ts_observed_micros)
select market_id, ticker, event_ticker, micros_of_time(body ->> 'settlement_ts'),
  coalesce((select min(version.ts_observed_micros) from market_versions version
            where version.market_id = markets.market_id and version.status = 'finalized'), ts_observed_micros)
from markets where status = 'finalized';
