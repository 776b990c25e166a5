/** The channels of the whole exchange beside the books, trades and lifecycle messages: keeps them open while a connection lives. */
import { Effect, Latch, Option, Schema } from "effect"
import { backoff } from "./Backoff.ts"
import type { CollectorSettings } from "./CollectorSettings.ts"
import type { Dialogue } from "./Dialogue.ts"

/** Where markets are announced. */
export const lifecycle = "market_lifecycle_v2"
/** The same of combos. */
const comboLifecycle = "multivariate_market_lifecycle"

/** The exchange did not open the channel. */
class ChannelRefused extends Schema.TaggedError<ChannelRefused>()("ChannelRefused", {
  channel: Schema.String,
  detail: Schema.String
}) {}

export interface SideChannels {
  /** Opens the channels, and opens again what the exchange ends. */
  readonly run: Effect.Effect<never>
  /** The exchange ended a channel. */
  readonly ended: (channel: string) => void
}

/** `onOpened` is called each time that a channel begins: what it told before was missed. */
export const make = (
  dialogue: Dialogue,
  settings: CollectorSettings,
  onOpened: (channel: string) => void
): SideChannels => {
  const channels = ["trade", lifecycle, ...(settings.combos.length > 0 ? [comboLifecycle] : [])]
  const endings = new Map(channels.map((channel) => [channel, Latch.makeUnsafe(false)]))
  const schedule = backoff(settings.retryMillisMin, settings.retryMillisMax)

  const open = Effect.fnUntraced(function* (channel: string) {
    const reply = yield* dialogue.ask((id) => ({ cmd: "subscribe", id, channels: [channel] }))
    if (Option.isNone(reply)) return yield* new ChannelRefused({ channel, detail: "no answer" })
    if (reply.value._tag === "error") return yield* new ChannelRefused({ channel, detail: reply.value.message })
    onOpened(channel)
  })

  const keepOpen = Effect.fnUntraced(function* (channel: string, ending: Latch.Latch) {
    let told = ""
    for (;;) {
      ending.closeUnsafe()
      yield* open(channel).pipe(
        Effect.tapError(({ detail }) => {
          if (detail === told) return Effect.void
          told = detail
          return Effect.logWarning(`the exchange does not open channel ${channel}, trying again: ${detail}`)
        }),
        Effect.retry(schedule),
        Effect.orDie
      )
      yield* ending.await
    }
  })

  return {
    run: Effect.raceAllFirst([...endings].map(([channel, ending]) => keepOpen(channel, ending))),
    ended: (channel) => {
      endings.get(channel)?.openUnsafe()
    }
  }
}
