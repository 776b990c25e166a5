/**
 * Whether the ports of a start are free, asked before anything begins: it is the commonest reason for a start to fail, and the
 * quickest to tell. A port that is taken a moment later is still told by whoever listens on it.
 */
import net from "node:net"
import { Effect } from "effect"

export interface WantedPort {
  readonly host: string
  /** 0: any free one, which is always free. */
  readonly port: number
  /** The variable that chooses another. */
  readonly variable: string
}

/** A sentence for each port that cannot be used. */
export const problems = (wanted: ReadonlyArray<WantedPort>): Effect.Effect<ReadonlyArray<string>> =>
  Effect.map(Effect.forEach(wanted, problemOf), (found) => found.flat())

const problemOf = ({ host, port, variable }: WantedPort): Effect.Effect<ReadonlyArray<string>> =>
  Effect.callback((resume) => {
    const server = net.createServer()
    const say = (...texts: ReadonlyArray<string>) => server.close(() => resume(Effect.succeed(texts)))
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE") say(`Port ${port} of ${host} is in use: choose another with ${variable}.`)
      else if (error.code === "EACCES") say(`Port ${port} is reserved: choose one above 1023 with ${variable}.`)
      else say()
    })
    server.listen(port, host, () => say())
  })
