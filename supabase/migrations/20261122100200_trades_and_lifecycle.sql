-- Trades and lifecycle messages as received: the two logs that stand beside the books.
--
-- Prices are 1/10,000 dollar (e4), sizes 1/100 contract (e2), times Unix microseconds in UTC; all whole numbers.

create table trades (
  trade_id text collate "C" primary key,
  market_id integer not null references markets,
  ts_exchange_micros bigint not null,
  ts_received_micros bigint not null,
  epoch integer not null,
  sid integer not null,
  seq bigint not null,
  yes_price_e4 smallint not null,
  size_e2 bigint not null check (size_e2 > 0),
  taker_side "char" not null check (taker_side in ('y', 'n')),
  is_block_trade boolean not null
);

comment on table trades is 'Every trade once, from the websocket or, filling a hole, from REST.';
comment on column trades.trade_id is 'Kalshi''s id.';
comment on column trades.ts_exchange_micros is 'Time of the trade, Unix microseconds; the exchange gives milliseconds.';
comment on column trades.ts_received_micros is 'Our time of receipt, Unix microseconds.';
comment on column trades.epoch is 'The connection that carried it; epoch, sid and seq are 0 when it came by REST.';
comment on column trades.sid is 'The exchange''s subscription id within the epoch.';
comment on column trades.seq is 'The exchange''s sequence number within (epoch, sid).';
comment on column trades.yes_price_e4 is '1/10,000 dollar on the yes scale; the no price is one dollar less this.';
comment on column trades.size_e2 is '1/100 contract.';
comment on column trades.taker_side is 'The side that the taker bought: y yes, n no.';

create index trades_by_market on trades (market_id, ts_exchange_micros, trade_id);

create table lifecycle (
  epoch integer not null,
  sid integer not null,
  seq bigint not null,
  ts_received_micros bigint not null,
  ticker text collate "C" not null,
  event_type text not null,
  body jsonb not null,
  primary key (epoch, sid, seq)
);

comment on table lifecycle is 'Messages of the market_lifecycle_v2 channel, kept whole.';
comment on column lifecycle.epoch is 'The connection that carried it.';
comment on column lifecycle.sid is 'The exchange''s subscription id within the epoch.';
comment on column lifecycle.seq is 'The exchange''s sequence number within (epoch, sid).';
comment on column lifecycle.ts_received_micros is 'Our time of receipt, Unix microseconds.';
comment on column lifecycle.ticker is 'The market, or the event where the message is about a whole event.';
comment on column lifecycle.event_type is 'Kalshi''s event_type, or the message type for event messages.';
comment on column lifecycle.body is 'The msg object as received.';

create index lifecycle_by_ticker on lifecycle (ticker, ts_received_micros);

alter table trades enable row level security;
alter table lifecycle enable row level security;
