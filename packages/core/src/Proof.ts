/**
 * Up to where the frames of one subscription are known to be complete, by both clocks: where a gap begins when something was
 * lost. A frame in order proves that nothing is missing up to it; nothing proves anything of the time after it.
 */

export interface Proof {
  /** Receipt of the last frame in order, Unix microseconds. */
  tsReceivedMicros: number
  /** The latest exchange time carried by a frame in order, Unix microseconds; `null` when none carried any. */
  tsExchangeLatestMicros: number | null
  /**
   * By how much a frame in order was ever behind an exchange time that came before it: markets on different shards of the
   * exchange need not agree to the microsecond.
   */
  exchangeDisorderMicrosMax: number
}

/** The proof of a subscription that begins now. */
export const make = (tsReceivedMicros: number): Proof => ({
  tsReceivedMicros,
  tsExchangeLatestMicros: null,
  exchangeDisorderMicrosMax: 0
})

/** Takes note of a frame in order. O(1). */
export const extend = (proof: Proof, tsReceivedMicros: number, tsExchangeMicros: number | null): void => {
  proof.tsReceivedMicros = tsReceivedMicros
  if (tsExchangeMicros === null) return
  const disorderMicros = (proof.tsExchangeLatestMicros ?? tsExchangeMicros) - tsExchangeMicros
  if (disorderMicros <= 0) proof.tsExchangeLatestMicros = tsExchangeMicros
  else if (disorderMicros > proof.exchangeDisorderMicrosMax) proof.exchangeDisorderMicrosMax = disorderMicros
}

/** No frame that was lost after the proof has an earlier exchange time than this (X2 of SPEC-book.md); `null` when nothing tells. */
export const exchangeMicros = ({ exchangeDisorderMicrosMax, tsExchangeLatestMicros }: Proof): number | null =>
  tsExchangeLatestMicros === null ? null : tsExchangeLatestMicros - exchangeDisorderMicrosMax
