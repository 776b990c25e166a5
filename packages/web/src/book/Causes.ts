/** Why a book was not known, in words. The causes are the contract's; the words here are short enough for a cell. */

const texts: Readonly<Record<string, string>> = {
  not_recorded: "not recorded",
  connection_lost: "connection lost",
  silence: "the feed fell silent",
  sequence_hole: "a frame was missing",
  channel_error: "subscription ended by the exchange",
  undecodable: "a frame could not be read",
  inconsistent: "the feed contradicted itself",
  recorder_stopped: "no recorder was running",
  audit: "an audit contradicted the book",
  maintenance: "announced maintenance",
  market_closed: "the market closed",
  unsubscribed: "not subscribed",
  storage: "records could not be stored"
}

export const short = (cause: string): string => texts[cause] ?? cause.replaceAll("_", " ")
