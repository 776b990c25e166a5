/**
 * Trades and lifecycle messages that were received between the moment that a subscription names and its beginning: out of the history, while
 * newer ones come live already. The two meet at a moment of the feed, up to which everything had been told, so nothing is lost or repeated.
 */
import type { Channel } from "@kalshibook/core/contract/stream/StreamCommands"
import type { ServerMessage } from "@kalshibook/core/contract/stream/StreamMessages"
import type { ReplayEntry } from "@kalshibook/core/ReplayEntry"
import type { ReplaySource } from "@kalshibook/store/replay/ReplaySource"
import { Effect } from "effect"
import type * as Fanout from "./Fanout.ts"
import type { Reader } from "./Reader.ts"
import * as Replaying from "./Replaying.ts"
import type { Selected } from "./Selecting.ts"

export interface SideWish {
  readonly channels: ReadonlyArray<Channel>
  readonly selected: Selected
  readonly fromMicros: number
  readonly toMicros: number
}

interface Place {
  readonly fanout: Fanout.Fanout
  readonly source: ReplaySource["Service"]
  readonly reader: Reader
}

/** How long it waits for what was told but is not stored yet, or for a database that is away. */
const waitMillis = 200

/** Sends them as there is room. Interrupted with its connection. */
export const send = (place: Place, wish: SideWish): Effect.Effect<void> => {
  const channels = wish.channels.filter((channel) => channel === "trades" || channel === "lifecycle")
  const { selected } = wish
  const markets = selected.all ? ("all" as const) : [...new Set([...selected.named, ...selected.families.keys()])]
  const told = Replaying.telling({ channels, selected })
  // Where the next read begins, and how many of its first microsecond were sent already.
  let fromMicros = wish.fromMicros
  let sent = 0

  const sendMessages = Effect.fnUntraced(function* (entries: ReadonlyArray<ReplayEntry>) {
    const messages: Array<ServerMessage> = []
    for (const entry of entries) told.add(messages, entry)
    if (messages.length > 0) yield* Replaying.send(place, messages)
    const lastMicros = entries.at(-1)?.tsReceivedMicros ?? fromMicros
    const ofLast = entries.filter(({ tsReceivedMicros }) => tsReceivedMicros === lastMicros).length
    sent = lastMicros === fromMicros ? sent + ofLast : ofLast
    fromMicros = lastMicros
  })

  const read = Effect.gen(function* () {
    const reader = yield* place.source.open({
      books: [],
      trades: channels.includes("trades") ? markets : [],
      lifecycle: channels.includes("lifecycle"),
      fromMicros,
      toMicros: wish.toMicros
    })
    let known = sent
    while (true) {
      const entries = yield* reader.next
      if (entries === undefined) break
      const fresh = entries.slice(known)
      known = Math.max(0, known - entries.length)
      yield* sendMessages(fresh)
    }
    if (reader.toMicros > fromMicros) {
      fromMicros = reader.toMicros
      sent = 0
    }
  })

  return read.pipe(
    Effect.catchTag("InTheFuture", () => Effect.void),
    Effect.catch((error) => Effect.logWarning(`trades could not be read for a stream: ${error.message}`)),
    // Not stored yet, or not to be read: later.
    Effect.andThen(Effect.suspend(() => (fromMicros < wish.toMicros ? Effect.sleep(waitMillis) : Effect.void))),
    Effect.repeat({ while: () => channels.length > 0 && fromMicros < wish.toMicros })
  )
}
