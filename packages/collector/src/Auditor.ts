/**
 * Compares recorded books with the exchange's own, which its REST interface answers: a sample of markets, again and again.
 *
 * What is judged is the stored log, the one that customers get, once it is stored beyond the moment of the answer. A market that fails
 * is distrusted at once. Nothing that goes wrong here stops the recording.
 */
import * as Audit from "@kalshibook/core/Audit"
import type { BookLevels, MarketTicker } from "@kalshibook/core/BookRecord"
import type { AuditFailure, AuditSkipReason, AuditStatus } from "@kalshibook/core/contract/AuditStatus"
import { type AuditRecord, Audits } from "@kalshibook/store/Audits"
import { HotTier } from "@kalshibook/store/HotTier"
import type { HotTierError } from "@kalshibook/store/HotTierError"
import { Cause, Context, Duration, Effect, Layer, Option, Random } from "effect"
import { AuditedRecorder } from "./AuditedRecorder.ts"
import * as AuditLog from "./AuditLog.ts"
import * as AuditMetrics from "./AuditMetrics.ts"
import * as AuditSample from "./AuditSample.ts"
import { backoff } from "./Backoff.ts"
import { Settings } from "./CollectorSettings.ts"
import { KalshiRest, orderbooksPerRequestMax, type RestFailed } from "./KalshiRest.ts"

/** Logs read at a time: the recorder needs the database more. */
const logsAtOnce = 4
/** How often it is looked whether the log is stored up to the end of the window. */
const storedPollMillis = 50
/** Attempts to store verdicts; after the last they are lost, and said to be. */
const storeAttemptsMax = 8
/** How often the stored audits of the last day are counted. */
const ratesMillis = 60_000
const hourMicros = 3_600_000_000

export class Auditor extends Context.Service<
  Auditor,
  {
    /** Audits round by round, for ever. */
    readonly run: Effect.Effect<never>
    readonly status: Effect.Effect<AuditStatus>
  }
