/** Where open time went that is not known, by cause. */
import type { Loss } from "../api/Answers.ts"
import * as Causes from "../book/Causes.ts"
import * as Numbers from "../format/Numbers.ts"

export const Losses = ({ losses }: { readonly losses: ReadonlyArray<Loss> }) => {
  const most = Math.max(...losses.map(({ seconds }) => seconds), 1e-9)
  if (losses.length === 0) return <p className="text-sm text-soft">Nothing is missing in this time.</p>
  return (
    <ul className="grid gap-1.5 text-sm">
      {[...losses]
        .sort((one, other) => other.seconds - one.seconds)
        .map(({ cause, gaps, seconds }) => (
          <li key={cause} className="grid grid-cols-[minmax(9rem,16rem)_1fr_auto] items-center gap-3">
            <span className="truncate">{Causes.short(cause)}</span>
            <span aria-hidden="true" className="h-1.5 rounded-full bg-hover">
              <span className="block h-full rounded-full bg-warn" style={{ width: `${(seconds / most) * 100}%` }} />
            </span>
            <span className="text-right text-soft">
              {Numbers.duration(seconds)}
              {gaps === 0 ? "" : ` in ${Numbers.count(gaps)} ${gaps === 1 ? "gap" : "gaps"}`}
            </span>
          </li>
        ))}
    </ul>
  )
}
