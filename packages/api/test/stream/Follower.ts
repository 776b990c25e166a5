/**
 * A reader that believes nothing: it folds what it is sent into books, and every record has to follow the one before. What it has at any
 * moment it can take to another connection.
 */
import * as Book from "@kalshibook/core/Book"
import type { Level, Side } from "@kalshibook/core/BookRecord"
import type { OrderbookFp } from "@kalshibook/core/contract/OrderbookFp"
import type { ServerMessage } from "@kalshibook/core/contract/stream/StreamMessages"
import { priceE4FromDollars, sizeE2FromContracts } from "@kalshibook/core/Units"
import { Option } from "effect"

export type MessageOf<Type extends ServerMessage["type"]> = Extract<ServerMessage, { readonly type: Type }>

/** What is known of a market. */
export interface Followed {
  offset: number
  epoch: number
  book: Book.Book
  trust: "unknown" | "trusted" | "stale"
  /** Records as they came, in order, since the last book that replaced them. */
  records: Array<MessageOf<"record">>
}

export interface Follower {
  readonly markets: Map<string, Followed>
  readonly messages: Array<ServerMessage>
  /** What did not fit together. */
  readonly faults: Array<string>
  readonly take: (message: ServerMessage) => void
  readonly of: <Type extends ServerMessage["type"]>(type: Type) => ReadonlyArray<MessageOf<Type>>
  /** Where to go on elsewhere. */
  readonly places: () => Record<string, { readonly offset: number; readonly epoch: number }>
}

const levels = ({ no_dollars, yes_dollars }: OrderbookFp) => ({
  yes: yes_dollars.map(level),
  no: no_dollars.map(level)
})

const level = ([price, size]: readonly [string, string]): Level => ({
  priceE4: Option.getOrThrow(priceE4FromDollars(price)),
  sizeE2: Option.getOrThrow(sizeE2FromContracts(size))
})

/** With `keepsMessages: false` only books are kept, for long runs. */
export const make = (options: { readonly keepsMessages?: boolean } = {}): Follower => {
  const markets = new Map<string, Followed>()
  const messages: Array<ServerMessage> = []
  const faults: Array<string> = []
  const keepsMessages = options.keepsMessages ?? true

  const marketOf = (ticker: string): Followed => {
    const known = markets.get(ticker)
    if (known !== undefined) return known
    const made: Followed = { offset: 0, epoch: 0, book: Book.make(), trust: "unknown", records: [] }
    markets.set(ticker, made)
    return made
  }

  const setBook = (message: MessageOf<"snapshot"> | MessageOf<"conflated">): void => {
    const market = marketOf(message.market_ticker)
    market.book = Book.fromLevels(levels(message.orderbook_fp))
    market.offset = message.offset
    market.epoch = message.epoch
    market.trust = message.trust.state
    market.records = []
    if (Book.hash(market.book) !== message.book_hash)
      faults.push(`the hash of ${message.market_ticker} at ${message.offset}`)
  }

  const setRecord = (record: MessageOf<"record">): void => {
    const market = markets.get(record.market_ticker)
    if (market === undefined ? record.previous_offset !== 0 : market.offset !== record.previous_offset) {
      faults.push(`${record.market_ticker}: ${record.offset} came behind ${market?.offset}`)
    }
    const own = marketOf(record.market_ticker)
    own.offset = record.offset
    own.epoch = record.epoch
    if (keepsMessages) own.records.push(record)
    if (record.kind === "gap") own.trust = "stale"
    else if (record.kind === "snapshot") {
      own.book = Book.fromLevels(levels(record.orderbook_fp))
      own.trust = "trusted"
    } else {
      const [price, delta] = [priceE4FromDollars(record.price_dollars), sizeE2FromContracts(record.delta_fp)]
      const side: Side = record.side
      if (own.trust === "trusted") Book.apply(own.book, side, Option.getOrThrow(price), Option.getOrThrow(delta))
    }
  }

  return {
    markets,
    messages,
    faults,
    take: (message) => {
      if (keepsMessages) messages.push(message)
      switch (message.type) {
        case "snapshot":
          return setBook(message)
        case "conflated": {
          const at = markets.get(message.market_ticker)?.offset ?? 0
          if (at !== message.previous_offset) faults.push(`${message.market_ticker}: conflated behind ${at}`)
          return setBook(message)
        }
        case "skipped": {
          if (message.channel !== "book") return
          const at = markets.get(message.market_ticker)?.offset ?? 0
          if (at + 1 !== message.from_offset)
            faults.push(`${message.market_ticker}: skipped from ${message.from_offset} behind ${at}`)
          return
        }
        case "record":
          return setRecord(message)
        case "recovered": {
          const market = marketOf(message.market_ticker)
          if (market.offset !== message.offset || market.trust !== "trusted")
            faults.push(`recovered at ${message.offset}`)
          return
        }
      }
    },
    of: <Type extends ServerMessage["type"]>(type: Type) =>
      messages.filter((message): message is MessageOf<Type> => message.type === type),
    places: () => Object.fromEntries([...markets].map(([ticker, { epoch, offset }]) => [ticker, { offset, epoch }]))
  }
}
