/**
 * The replays that run on this node: one clock for each account and address, shared by all its connections and calls, so that a book by REST
 * is the book of the moment at which the websocket is.
 *
 * A clock begins with the first call or connection. It is forgotten when nobody has used it for some minutes, or when it is ended; whoever
 * comes after that begins anew.
 */
import * as ReplayPace from "@kalshibook/core/ReplayPace"
import { Clock, Context, Effect, Layer } from "effect"
import type { Caller } from "../Caller.ts"
import type { ReplayAddress } from "./ReplayAddress.ts"

export interface RunningReplay {
  readonly address: ReplayAddress
  pace: ReplayPace.ReplayPace
  /** Open websockets. */
  connections: number
  usedMicros: number
  /** Ends the websockets, each once: when the replay goes on from another moment, or is over. */
  readonly endings: Set<(why: string) => void>
}

/** Replays of one account that are remembered. */
const replaysMax = 32
/** Nobody asks for anything for so long: the program has ended. */
const idleMicrosMax = 600_000_000

/** The account has too many replays at once. */
export interface TooManyReplays {
  readonly _tag: "TooManyReplays"
  readonly max: number
}

export class Replays extends Context.Service<
  Replays,
  {
    /** The replay of the address, begun now if it does not run. `part` is the address as it was written. */
    readonly enter: (
      caller: Caller,
      part: string,
      address: ReplayAddress
    ) => Effect.Effect<RunningReplay | TooManyReplays>
    /** The past moment that it is in a replay, Unix microseconds. */
    readonly momentOf: (replay: RunningReplay) => Effect.Effect<number>
    /** Stops the clock, or lets it go on, or go at another speed; websockets stay. */
    readonly change: (
      replay: RunningReplay,
      change: (pace: ReplayPace.ReplayPace, nowMicros: number) => ReplayPace.ReplayPace
    ) => Effect.Effect<void>
    /** Goes on from another moment: websockets end, and their clients begin there with new books. */
    readonly seek: (replay: RunningReplay, momentMicros: number) => Effect.Effect<void>
    /** Forgets the replay: the next one to come begins at the beginning. */
    readonly end: (caller: Caller, part: string) => Effect.Effect<void>
  }
>()("@kalshibook/api/kalshi/Replays") {
  static readonly layer: Layer.Layer<Replays> = Layer.sync(Replays, () => Replays.of(make()))
}

/** Whether a replay may be so fast: as fast as it is read is for those who may have the fastest that there is a number for. */
export const isSpeedAllowed = (speed: number, speedMax: number): boolean =>
  speed <= speedMax || (speed === ReplayPace.asFastAsRead && speedMax >= ReplayPace.speedMax)

/** Goes on at the fastest that may be, where it is faster. */
export const slow = (replay: RunningReplay, speedMax: number): Effect.Effect<void> =>
  Effect.map(nowMicros, (now) => {
    if (!isSpeedAllowed(replay.pace.speed, speedMax)) replay.pace = ReplayPace.withSpeed(replay.pace, speedMax, now)
  })

/** Microseconds of a clock that only goes forward. */
export const nowMicros: Effect.Effect<number> = Effect.map(Clock.currentTimeNanos, (nanos) => Number(nanos / 1_000n))

const make = (): Replays["Service"] => {
  const byAccount = new Map<string, Map<string, RunningReplay>>()

  const forgetIdle = (replays: Map<string, RunningReplay>, now: number): void => {
    for (const [part, { connections, usedMicros }] of replays) {
      if (connections === 0 && now - usedMicros > idleMicrosMax) replays.delete(part)
    }
  }

  const endAll = (replay: RunningReplay, why: string): void => {
    for (const end of [...replay.endings]) end(why)
  }

  return {
    enter: ({ account }, part, address) =>
      Effect.map(nowMicros, (now) => {
        for (const [accountId, replays] of byAccount) {
          forgetIdle(replays, now)
          if (replays.size === 0) byAccount.delete(accountId)
        }
        const replays = byAccount.get(account.accountId) ?? new Map<string, RunningReplay>()
        byAccount.set(account.accountId, replays)
        const known = replays.get(part)
        if (known !== undefined) {
          known.usedMicros = now
          return known
        }
        if (replays.size >= replaysMax) return { _tag: "TooManyReplays", max: replaysMax } as const
        const pace = ReplayPace.start(address.fromMicros, address.speed, now)
        const replay: RunningReplay = { address, pace, connections: 0, usedMicros: now, endings: new Set() }
        replays.set(part, replay)
        return replay
      }),
    momentOf: ({ address, pace }) =>
      Effect.map(nowMicros, (now) => Math.min(ReplayPace.momentAt(pace, now), (address.toMicros ?? Infinity) - 1)),
    change: (replay, change) =>
      Effect.map(nowMicros, (now) => {
        replay.pace = change(replay.pace, now)
      }),
    seek: (replay, momentMicros) =>
      Effect.map(nowMicros, (now) => {
        replay.pace = ReplayPace.seek(replay.pace, momentMicros, now)
        endAll(replay, "the replay goes on from another moment")
      }),
    end: ({ account }, part) =>
      Effect.sync(() => {
        const replays = byAccount.get(account.accountId)
        const replay = replays?.get(part)
        if (replay === undefined) return
        replays?.delete(part)
        endAll(replay, "the replay was ended")
      })
  }
}
