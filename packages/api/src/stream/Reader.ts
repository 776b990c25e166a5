/** A session with what it needs beyond the fan-out: who it is, what it may, and what runs for it. */
import type { ReplaySpeed } from "@kalshibook/core/contract/stream/StreamCommands"
import type { TokenBucket } from "@kalshibook/core/TokenBucket"
import type { InTheFuture } from "@kalshibook/store/History"
import type { LogError } from "@kalshibook/store/TieredLog"
import type { Effect, Fiber } from "effect"
import type * as Session from "./Session.ts"

export interface Reader {
  readonly session: Session.Session
  /** By what the caller may now. */
  replaySpeedMax: number
  /** Runs something for as long as the connection lives. */
  readonly run: (effect: Effect.Effect<void>) => Fiber.Fiber<void>
  /** Waits until more is paid for; interrupts whoever waits when nothing will be. */
  readonly more: Effect.Effect<void>
  commands: TokenBucket | undefined
  /** Refused commands in a row. */
  mistakes: number
  replay: RunningReplay | undefined
}

/** A replay of a reader. */
export interface RunningReplay {
  readonly stop: Effect.Effect<void>
  /** How far it is, for whoever asks. */
  readonly atMicros: () => number
  readonly setPaused: (isPaused: boolean) => void
  readonly isPaused: () => boolean
  readonly speed: () => ReplaySpeed
  /** Goes on at another speed from where it is. */
  readonly setSpeed: (speed: ReplaySpeed) => void
  readonly markets: number
  /** Another one like it, from another moment. */
  readonly again: (fromMicros: number, speed: ReplaySpeed) => Effect.Effect<PreparedReplay, InTheFuture | LogError>
}

/** A replay that is ready to begin, so that its first message comes behind the answer. */
export interface PreparedReplay {
  readonly replay: RunningReplay
  readonly go: () => void
}
