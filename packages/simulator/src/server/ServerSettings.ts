/** How the simulated exchange shows itself on this machine: address, time, and the limits of its front. */
import { defaultFrontSettings, type FrontSettings } from "../front/FrontSettings.ts"

export interface ServerSettings extends FrontSettings {
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  /** `real_time`: the exchange's clock is this machine's. `manual`: time passes only by `step` and `advance`. */
  readonly drive: "real_time" | "manual"
  /** How often frames go out, answers come due and (in real time) the exchange moves. */
  readonly tickMillis: number
  /** Time that the exchange makes up at most in one tick when it is behind. */
  readonly catchUpMillisMax: number
  /** How far the exchange may fall behind before its traders rest until it has caught up; the admin status tells how long. */
  readonly lagMillisMax: number
  /** How far a signed timestamp may be off. The exchange does not say. */
  readonly timestampToleranceMillis: number
  /** Whether compression is agreed to when a client offers it. */
  readonly perMessageDeflate: boolean
  /** Longest body of an admin request. */
  readonly adminBodyBytesMax: number
}

export const defaultServerSettings: ServerSettings = {
  ...defaultFrontSettings,
  host: "127.0.0.1",
  port: 0,
  drive: "real_time",
  tickMillis: 5,
  catchUpMillisMax: 50,
  lagMillisMax: 500,
  timestampToleranceMillis: 30_000,
  perMessageDeflate: false,
  adminBodyBytesMax: 1024 * 1024
}

const portMax = 65_535

/** What is wrong with the settings, for people; `undefined` when nothing is. */
export const problemOfServer = ({ port, tickMillis }: ServerSettings): string | undefined => {
  if (!(Number.isInteger(port) && port >= 0 && port <= portMax)) return `port must be 0..${portMax}, not ${port}`
  return tickMillis >= 1 ? undefined : `tickMillis must be 1 or more, not ${tickMillis}`
}
