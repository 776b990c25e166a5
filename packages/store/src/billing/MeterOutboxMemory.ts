/** The outbox of metered use in memory. */
import { hourMicros } from "@kalshibook/core/Units"
import { Effect } from "effect"
import type { AccountsState } from "../AccountsState.ts"
import type { LedgerEntry } from "../LedgerMemory.ts"
import type { ComparedHour, MeteredHour, MeterOutbox, WaitingHour } from "./MeterOutbox.ts"

interface Event extends WaitingHour {
  readonly state: "waiting" | "sent" | "refused"
  readonly sentMicros: number | null
}

const beginOf = (micros: number): number => Math.floor(micros / hourMicros) * hourMicros

/** Of what a call used, what was neither granted nor bought. */
const onAccountOf = ({ credits, sources, state }: LedgerEntry): number =>
  state === "used" ? Math.max(0, credits - sources.grant - sources.bought) : 0

export const meterInMemory = (state: AccountsState["Service"]): MeterOutbox["Service"] => {
  const marks = new Map<string, number>()
  const events = new Map<string, Event>()
  const nameOf = ({ accountId, hourMicros: hour }: MeteredHour): string => `${accountId}:${hour}`
  const entriesOf = (accountId: string, fromMicros: number, toMicros: number): ReadonlyArray<LedgerEntry> =>
    [...state.entries.values()].filter(
      ({ atMicros, call }) => call.accountId === accountId && atMicros >= fromMicros && atMicros < toMicros
    )
  const hoursOf = (entries: ReadonlyArray<LedgerEntry>): ReadonlyMap<number, number> => {
    const hours = new Map<number, number>()
    for (const entry of entries) {
      const credits = onAccountOf(entry)
      const hour = beginOf(entry.atMicros)
      if (credits > 0) hours.set(hour, (hours.get(hour) ?? 0) + credits)
    }
    return hours
  }
  const change = (hour: MeteredHour, facts: Partial<Event>) =>
    Effect.sync(() => {
      const event = events.get(nameOf(hour))
      if (event !== undefined) events.set(nameOf(hour), { ...event, ...facts })
    })
  return {
    fill: (accountId, { fromMicros, untilMicros }) =>
      Effect.sync(() => {
        const since = marks.get(accountId) ?? fromMicros
        const held = entriesOf(accountId, since, Number.MAX_SAFE_INTEGER).filter((entry) => entry.state === "held")
        const until = Math.min(untilMicros, ...held.map(({ atMicros }) => beginOf(atMicros)))
        if (until <= since) return 0
        const hours = hoursOf(entriesOf(accountId, since, until))
        for (const [hour, credits] of hours) {
          const metered = { accountId, hourMicros: hour, credits }
          events.set(nameOf(metered), { ...metered, triedMicros: null, sentMicros: null, state: "waiting" })
        }
        marks.set(accountId, until)
        return hours.size
      }),
    waiting: (eventsMax) =>
      Effect.sync(() =>
        [...events.values()]
          .filter((event) => event.state === "waiting")
          .toSorted((one, other) => one.hourMicros - other.hourMicros)
          .slice(0, eventsMax)
      ),
    noteTried: (hour, nowMicros) => change(hour, { triedMicros: nowMicros }),
    noteSent: (hour, nowMicros) => change(hour, { state: "sent", sentMicros: nowMicros }),
    noteRefused: (hour) => change(hour, { state: "refused" }),
    compared: (accountId, { fromMicros, toMicros }) =>
      Effect.sync(() => {
        const until = Math.min(toMicros, marks.get(accountId) ?? fromMicros)
        const hours = hoursOf(entriesOf(accountId, fromMicros, until))
        const own = [...events.values()].filter(
          (event) => event.accountId === accountId && event.hourMicros >= fromMicros && event.hourMicros < until
        )
        const names = new Set([...hours.keys(), ...own.map((event) => event.hourMicros)])
        return [...names]
          .toSorted((one, other) => one - other)
          .map((hour): ComparedHour => {
            const event = own.find((one) => one.hourMicros === hour)
            return {
              hourMicros: hour,
              creditsLedger: hours.get(hour) ?? 0,
              creditsOutbox: event?.credits ?? 0,
              state: event?.state ?? null,
              sentMicros: event?.sentMicros ?? null
            }
          })
      }),
    onAccount: (accountId, fromMicros) =>
      Effect.sync(() =>
        entriesOf(accountId, fromMicros, Number.MAX_SAFE_INTEGER).reduce((sum, entry) => sum + onAccountOf(entry), 0)
      )
  }
}
