-- Lifecycle messages are read in the order of receipt, page by page: of everything, and of one market or event.

create index lifecycle_by_time on lifecycle (ts_received_micros, epoch, sid, seq);

drop index lifecycle_by_ticker;
create index lifecycle_by_ticker on lifecycle (ticker, ts_received_micros, epoch, sid, seq);