>()("@kalshibook/collector/Auditor") {
  static readonly layerNoDeps: Layer.Layer<Auditor, never, AuditedRecorder | Audits | HotTier | KalshiRest | Settings> =
    Layer.effect(
      Auditor,
      Effect.gen(function* () {
        const recorder = yield* AuditedRecorder
        const audits = yield* Audits
        const hotTier = yield* HotTier
        const rest = yield* KalshiRest
        const settings = yield* Settings
        const sample = AuditSample.make()
        const sinceStart = { passed: 0, failed: 0, undecided: 0 }
        const roundsSkipped: Partial<Record<AuditSkipReason, number>> = {}
        let lastHour: Audit.AuditRates = { ...sinceStart }
        let lastDay: Audit.AuditRates = { ...sinceStart }
        let ratesDueMicros = 0
        let lastFailure: AuditFailure | null = null
        let problem: string | null = null

        const skip = (reason: AuditSkipReason): Effect.Effect<void> => {
          roundsSkipped[reason] = (roundsSkipped[reason] ?? 0) + 1
          return AuditMetrics.skipped(reason)
        }

        /** Whether everything that was received up to the moment is stored, after a bounded wait. */
        const untilStored = Effect.fnUntraced(function* (atMicros: number) {
          const waitMicros = Math.max(0, atMicros - recorder.nowMicros())
          const untilMicros = recorder.nowMicros() + waitMicros + settings.auditStoredMillisMax * 1000
          yield* Effect.sleep(Duration.millis(waitMicros / 1000))
          for (;;) {
            const watermark = yield* hotTier.watermark
            if (Option.exists(watermark, ({ tsReceivedMicros }) => tsReceivedMicros >= atMicros)) return true
            if (recorder.nowMicros() >= untilMicros) return false
            yield* Effect.sleep(Duration.millis(storedPollMillis))
          }
        })

        /** The verdict on one market, with the connection that its log was recorded from. */
        const judge = Effect.fnUntraced(function* (
          marketTicker: MarketTicker,
          tsAnsweredMicros: number,
          window: Audit.AuditWindow,
          answer: BookLevels | undefined
        ) {
          if (answer === undefined) return { epoch: 0, verdict: Audit.undecided("not_answered") }
          const log = yield* AuditLog.read(hotTier, marketTicker, window, settings.auditRecordsMax)
          if (Option.isNone(log)) return { epoch: 0, verdict: Audit.undecided("log_too_long") }
          const { records, start } = log.value
          const verdict = Audit.judge({ window, tsAnsweredMicros, start, records, answer })
          return { epoch: (records.at(-1) ?? start.last)?.epoch ?? 0, verdict }
        })

        /** Counts a verdict, and acts on a failure: the market is distrusted before anything else is done. */
        const note = Effect.fnUntraced(function* (
          marketTicker: MarketTicker,
          verdict: Audit.Verdict,
          tsAnsweredMicros: number
        ) {
          sinceStart[verdict._tag]++
          AuditSample.note(sample, marketTicker, verdict._tag, tsAnsweredMicros)
          yield* AuditMetrics.audited(verdict._tag)
          if (verdict._tag !== "failed") return
          const { at, differences, levelsCompared, levelsDifferent } = verdict
          lastFailure = {
            marketTicker,
            tsAnsweredMicros,
            offset: at.offset,
            levelsCompared,
            levelsDifferent,
            differences
          }
          recorder.distrust(marketTicker, at.offset, recorder.nowMicros())
          const what = `${levelsDifferent} of ${levelsCompared} levels differ`
          yield* Effect.logError(`the book of ${marketTicker} is not the exchange's: ${what}`).pipe(
            Effect.annotateLogs({ marketTicker, offset: at.offset, epoch: at.epoch })
          )
        })

        const round = Effect.fn("Auditor.round")(function* () {
          const obstacle = recorder.obstacle()
          if (obstacle !== null) return yield* skip(obstacle)
          const shuffled = yield* Random.shuffle(recorder.trustedMarkets())
          const marketsMax = Math.min(settings.auditMarketsMax, orderbooksPerRequestMax)
          const tickers = AuditSample.choose(sample, shuffled, marketsMax)
          if (tickers.length === 0) return yield* skip("no_markets")
          const tsRequestedMicros = recorder.nowMicros()
          const answers = yield* rest.orderbooks(tickers)
          const tsAnsweredMicros = recorder.nowMicros()
          if (tsAnsweredMicros - tsRequestedMicros > settings.auditAnswerMillisMax * 1000) {
            return yield* skip("slow_answer")
          }
          const times = { tsRequestedMicros, tsAnsweredMicros }
          const window = Audit.windowOf(times, {
            cacheMillisMax: settings.auditCacheMillisMax,
            slackMillis: settings.auditSlackMillis,
            lagMillisMax: settings.auditLagMillisMax
          })
          const isStored = yield* untilStored(window.tsToMicros)
          // What came up meanwhile may have made the log late within the window.
          const obstacleSince = recorder.obstacle()
          if (obstacleSince !== null) return yield* skip(obstacleSince)
          const judged = yield* Effect.forEach(
            tickers,
            Effect.fnUntraced(function* (marketTicker) {
              const answer = answers.get(marketTicker)
              const { epoch, verdict } = isStored
                ? yield* judge(marketTicker, tsAnsweredMicros, window, answer)
                : { epoch: 0, verdict: Audit.undecided("not_stored") }
              return { verdict, record: recordOf({ marketTicker, ...times, ...window, epoch }, verdict, answer) }
            }),
            { concurrency: logsAtOnce }
          )
          for (const { record, verdict } of judged) yield* note(record.marketTicker, verdict, tsAnsweredMicros)
          yield* audits.store(judged.map(({ record }) => record)).pipe(
            Effect.retry({
              while: (error) => error.isRetryable,
              schedule: backoff(settings.retryMillisMin, settings.retryMillisMax),
              times: storeAttemptsMax - 1
            })
          )
          yield* countRates
          problem = null
        })

        const countRates = Effect.gen(function* () {
          const nowMicros = recorder.nowMicros()
          if (nowMicros < ratesDueMicros) return
          ratesDueMicros = nowMicros + ratesMillis * 1000
          lastHour = yield* audits.rates(nowMicros - hourMicros, nowMicros)
          lastDay = yield* audits.rates(nowMicros - 24 * hourMicros, nowMicros)
          yield* AuditMetrics.rate(lastHour)
        })

        /** One line for each problem, not for each round that meets it. */
        const failedBy = Effect.fnUntraced(function* (error: RestFailed | HotTierError) {
          yield* skip(error._tag === "RestFailed" ? "rest_failed" : "store_failed")
          const isNew = problem !== error.message
          problem = error.message
          if (isNew) yield* Effect.logWarning(`books cannot be compared with the exchange's, trying again: ${problem}`)
        })

        const run = Effect.gen(function* () {
          for (;;) {
            const startMicros = recorder.nowMicros()
            yield* round().pipe(
              Effect.catch(failedBy),
              Effect.catchDefect((defect) => Effect.logError("a round of audits failed", Cause.die(defect)))
            )
            const elapsedMillis = (recorder.nowMicros() - startMicros) / 1000
            yield* Effect.sleep(Duration.millis(Math.max(1, settings.auditMillis - elapsedMillis)))
          }
        })

        return Auditor.of({
          run,
          status: Effect.sync(() => ({
            sinceStart: { ...sinceStart },
            lastHour,
            lastDay,
            roundsSkipped: { ...roundsSkipped },
            lastFailure,
            problem
          }))
        })
      })
    )
}

type AuditHead = Pick<
  AuditRecord,
  "marketTicker" | "tsRequestedMicros" | "tsAnsweredMicros" | "tsFromMicros" | "tsToMicros" | "epoch"
>

/** The audit as it is stored; the answer is kept as evidence where it was not ours. */
const recordOf = (head: AuditHead, verdict: Audit.Verdict, answer: BookLevels | undefined): AuditRecord => {
  const isDecided = verdict._tag !== "undecided"
  return {
    ...head,
    verdict: verdict._tag,
    reason: isDecided ? null : verdict.reason,
    offset: isDecided ? verdict.at.offset : null,
    ageMicros: verdict._tag === "passed" ? verdict.ageMicros : null,
    levelsCompared: isDecided ? verdict.levelsCompared : 0,
    levelsDifferent: verdict._tag === "failed" ? verdict.levelsDifferent : 0,
    answer: verdict._tag === "failed" ? (answer ?? null) : null
  }
}
