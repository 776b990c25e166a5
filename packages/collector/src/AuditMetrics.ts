/** What came of audits, as metrics of this process, for `/metrics`. */
import type { AuditRates } from "@kalshibook/core/Audit"
import type { AuditSkipReason } from "@kalshibook/core/contract/AuditStatus"
import { Effect, Metric } from "effect"

const audits = Metric.counter("kalshibook_audits_total", {
  description: "Books compared with the exchange's own by REST, by verdict.",
  incremental: true
})

const roundsSkipped = Metric.counter("kalshibook_audit_rounds_skipped_total", {
  description: "Times that books were to be compared and were not, by reason.",
  incremental: true
})

const passRate = Metric.gauge("kalshibook_audits_pass_rate", {
  description: "Share of the audits of the last hour that passed, of those that were decided: 0 to 1."
})

export const audited = (verdict: keyof AuditRates): Effect.Effect<void> =>
  Metric.update(Metric.withAttributes(audits, { verdict }), 1)

export const skipped = (reason: AuditSkipReason): Effect.Effect<void> =>
  Metric.update(Metric.withAttributes(roundsSkipped, { reason }), 1)

/** Nothing is shown before anything was decided. */
export const rate = ({ failed, passed }: AuditRates): Effect.Effect<void> =>
  failed + passed === 0 ? Effect.void : Metric.update(passRate, passed / (failed + passed))
