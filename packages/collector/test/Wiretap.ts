/** Notes what clients send to a simulated exchange. */
import type { RunningExchange } from "@kalshibook/simulator/SimulatedExchange"

/** A command as it came. */
export interface HeardCommand {
  readonly connection: number
  readonly id: number
  readonly cmd: string
  readonly params: {
    readonly channels?: ReadonlyArray<string>
    readonly action?: string
    readonly sids?: ReadonlyArray<number>
    readonly market_tickers?: ReadonlyArray<string>
    readonly use_yes_price?: boolean
    readonly skip_ticker_ack?: boolean
  }
}

/** Listens to all connections from now on. `onHeard` is called before the exchange has the command. */
export const listen = (
  { server }: RunningExchange,
  onHeard: (command: HeardCommand) => void = () => {}
): ReadonlyArray<HeardCommand> => {
  const heard: Array<HeardCommand> = []
  let connections = 0
  const { websockets } = server
  const upgrade = websockets.handleUpgrade.bind(websockets)
  websockets.handleUpgrade = (request, stream, head, done) =>
    upgrade(request, stream, head, (websocket, upgraded) => {
      const connection = ++connections
      websocket.on("message", (data) => {
        const command: HeardCommand = { connection, ...JSON.parse(String(data)) }
        heard.push(command)
        onHeard(command)
      })
      done(websocket, upgraded)
    })
  return heard
}

/** Commands about books. */
export const aboutBooks = (heard: ReadonlyArray<HeardCommand>): ReadonlyArray<HeardCommand> =>
  heard.filter(({ params }) => params.market_tickers !== undefined)
