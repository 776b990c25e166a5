/** Audits in memory: the same contract as in Postgres, for tests. */
import { Effect } from "effect"
import type { AuditRecord, Audits } from "./Audits.ts"

export const inMemory = (): Audits["Service"] => {
  const audits = new Map<string, AuditRecord>()
  const all = (): ReadonlyArray<AuditRecord> => [...audits.values()]
  return {
    store: (added) =>
      Effect.sync(() => {
        for (const audit of added) {
          const key = `${audit.marketTicker} ${audit.tsAnsweredMicros}`
          if (!audits.has(key)) audits.set(key, audit)
        }
      }),
    rates: (fromMicros, toMicros) =>
      Effect.sync(() => {
        const rates = { passed: 0, failed: 0, undecided: 0 }
        for (const { tsAnsweredMicros, verdict } of all()) {
          if (tsAnsweredMicros >= fromMicros && tsAnsweredMicros < toMicros) rates[verdict]++
        }
        return rates
      }),
    latest: (ticker, auditsMax) =>
      Effect.sync(() =>
        all()
          .filter(({ marketTicker }) => marketTicker === ticker)
          .sort((one, other) => other.tsAnsweredMicros - one.tsAnsweredMicros)
          .slice(0, auditsMax)
      )
  }
}
