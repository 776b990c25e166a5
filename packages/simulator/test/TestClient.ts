/** A plain client of the exchange for tests: signs, connects, collects frames, and folds books on its own terms. */
import { constants, sign } from "node:crypto"
import { keyHeader, signatureHeader, textToSign, timestampHeader } from "@kalshibook/core/kalshi/Signing"
import WebSocket from "ws"
import type { RunningExchange } from "../src/SimulatedExchange.ts"

/** A frame as JSON. */
export interface Frame {
  readonly type: string
  readonly id?: number
  readonly sid?: number
  readonly seq?: number
  // biome-ignore lint/suspicious/noExplicitAny: frames are looked into as a foreign client would
  readonly msg?: any
}

export interface SignOptions {
  readonly timestampMillis?: number
  readonly path?: string
  readonly method?: string
  readonly saltLength?: number
}

/** Signed headers for a request of the owner. */
export const signedHeaders = (running: RunningExchange, options: SignOptions = {}): Record<string, string> => {
  const timestamp = options.timestampMillis ?? Date.now()
  const text = textToSign(timestamp, options.method ?? "GET", options.path ?? "/trade-api/ws/v2")
  const signature = sign("sha256", Buffer.from(text), {
    key: running.privateKeyPem,
    padding: constants.RSA_PKCS1_PSS_PADDING,
    saltLength: options.saltLength ?? constants.RSA_PSS_SALTLEN_DIGEST
  })
  return {
    [keyHeader]: running.keyId,
    [timestampHeader]: String(timestamp),
    [signatureHeader]: signature.toString("base64")
  }
}

/** What a client has heard, and how it waits for more. */
export abstract class TestClient {
  readonly frames: Array<Frame> = []
  readonly texts: Array<string> = []
  readonly pings: Array<string> = []
  closeCode: number | undefined

  protected hear(text: string): void {
    this.texts.push(text)
    try {
      this.frames.push(JSON.parse(text))
    } catch {
      this.frames.push({ type: "broken" })
    }
  }

  protected abstract sendText(text: string): void

  send(command: unknown): void {
    this.sendText(typeof command === "string" ? command : JSON.stringify(command))
  }

  /** Resolves as soon as the condition holds; it is looked at after every frame, ping and close. */
  abstract until(condition: () => boolean, millisMax?: number): Promise<void>

  /** The first frame that matches, waiting for it if need be. */
  async frame(matches: (frame: Frame) => boolean): Promise<Frame> {
    await this.until(() => this.frames.some(matches))
    return this.frames.find(matches) as Frame
  }

  /** Frames of one sid, in the order of arrival. */
  of(sid: number): ReadonlyArray<Frame> {
    return this.frames.filter((frame) => frame.sid === sid)
  }

  abstract close(): Promise<void>
}

export class SocketClient extends TestClient {
  readonly socket: WebSocket
  private waiting: Array<() => void> = []

  constructor(socket: WebSocket) {
    super()
    this.socket = socket
    socket.on("message", (data) => {
      this.hear(String(data))
      this.wake()
    })
    socket.on("ping", (body) => {
      this.pings.push(body.toString())
      this.wake()
    })
    socket.on("close", (code) => {
      this.closeCode = code
      this.wake()
    })
    socket.on("error", () => this.wake())
  }

  private wake(): void {
    for (const check of [...this.waiting]) check()
  }

  protected sendText(text: string): void {
    this.socket.send(text)
  }

  /** Far longer than anything takes: this ends what hangs. */
  until(condition: () => boolean, millisMax = 30_000): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        done()
        reject(new Error(`waited in vain for ${condition}; last frames ${this.texts.slice(-5).join("")}`))
      }, millisMax)
      const done = (): void => {
        clearTimeout(timer)
        this.waiting = this.waiting.filter((one) => one !== check)
      }
      const check = (): void => {
        if (!condition()) return
        done()
        resolve()
      }
      this.waiting.push(check)
      check()
    })
  }

  close(): Promise<void> {
    this.socket.terminate()
    return this.until(() => this.closeCode !== undefined)
  }
}

/** Opens a signed connection. */
export const connect = (
  running: RunningExchange,
  options: SignOptions & { readonly perMessageDeflate?: boolean } = {}
): Promise<SocketClient> =>
  new Promise((resolve, reject) => {
    const { perMessageDeflate = false, ...signing } = options
    const socket = new WebSocket(running.wsUrl, { headers: signedHeaders(running, signing), perMessageDeflate })
    const client = new SocketClient(socket)
    socket.once("open", () => resolve(client))
    socket.once("unexpected-response", (_, response) => {
      response.resume()
      reject(new Error(`refused with ${response.statusCode}`))
    })
    socket.once("error", reject)
  })

/** Books folded from frames with nothing but decimal arithmetic on texts: no code of the project's. */
export const foldBooks = (
  frames: ReadonlyArray<Frame>
): Map<string, { yes: Map<string, bigint>; no: Map<string, bigint> }> => {
  const books = new Map<string, { yes: Map<string, bigint>; no: Map<string, bigint> }>()
  const cents = (text: string): bigint => BigInt(text.replace(".", ""))
  for (const { msg, type } of frames) {
    if (type === "orderbook_snapshot") {
      const side = (levels: ReadonlyArray<[string, string]> = []) =>
        new Map(levels.map(([price, size]) => [price, cents(size)] as const))
      books.set(msg.market_ticker, { yes: side(msg.yes_dollars_fp), no: side(msg.no_dollars_fp) })
    } else if (type === "orderbook_delta") {
      const ladder = books.get(msg.market_ticker)?.[msg.side as "yes" | "no"]
      if (ladder === undefined) throw new Error(`delta before the snapshot of ${msg.market_ticker}`)
      const size = (ladder.get(msg.price_dollars) ?? 0n) + cents(msg.delta_fp)
      if (size < 0n) throw new Error(`negative level in ${msg.market_ticker}`)
      if (size === 0n) ladder.delete(msg.price_dollars)
      else ladder.set(msg.price_dollars, size)
    }
  }
  return books
}

/** A folded book as the texts of its levels, to compare with others. */
export const levelTexts = (side: ReadonlyMap<string, bigint>): ReadonlyArray<string> =>
  [...side].map(([price, size]) => `${price}:${size}`).sort()
