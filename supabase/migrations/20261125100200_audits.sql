-- Audits: books that the exchange's REST interface answered, held against the stored logs.
--
-- Times are Unix microseconds in UTC by our receive clock. Some hundred thousand rows a day, so they are narrow.

create table audits (
  ts_answered_micros bigint not null,
  ts_requested_micros bigint not null,
  ts_from_micros bigint not null,
  ts_to_micros bigint not null,
  record_offset bigint,
  age_micros bigint,
  market_id integer not null references markets,
  epoch integer not null,
  levels_compared integer not null,
  levels_different integer not null,
  verdict "char" not null,
  reason text,
  answer bytea,
  primary key (market_id, ts_answered_micros),
  constraint audits_shape check (
    case verdict
      when 'p' then record_offset is not null and age_micros >= 0 and levels_different = 0 and reason is null
      when 'f' then record_offset is not null and levels_different > 0 and answer is not null and reason is null
      when 'u' then reason is not null
      else false
    end
  )
);

comment on table audits is 'Every comparison of a market''s log with a book answered by REST. A market is audited once per answer.';
comment on column audits.ts_answered_micros is 'When the answer was there.';
comment on column audits.ts_requested_micros is 'When it was asked for.';
comment on column audits.ts_from_micros is 'The first moment of the window of our log in which the answer''s book must be: older than any cache may be.';
comment on column audits.ts_to_micros is 'The last moment of the window: later than anything that the answer knew reaches us.';
comment on column audits.record_offset is 'Passed: last record in the first book of the window that equals the answer. Failed: the same of the book that comes closest. Else null.';
comment on column audits.age_micros is 'Passed: least age of the answer, since our book was last equal to it; 0 when it still was. Else null.';
comment on column audits.market_id is 'The market.';
comment on column audits.epoch is 'The connection of the last record of the log within the window; 0 where there is none.';
comment on column audits.levels_compared is 'Levels that either of the two books has; 0 when nothing was compared.';
comment on column audits.levels_different is 'Failed: levels at which the closest book differs from the answer. Else 0.';
comment on column audits.verdict is 'p passed, f failed (trusted throughout the window, and never equal), u undecided.';
comment on column audits.reason is 'Undecided: why nothing can be said. Else null.';
comment on column audits.answer is 'Failed: the answer''s book, in the layout of LevelsCodec: the evidence. Else null.';

create index audits_by_time on audits (ts_answered_micros) include (verdict);

alter table audits enable row level security;
