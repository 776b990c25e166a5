/**
 * What a test does with an exchange, whether it stands behind sockets or moves in virtual time. Traders act in `step` and `advance`
 * alone; while a client waits, only what was asked of the exchange happens.
 */

import type { Fault } from "../src/fault/Fault.ts"
import type { RunningExchange, SimulatedExchangeOptions } from "../src/SimulatedExchange.ts"
import * as VirtualExchange from "../src/VirtualExchange.ts"
import { connect, TestClient } from "./TestClient.ts"

export interface TestAnswer {
  readonly status: number
  readonly header: (name: string) => string | null
  // biome-ignore lint/suspicious/noExplicitAny: answers are looked into as a foreign client would
  readonly body: any
}

export interface TestExchange extends Pick<RunningExchange, "exchange" | "truth" | "faults" | "step" | "advance"> {
  readonly feed: VirtualExchange.VirtualExchange["feed"]
  /** Rejects with the status of a refused handshake. */
  readonly connect: () => Promise<TestClient>
  /** Asks REST; the path begins behind `/trade-api/v2`. */
  readonly get: (path: string) => Promise<TestAnswer>
}

export const overSockets = (running: RunningExchange): TestExchange => ({
  ...running,
  feed: running.server.feed,
  connect: () => connect(running),
  get: async (path) => {
    const response = await fetch(`${running.restUrl}${path}`)
    return { status: response.status, header: (name) => response.headers.get(name), body: await response.json() }
  }
})

class VirtualTestClient extends TestClient {
  private readonly exchange: VirtualExchange.VirtualExchange
  private readonly connection: VirtualExchange.VirtualConnection

  constructor(exchange: VirtualExchange.VirtualExchange) {
    super()
    this.exchange = exchange
    this.connection = exchange.connect({
      onFrame: (bytes) => this.hear(bytes.toString()),
      onPing: () => this.pings.push("heartbeat"),
      onClosed: (code) => {
        this.closeCode = code
      }
    })
    if (this.connection._tag === "refused") throw new Error(`refused with ${this.connection.status}`)
  }

  protected sendText(text: string): void {
    if (this.connection._tag === "open") this.connection.send(text)
  }

  until(condition: () => boolean, millisMax = 60_000): Promise<void> {
    const { exchange } = this
    const limitMicros = exchange.nowMicros() + millisMax * 1000
    const wasTrading = exchange.exchange.tradingActive
    exchange.exchange.tradingActive = false
    while (!condition() && exchange.nextDueMicros() <= limitMicros) exchange.advanceTo(exchange.nextDueMicros())
    exchange.exchange.tradingActive = wasTrading
    return condition() ? Promise.resolve() : Promise.reject(new Error(`waited in vain for ${condition}`))
  }

  close(): Promise<void> {
    if (this.connection._tag === "open") this.connection.close()
    return Promise.resolve()
  }
}

/** Moments that one change may take at most. */
const momentsPerChangeMax = 1_000

export const inVirtualTime = (options: SimulatedExchangeOptions): TestExchange => {
  const virtual = VirtualExchange.make({
    seed: 7,
    marketsOpen: 30,
    commandDelayMillisMax: 0,
    readTokensPerSecond: 100_000,
    readTokensMax: 100_000,
    restBookCacheMillis: 0,
    ...(options as VirtualExchange.VirtualExchangeOptions)
  })
  return {
    ...virtual,
    step: (count) => {
      const wanted = virtual.exchange.changeNumber + count
      for (let moment = 0; virtual.exchange.changeNumber < wanted && moment < count * momentsPerChangeMax; moment++) {
        virtual.advanceTo(virtual.nextDueMicros())
      }
    },
    advance: (millis) => virtual.advanceTo(virtual.nowMicros() + millis * 1000),
    connect: async () => new VirtualTestClient(virtual),
    get: (path) => {
      const { body, headers, status } = virtual.rest("GET", `/trade-api/v2${path}`)
      return Promise.resolve({ status, header: (name) => headers[name] ?? null, body: JSON.parse(body) })
    }
  }
}

/** Makes things go wrong; throws when it cannot be done. */
export const inflict = (running: Pick<RunningExchange, "faults">, ...faults: ReadonlyArray<Fault>): void => {
  for (const fault of faults) {
    const made = running.faults.inflict(fault)
    if (made._tag === "Failure") throw new Error(made.failure)
  }
}
