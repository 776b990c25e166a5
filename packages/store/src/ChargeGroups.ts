/**
 * Charges that wait at the same moment, as the database takes them: those of one account under the same terms together, call by call as
 * columns, so that a group costs a handful of statements however many calls it has.
 */
import type { Charge, LedgerCall } from "./Ledger.ts"

/** An argument of `charge_calls`. */
interface ChargeGroup {
  readonly account: string
  readonly credits_monthly: number
  readonly is_postpaid: boolean
  readonly cap_credits: number | null
  readonly is_once: boolean
  readonly buckets: ReadonlyArray<string>
  readonly per_second: ReadonlyArray<number>
  readonly burst: ReadonlyArray<number>
  /** What the calls take out of each bucket together. */
  readonly bucket_costs: Array<number>
  /** Credits of those that were answered. */
  total: number
  readonly ids: Array<string>
  readonly prefixes: Array<string>
  readonly endpoints: Array<string>
  readonly states: Array<string>
  readonly credits: Array<number>
  readonly rows: Array<number>
  readonly costs: Array<number>
  readonly key_caps: Array<number | null>
}

/** O(charges). Calls of one account are in one group when buckets and terms are the same. */
export const of = (charges: ReadonlyArray<Charge>): ReadonlyArray<ChargeGroup> => {
  const groups = new Map<string, ChargeGroup>()
  for (const charge of charges) {
    const { call, isOnce, rows, state } = charge
    const name = nameOf(call, isOnce)
    let group = groups.get(name)
    if (group === undefined) {
      group = empty(call, isOnce)
      groups.set(name, group)
    }
    const credits = state === "used" ? call.creditsMax : 0
    group.total += credits
    group.ids.push(call.requestId)
    group.prefixes.push(call.prefix)
    group.endpoints.push(call.endpoint)
    group.states.push(state)
    group.credits.push(credits)
    group.rows.push(rows)
    group.costs.push(call.cost)
    group.key_caps.push(call.keyCapCredits)
    for (const at of call.buckets.keys()) group.bucket_costs[at] = (group.bucket_costs[at] ?? 0) + call.cost
  }
  return [...groups.values()]
}

const nameOf = ({ accountId, buckets, keyCapCredits, terms }: LedgerCall, isOnce: boolean): string => {
  const sizes = buckets.map(({ burst, name, perSecond }) => `${name} ${perSecond} ${burst}`).join()
  const { capCredits, creditsMonthly, isPostpaid } = terms
  return `${accountId} ${isOnce} ${keyCapCredits !== null} ${creditsMonthly} ${isPostpaid} ${capCredits} ${sizes}`
}

const empty = ({ accountId, buckets, terms }: LedgerCall, isOnce: boolean): ChargeGroup => ({
  account: accountId,
  credits_monthly: terms.creditsMonthly,
  is_postpaid: terms.isPostpaid,
  cap_credits: terms.capCredits,
  is_once: isOnce,
  buckets: buckets.map(({ name }) => name),
  per_second: buckets.map(({ perSecond }) => perSecond),
  burst: buckets.map(({ burst }) => burst),
  bucket_costs: buckets.map(() => 0),
  total: 0,
  ids: [],
  prefixes: [],
  endpoints: [],
  states: [],
  credits: [],
  rows: [],
  costs: [],
  key_caps: []
})
