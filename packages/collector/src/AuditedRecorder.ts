/** What the auditor needs of the recorder whose books it compares, and what it does to it: distrust a market. */
import type { MarketTicker } from "@kalshibook/core/BookRecord"
import type { AuditSkipReason } from "@kalshibook/core/contract/AuditStatus"
import { Context, Effect, Layer } from "effect"
import { Settings } from "./CollectorSettings.ts"
import * as Journal from "./Journal.ts"
import { Recording } from "./Recording.ts"
import * as Slots from "./Slots.ts"

export class AuditedRecorder extends Context.Service<
  AuditedRecorder,
  {
    /** The receive clock, Unix microseconds. */
    readonly nowMicros: () => number
    /** Why its log can be held against nothing now; `null` when it can. */
    readonly obstacle: () => Extract<
      AuditSkipReason,
      "maintenance" | "disconnected" | "recorder_behind" | "clock_unsteady"
    > | null
    /** The markets whose books are trusted now. */
    readonly trustedMarkets: () => ReadonlyArray<MarketTicker>
    /**
     * The market's book is proven wrong with the record of this offset, since nobody knows when; it was found at `tsMicros` by the receive
     * clock. Nothing happens where the book was made anew since: then it was lost in another way, which its log tells.
     */
    readonly distrust: (marketTicker: MarketTicker, offset: number, tsMicros: number) => void
  }
>()("@kalshibook/collector/AuditedRecorder") {
  /** The live recording of this process. */
  static readonly layerNoDeps: Layer.Layer<AuditedRecorder, never, Recording | Settings> = Layer.effect(
    AuditedRecorder,
    Effect.gen(function* () {
      const recording = yield* Recording
      const settings = yield* Settings
      const { auditCacheMillisMax, auditLagMillisMax, auditSlackMillis } = settings
      /** From the earliest moment of which an answer may speak until it is judged. */
      const windowMillisMax =
        auditCacheMillisMax +
        auditSlackMillis +
        settings.auditAnswerMillisMax +
        auditLagMillisMax +
        settings.auditStoredMillisMax
      const isBehind = (): boolean =>
        recording.isSpilled ||
        recording.storeProblem !== null ||
        recording.clock.nowMicros() - recording.tsCommittedMicros > auditLagMillisMax * 1000
      const isUnsteady = ({ monotonicMicros, unsteadyAtMicros }: typeof recording.clock): boolean =>
        monotonicMicros() - unsteadyAtMicros() < windowMillisMax * 1000
      return AuditedRecorder.of({
        nowMicros: () => recording.clock.nowMicros(),
        obstacle: () => {
          if (recording.maintenance !== null) return "maintenance"
          if (!Slots.isLinked(recording.slots)) return "disconnected"
          if (isBehind()) return "recorder_behind"
          return isUnsteady(recording.clock) ? "clock_unsteady" : null
        },
        trustedMarkets: () =>
          [...recording.cells.values()].flatMap(({ state, ticker }) => (state === "live" ? [ticker] : [])),
        distrust: (ticker, offset, tsMicros) => {
          const trust = recording.recorder.logs.get(ticker)?.replay.trust
          if (trust?._tag === "trusted" && trust.sinceOffset > offset) return
          Journal.act(recording, 0, { act: "doubt", ticker, cause: "audit" }, tsMicros)
        }
      })
    })
  )
}
