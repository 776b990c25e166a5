/**
 * Every code of the HTTP API's errors with its status, title and meaning: what `/problems/{code}`, the documentation and the classes of
 * `Problems` are made of.
 */

/** Status and title of each kind of problem, and what it means and what to do. */
export const problems = {
  bad_parameter: {
    status: 400,
    title: "A parameter is not allowed",
    meaning:
      "A parameter is not allowed, not known or out of range. `parameter` names it and `allowed` says what it may be."
  },
  bad_cursor: {
    status: 400,
    title: "The cursor does not fit",
    meaning:
      "The cursor was not made for this list with these filters. Repeat the filters of the first page, or begin without a cursor."
  },
  time_in_future: {
    status: 400,
    title: "The moment has not come yet",
    meaning: "The moment has not come yet. Ask without `at` for the newest book, without `as_of` for what is known now."
  },
  unknown_market: {
    status: 404,
    title: "No such market",
    meaning: "No market of this ticker was ever seen on the exchange."
  },
  unknown_event: {
    status: 404,
    title: "No such event",
    meaning: "No event of this ticker was ever seen on the exchange."
  },
  unknown_series: {
    status: 404,
    title: "No such series",
    meaning: "No series of this ticker was ever seen on the exchange."
  },
  not_known_yet: {
    status: 404,
    title: "Not known at that moment",
    meaning:
      "The object is known now, but had not been seen at the moment of `as_of`. `known_since` is the earliest moment with an answer."
  },
  market_not_recorded: {
    status: 404,
    title: "Nothing was recorded of this market",
    meaning:
      "The market exists, but nothing of its book was recorded: it is not yet open, or it is not among the recorded markets."
  },
  before_first_record: {
    status: 404,
    title: "The moment lies before the first record",
    meaning:
      "The moment lies before the first record of this market. `first_record` is the earliest moment with an answer."
  },
  key_required: {
    status: 401,
    title: "This call needs a key",
    meaning:
      "The call needs a key: send it as `Authorization: Bearer kb_live_...` or `X-API-Key: kb_live_...`. Without one there are status, coverage, the documentation, and the first day of each month."
  },
  key_invalid: {
    status: 401,
    title: "The key is not valid",
    meaning: "The key is not one of ours, was not copied whole, has expired or was revoked. `detail` says which."
  },
  key_in_query: {
    status: 400,
    title: "A key does not belong into the URL",
    meaning:
      "URLs are written into logs and histories. Send the key as a header, `Authorization: Bearer ...` or `X-API-Key: ...`, and replace it: whoever saw the URL has it."
  },
  scope_missing: {
    status: 403,
    title: "The key may not do this",
    meaning: "The key is valid, but was not made for this. `scope` names what it lacks."
  },
  credits_exhausted: {
    status: 402,
    title: "There are not enough credits",
    meaning:
      "The call may cost more credits than are left. Ask for less, wait for the next month's credits, or buy some: /v1/pricing."
  },
  cap_reached: {
    status: 402,
    title: "The cap of this month is reached",
    meaning:
      "The call may cost more than the monthly cap that was set leaves over, of the account or of the key. Raise the cap, or wait for the next month."
  },
  max_credits_exceeded: {
    status: 402,
    title: "The call may cost more than `max_credits`",
    meaning:
      "The call may cost `credits_needed`, more than `max_credits` allows. Nothing was done. Ask for less, or allow more."
  },
  rate_limited: {
    status: 429,
    title: "Too fast",
    meaning:
      "More was asked for than the limit allows. Go on after the seconds in Retry-After; RateLimit says how much is left."
  },
  too_many_connections: {
    status: 429,
    title: "Too many open streams",
    meaning:
      "The account, or the key, has as many open streams as it may. Close one: `connections_max` says how many there can be."
  },
  unknown_key: {
    status: 404,
    title: "No such key",
    meaning: "The account has no key of this prefix. `/v1/keys` lists those that it has."
  },
  too_many_keys: {
    status: 409,
    title: "There are as many keys as there can be",
    meaning: "An account has a bounded number of keys that work at a time. Revoke one that is not needed any more."
  },
  not_sealed: {
    status: 404,
    title: "Nothing of this is sealed",
    meaning:
      "Files are made of sealed hours, and none of what was asked for is sealed, or has a row of these markets. `/v1/datasets` lists what is."
  },
  unknown_download: {
    status: 404,
    title: "No such download",
    meaning:
      "There is no download of this id, or not any more: they are kept for the `download_days` of the tier. Ask for it again with POST."
  },
  unknown_object: {
    status: 404,
    title: "No such file any more",
    meaning: "The URL was signed for a file that is not there any more. Ask for the download again."
  },
  signature_refused: {
    status: 403,
    title: "The URL does not work, or not any more",
    meaning:
      "The signature of the URL has expired, or does not belong to it. `GET /v1/downloads/{id}` gives new ones, free of charge."
  },
  range_not_satisfiable: {
    status: 416,
    title: "The range lies behind the end of the file",
    meaning: "The file is shorter than where the range begins. The header Content-Range says how long it is."
  },
  download_too_large: {
    status: 422,
    title: "Too much for one download",
    meaning:
      "Files are made for a download up to a size. Ask for fewer markets or days; whole days as `parquet` are not limited."
  },
  not_acceptable: {
    status: 406,
    title: "No such form of the answer",
    meaning:
      "The list cannot be written as the header Accept or `format` asks. `allowed` names the forms that there are."
  },
  storage_away: {
    status: 503,
    title: "The store of files is away",
    meaning: "Sealed files cannot be reached. Recording goes on; try again after the seconds in Retry-After."
  },
  unknown_route: {
    status: 404,
    title: "Nothing at this path",
    meaning: "There is nothing at this path. The index at / lists what there is."
  },
  method_not_allowed: {
    status: 405,
    title: "Not with this method",
    meaning: "The path exists, but not with this method. The header Allow lists those it has."
  },
  url_too_long: {
    status: 414,
    title: "The URL is too long",
    meaning: "Path and query together are longer than the server reads."
  },
  malformed_request: {
    status: 400,
    title: "This cannot be read",
    meaning:
      "What was sent is no HTTP request, has too long headers, or came too slowly; on `/v1/stream`: it is no message. `detail` says which."
  },
  upgrade_required: {
    status: 426,
    title: "This is a websocket",
    meaning:
      "`/v1/stream` is a websocket: connect with a websocket client. What is said on it is described in docs/stream.md."
  },
  overloaded: {
    status: 503,
    title: "Too many requests at this moment",
    meaning: "Too many requests are being answered at this moment. Try again after the seconds in Retry-After."
  },
  timed_out: {
    status: 503,
    title: "The answer took too long",
    meaning: "The answer took longer than the server waits. Try again, with a smaller range or page."
  },
  database_away: {
    status: 503,
    title: "The database is away",
    meaning: "The database cannot be reached. Recording goes on; try again after the seconds in Retry-After."
  },
  cold_store_away: {
    status: 503,
    title: "Sealed history cannot be reached",
    meaning:
      "The store of sealed hours cannot be reached at this moment; what is newer can be asked for. Try again after the seconds in Retry-After."
  },
  cold_data_damaged: {
    status: 500,
    title: "Sealed history is damaged",
    meaning:
      "A sealed object that the answer needs is missing, or is not what it was when it was proved, so there is no answer rather than a wrong one. `object` names it. Nothing to do for you: it is logged, and made again from what was recorded."
  },
  internal: {
    status: 500,
    title: "A fault of ours",
    meaning: "A fault of ours. It is logged under the request_id."
  }
} as const satisfies Record<string, { readonly status: number; readonly title: string; readonly meaning: string }>
export type ProblemCode = keyof typeof problems
