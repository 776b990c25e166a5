-- Logs that stand in a gap for more than a day are not in every sealed hour any more: the few of them are found by this, among all gaps
-- that there ever were.
create index gaps_long on gaps (ts_received_micros)
  where (ts_end_micros is null or ts_end_micros - ts_received_micros > 86400000000) and cause <> 'market_closed';
