-- Search over markets by words: plain full text indexes of Postgres, without an extension and without a dictionary, over words that are cut
-- in the same way by the program (core's MarketSearch), so that memory and tables find the same.

create function search_words(text text) returns tsvector language sql immutable parallel safe as $$
  select array_to_tsvector(array(
    select distinct left(word, 64)
    from regexp_split_to_table(lower(left(coalesce(text, ''), 4000) collate "C"), '[\x01-\x2f\x3a-\x40\x5b-\x60\x7b-\xbf\u2000-\u206f]+') as word
    where word <> '' order by 1))
$$;

comment on function search_words is 'The words of a text: what stands between spaces and punctuation, A to Z as small letters.';

create function market_search_text(ticker text, body jsonb) returns text language sql immutable parallel safe as $$
  select ticker || ' ' || coalesce(body ->> 'title', '') || ' ' || coalesce(body ->> 'subtitle', '') || ' ' ||
    coalesce(body ->> 'yes_sub_title', '') || ' ' || coalesce(body ->> 'no_sub_title', '')
$$;

create function event_search_text(ticker text, body jsonb) returns text language sql immutable parallel safe as $$
  select ticker || ' ' || coalesce(body ->> 'title', '') || ' ' || coalesce(body ->> 'sub_title', '')
$$;

create function series_search_text(ticker text, body jsonb) returns text language sql immutable parallel safe as $$
  select ticker || ' ' || coalesce(body ->> 'title', '')
$$;

alter table markets add column search tsvector generated always as (search_words(market_search_text(ticker, body))) stored;
alter table events add column search tsvector generated always as (search_words(event_search_text(ticker, body))) stored;
alter table series add column search tsvector generated always as (search_words(series_search_text(ticker, body))) stored;

comment on column markets.search is 'Words of ticker, title and subtitles.';
comment on column events.search is 'Words of ticker, title and subtitle.';
comment on column series.search is 'Words of ticker and title.';

create index markets_by_words on markets using gin (search);
create index events_by_words on events using gin (search);
create index series_by_words on series using gin (search);
