/**
 * Faults of single frames: lost, doubled, late, garbled or out of order. The frame keeps the seq it was given, so that a client
 * sees just what a broken network or exchange would show it; a swallowed one never had a seq, and nothing shows.
 */
import * as Agenda from "../exchange/Agenda.ts"
import * as Prng from "../exchange/Prng.ts"
import type { Session, Subscription } from "../session/Session.ts"
import * as Garble from "./Garble.ts"

/** What is done to a frame. */
export type FrameAction =
  | { readonly _tag: "drop" }
  | { readonly _tag: "duplicate" }
  /** Comes this much later, behind frames with higher seq. */
  | { readonly _tag: "delay"; readonly millis: number }
  /** Swaps places with the next frame of the subscription. */
  | { readonly _tag: "reorder" }
  | { readonly _tag: "corrupt"; readonly how: Garble.Corruption }
  /** Has fields that nobody knows, in the envelope and in the body. */
  | { readonly _tag: "extra_fields" }
  /** Is never made, and takes no seq: only another source can tell that it is missing. Meets frames of a numbered channel alone. */
  | { readonly _tag: "swallow" }

/**
 * To which frames it is done. Absent fields do not restrict, with one exception: replies that stand outside of all numbering
 * (`subscribed`, the `ok` of a list, `error` about no subscription) are met only by faults that name their type.
 */
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

export interface Armed {
  readonly fault: FrameFault
  skip: number
  left: number
}

type Subject = Session | Subscription

export interface FrameFaults {
  readonly prng: Prng.Prng
  armed: Array<Armed>
  /** Frames that come late, by the owner's clock in microseconds. */
  readonly late: Agenda.Agenda<() => void>
  /** Frames held back until the next of their subscription, or session. */
  readonly held: Map<Subject, () => void>
  /** Frames hit so far. */
  hits: number
  nowMicros: number
}

export const make = (seed: number): FrameFaults => ({
  prng: Prng.make(seed, 3),
  armed: [],
  late: Agenda.make(),
  held: new Map(),
  hits: 0,
  nowMicros: 0
})

/** Arms a fault; it is gone when it has hit as often as it should. */
export const arm = (faults: FrameFaults, fault: FrameFault): Armed => {
  const armed = { fault, skip: fault.after ?? 0, left: fault.count ?? 1 }
  faults.armed.push(armed)
  return armed
}

export const disarm = (faults: FrameFaults, armed: Armed): void => {
  faults.armed = faults.armed.filter((one) => one !== armed)
}

/** Disarms everything; frames held back are let go. */
export const clear = (faults: FrameFaults): void => {
  faults.armed = []
  for (const write of faults.held.values()) write()
  faults.held.clear()
  releaseUntil(faults, Number.POSITIVE_INFINITY)
}

/** Whether every frame passes untouched. */
export const isIdle = (faults: FrameFaults): boolean => faults.armed.length === 0 && faults.held.size === 0

export interface Passing {
  readonly session: Session
  /** What numbered the frame; `undefined` for a frame outside of all numbering. */
  readonly subscription: Subscription | undefined
  readonly text: string
  readonly write: (frame: string | Uint8Array) => void
}

/** Lets a frame pass, or does to it what is armed for it. */
export const pass = (faults: FrameFaults, passing: Passing): void => {
  const subject = passing.subscription ?? passing.session
  const release = faults.held.get(subject)
  faults.held.delete(subject)
  const action = hit(faults, passing, (tag) => tag !== "swallow")
  if (action === undefined) passing.write(passing.text)
  else inflict(faults, action, passing)
  release?.()
}

/** Whether a frame that is about to be numbered is not made at all. */
export const swallows = (faults: FrameFaults, frame: Omit<Passing, "write">): boolean =>
  faults.armed.length > 0 && hit(faults, frame, (tag) => tag === "swallow") !== undefined

/** What hits the frame, of the actions of this kind. */
const hit = (
  faults: FrameFaults,
  frame: Omit<Passing, "write">,
  isOfKind: (tag: FrameAction["_tag"]) => boolean
): FrameAction | undefined => {
  const armed = faults.armed.find(
    ({ fault }, index) => isOfKind(fault.action._tag) && isHit(faults, faults.armed[index] as Armed, frame)
  )
  if (armed === undefined) return undefined
  faults.hits++
  if (armed.left === 0) disarm(faults, armed)
  return armed.fault.action
}

const isHit = (faults: FrameFaults, armed: Armed, { session, subscription, text }: Omit<Passing, "write">): boolean => {
  const { fault } = armed
  if (fault.connection !== undefined && fault.connection !== session.connection) return false
  if (subscription === undefined && fault.type === undefined) return false
  if (fault.sid !== undefined && fault.sid !== subscription?.sid) return false
  if (fault.channel !== undefined && fault.channel !== subscription?.channel) return false
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

const inflict = (faults: FrameFaults, action: FrameAction, passing: Passing): void => {
  const { session, subscription, text, write } = passing
  switch (action._tag) {
    case "drop":
    case "swallow":
      break
    case "duplicate":
      write(text)
      write(text)
      break
    case "delay":
      Agenda.add(faults.late, faults.nowMicros + action.millis * 1000, () => write(text))
      break
    case "reorder":
      faults.held.set(subscription ?? session, () => write(text))
      break
    case "corrupt":
      write(Garble.corrupted(faults.prng, text, action.how))
      break
    case "extra_fields":
      write(Garble.withExtraFields(text))
  }
}

/** Writes the frames whose delay is over. */
export const releaseDue = (faults: FrameFaults, nowMicros: number): void => {
  faults.nowMicros = nowMicros
  releaseUntil(faults, nowMicros)
}

const releaseUntil = ({ late }: FrameFaults, micros: number): void => {
  while (late.heap.length > 0 && Agenda.firstAt(late) <= micros) Agenda.take(late)?.()
}

/** When the next late frame is due, `Infinity` for never. */
export const nextDueMicros = (faults: FrameFaults): number => Agenda.firstAt(faults.late)

/** Forgets what is held back for a session that is over. */
export const forget = (faults: FrameFaults, session: Session): void => {
  for (const subject of faults.held.keys()) {
    if (subject === session || ("session" in subject && subject.session === session)) faults.held.delete(subject)
  }
}
