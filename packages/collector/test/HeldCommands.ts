/** Lets a test decide when, and in which order, a simulated exchange works on the commands that it gets. */
import type { RunningExchange } from "@kalshibook/simulator/SimulatedExchange"
import * as Wiretap from "./Wiretap.ts"

export interface HeldCommands {
  /** From now on commands wait for `release`. */
  readonly hold: () => void
  /** Commands about this market that wait, oldest first: what they ask for. */
  readonly waiting: (marketTicker: string) => ReadonlyArray<string>
  /** Works on the oldest waiting command that asks for this of this market. */
  readonly release: (action: string, marketTicker: string) => void
  /** Works on all that waits, and on everything at once from now on. */
  readonly releaseAll: () => void
}

/** No command is due within a test by itself. */
const neverMillis = 1_000_000_000_000

/** Must be called before anybody connects. `onHeard` is called before the exchange has the command. */
export const make = (
  exchange: RunningExchange,
  onHeard: (command: Wiretap.HeardCommand) => void = () => {}
): HeldCommands => {
  const { server } = exchange
  const settings = server.settings as { commandDelayMillisMax: number }
  const orders = new Map<number, Wiretap.HeardCommand>()
  Wiretap.listen(exchange, (command) => {
    orders.set(server.commands.added, command)
    onHeard(command)
  })

  const perform = (at: number): void => {
    const [entry] = server.commands.heap.splice(at, 1)
    entry?.item()
  }
  const held = () =>
    server.commands.heap
      .map(({ order }, at) => ({ at, order, command: orders.get(order) }))
      .sort((one, other) => one.order - other.order)
  const about = (marketTicker: string) =>
    held().flatMap(({ at, command }) =>
      command?.params.market_tickers?.includes(marketTicker)
        ? [{ at, action: command.params.action ?? command.cmd }]
        : []
    )

  return {
    hold: () => {
      settings.commandDelayMillisMax = neverMillis
    },
    waiting: (marketTicker) => about(marketTicker).map(({ action }) => action),
    release: (wanted, marketTicker) => {
      const found = about(marketTicker).find(({ action }) => action === wanted)
      if (found === undefined) throw new Error(`no ${wanted} of ${marketTicker} waits`)
      perform(found.at)
    },
    releaseAll: () => {
      settings.commandDelayMillisMax = 0
      while (server.commands.heap.length > 0) perform(held()[0]?.at ?? 0)
    }
  }
}
