-- The list of single requests reads index ranges alone: requests by time, and the parts of a request beside one another. A stream of a
-- day has tens of thousands of parts, each of which is a row of the ledger.

create index ledger_requests on ledger (account_id, ts_micros, request_id) where position('/' in request_id) = 0;
create index ledger_parts on ledger (account_id, request_id) where position('/' in request_id) > 0;
