/**
 * Faults of single frames: lost, doubled, late, garbled or out of order. The frame keeps the seq it was given, so that a client
 * sees just what a broken network or exchange would show it.
 */
import * as Prng from "../exchange/Prng.ts"
import type { Subscription } from "../session/Session.ts"

/** What is done to a frame. */
export type FrameAction =
  | { readonly _tag: "drop" }
  | { readonly _tag: "duplicate" }
  /** Comes this much later, behind frames with higher seq. */
  | { readonly _tag: "delay"; readonly millis: number }
  /** Swaps places with the next frame of the subscription. */
  | { readonly _tag: "reorder" }
  /** `truncate` cuts the frame in its body, `field` puts nonsense for its first value there; sid and seq stay readable. */
  | { readonly _tag: "corrupt"; readonly how: "truncate" | "field" }

/** To which frames it is done. Absent fields do not restrict. */
export interface FrameFault {
  readonly action: FrameAction
  readonly connection?: number | undefined
  readonly sid?: number | undefined
  readonly channel?: string | undefined
  /** Message type, such as `orderbook_delta` or `ok`. */
  readonly type?: string | undefined
  readonly marketTicker?: string | undefined
  /** Frames that match and are let through first. */
  readonly after?: number | undefined
  /** How many frames it hits; 1 when absent. */
  readonly count?: number | undefined
  /** Chance for each matching frame to be hit; 1 when absent. */
  readonly probability?: number | undefined
}

interface Armed {
  readonly fault: FrameFault
  skip: number
  left: number
}

interface Late {
  readonly dueMillis: number
  readonly write: () => void
}

export interface FrameFaults {
  readonly prng: Prng.Prng
  armed: Array<Armed>
  late: Array<Late>
  /** Frames held back until the next of their subscription. */
  readonly held: Map<Subscription, () => void>
  /** Frames hit so far. */
  hits: number
  nowMillis: number
}

export const make = (seed: number): FrameFaults => ({
  prng: Prng.make(seed, 3),
  armed: [],
  late: [],
  held: new Map(),
  hits: 0,
  nowMillis: 0
})

/** Arms a fault; it is gone when it has hit as often as it should. */
export const arm = (faults: FrameFaults, fault: FrameFault): void => {
  faults.armed.push({ fault, skip: fault.after ?? 0, left: fault.count ?? 1 })
}

/** Disarms everything; frames held back are let go. */
export const clear = (faults: FrameFaults): void => {
  faults.armed = []
  for (const write of faults.held.values()) write()
  faults.held.clear()
  for (const late of faults.late.splice(0)) late.write()
}

/** Whether every frame passes untouched. */
export const isIdle = (faults: FrameFaults): boolean => faults.armed.length === 0 && faults.held.size === 0

export interface Passing {
  readonly subscription: Subscription
  readonly text: string
  readonly write: (text: string) => void
}

/** Lets a frame pass, or does to it what is armed for it. */
export const pass = (faults: FrameFaults, passing: Passing): void => {
  const { subscription, text, write } = passing
  const release = faults.held.get(subscription)
  faults.held.delete(subscription)
  const hit = faults.armed.find((armed) => isHit(faults, armed, passing))
  if (hit === undefined) {
    write(text)
  } else {
    faults.hits++
    if (hit.left === 0) faults.armed = faults.armed.filter((one) => one !== hit)
    inflict(faults, hit.fault.action, passing)
  }
  release?.()
}

const isHit = (faults: FrameFaults, armed: Armed, { subscription, text }: Passing): boolean => {
  const { fault } = armed
  if (fault.connection !== undefined && fault.connection !== subscription.session.connection) return false
  if (fault.sid !== undefined && fault.sid !== subscription.sid) return false
  if (fault.channel !== undefined && fault.channel !== subscription.channel) return false
  if (fault.type !== undefined && !text.startsWith(`{"type":"${fault.type}"`)) return false
  if (fault.marketTicker !== undefined && !text.includes(`"market_ticker":"${fault.marketTicker}"`)) return false
  if (armed.skip > 0) {
    armed.skip--
    return false
  }
  if (fault.probability !== undefined && !Prng.chance(faults.prng, fault.probability)) return false
  armed.left--
  return true
}

const inflict = (faults: FrameFaults, action: FrameAction, { subscription, text, write }: Passing): void => {
  switch (action._tag) {
    case "drop":
      break
    case "duplicate":
      write(text)
      write(text)
      break
    case "delay":
      faults.late.push({ dueMillis: faults.nowMillis + action.millis, write: () => write(text) })
      break
    case "reorder":
      faults.held.set(subscription, () => write(text))
      break
    case "corrupt":
      write(garbled(text, action.how))
  }
}

const garbled = (text: string, how: "truncate" | "field"): string => {
  const body = text.indexOf('"msg":') + '"msg":'.length
  if (how === "truncate") return `${text.slice(0, body + Math.floor((text.length - body) / 2))}\n`
  const valueStart = text.indexOf(":", body) + 1
  const valueEnd = text.slice(valueStart).search(/[,}]/) + valueStart
  return `${text.slice(0, valueStart)}{"?":0}${text.slice(valueEnd)}`
}

/** Writes the frames whose delay is over. `nowMillis` is the owner's clock. */
export const tick = (faults: FrameFaults, nowMillis: number): void => {
  faults.nowMillis = nowMillis
  if (faults.late.length === 0) return
  const due = faults.late.filter((late) => late.dueMillis <= nowMillis)
  if (due.length === 0) return
  faults.late = faults.late.filter((late) => late.dueMillis > nowMillis)
  for (const late of due) late.write()
}
