/**
 * Errors that wait to be written, bounded whatever clients send: of each caller and of each account the first of a minute, and of a day, one
 * by one; what comes beyond is counted by minute, key, status and code, so that a hundred times as many cost no more and none is hidden.
 *
 * A count is told anew as long as it grows, always with all that it has, so that to tell it twice changes nothing.
 */
import type { RequestError } from "@kalshibook/store/RequestLog"

/** An error before anything is decided of it. */
export type NotedError = Omit<RequestError, "count" | "tsLastMicros"> & { readonly endpoint: string }

export interface ErrorBufferLimits {
  /** One by one, of a caller in a minute: what somebody may still read through. */
  readonly singlesOfMinuteMax: number
  /** The same in a UTC day: some hundred kilobytes. */
  readonly singlesOfDayMax: number
  /** One by one, of all callers of an account in a minute: it may have as many keys as it likes, one after the other. */
  readonly accountSinglesOfMinuteMax: number
  /** The same in a UTC day: some megabytes. */
  readonly accountSinglesOfDayMax: number
  /** Waiting one by one, of all callers: some seconds of a node on which everything fails; more are counted. */
  readonly singlesMax: number
  /** Waiting counts; more are lost, which is told by `takeLost`. */
  readonly countsMax: number
  /** Callers, and accounts, whose limits are remembered; beyond, all begin anew. */
  readonly callersMax: number
}

export const limits: ErrorBufferLimits = {
  singlesOfMinuteMax: 60,
  singlesOfDayMax: 2_000,
  accountSinglesOfMinuteMax: 600,
  accountSinglesOfDayMax: 10_000,
  singlesMax: 10_000,
  countsMax: 10_000,
  callersMax: 10_000
}

/** Errors in one statement at most: some milliseconds of work. */
const batchMax = 1_000

export interface ErrorBatch {
  readonly errors: ReadonlyArray<RequestError>
  /** They are kept. */
  readonly done: () => void
  /** They are not, and will never be. */
  readonly lost: () => void
}

export interface ErrorBuffer {
  readonly note: (error: NotedError) => void
  /** What is to be written next; `undefined` when there is nothing. One at a time; one of which nothing is said waits on. */
  readonly take: () => ErrorBatch | undefined
  /** Nothing that waits will be written any more: it is lost. */
  readonly abandon: () => void
  /** How many errors were lost since this was asked last. */
  readonly takeLost: () => number
}

interface Counted {
  error: RequestError
  /** How many of them are written. */
  written: number
}

/** What a caller, or an account, had of its limits. */
interface Had {
  minute: number
  ofMinute: number
  day: number
  ofDay: number
}

const minuteMicros = 60_000_000
const dayMicros = 86_400_000_000

/** `newId` names what is counted: never twice the same, on any node. */
export const make = (newId: () => string, max: ErrorBufferLimits = limits): ErrorBuffer => {
  let singles: Array<RequestError> = []
  const counts = new Map<string, Counted>()
  const [callers, accounts] = [new Map<string, Had>(), new Map<string, Had>()]
  let lost = 0

  const hadOf = (of: Map<string, Had>, name: string, tsMicros: number): Had => {
    let had = of.get(name)
    if (had === undefined) {
      if (of.size >= max.callersMax) of.clear()
      had = { minute: 0, ofMinute: 0, day: 0, ofDay: 0 }
      of.set(name, had)
    }
    const [minute, day] = [Math.floor(tsMicros / minuteMicros), Math.floor(tsMicros / dayMicros)]
    if (had.minute !== minute) Object.assign(had, { minute, ofMinute: 0 })
    if (had.day !== day) Object.assign(had, { day, ofDay: 0 })
    return had
  }

  const count = (error: NotedError): void => {
    const { accountId, code, prefix, status, tsMicros } = error
    const name = `${Math.floor(tsMicros / minuteMicros)} ${accountId} ${prefix} ${status} ${code}`
    const counted = counts.get(name)
    if (counted !== undefined) {
      const before = counted.error
      counted.error = {
        ...before,
        count: before.count + 1,
        tsLastMicros: Math.max(before.tsLastMicros, tsMicros)
      }
    } else if (counts.size >= max.countsMax) {
      lost++
    } else {
      const first = { ...error, errorId: newId(), endpoint: null, count: 1, tsLastMicros: tsMicros }
      counts.set(name, { error: first, written: 0 })
    }
  }

  let newestMicros = 0

  /** What is written and will not grow any more: its minute ended a minute ago. */
  const isOver = ({ error, written }: Counted): boolean =>
    written === error.count && newestMicros - error.tsMicros > 2 * minuteMicros

  return {
    note: (error) => {
      newestMicros = Math.max(newestMicros, error.tsMicros)
      const { accountId, prefix, tsMicros } = error
      const ofCaller = hadOf(callers, `${accountId} ${prefix}`, tsMicros)
      const ofAccount = hadOf(accounts, accountId, tsMicros)
      const isFew =
        ofCaller.ofMinute < max.singlesOfMinuteMax &&
        ofCaller.ofDay < max.singlesOfDayMax &&
        ofAccount.ofMinute < max.accountSinglesOfMinuteMax &&
        ofAccount.ofDay < max.accountSinglesOfDayMax
      if (!isFew || singles.length >= max.singlesMax) return count(error)
      for (const had of [ofCaller, ofAccount]) {
        had.ofMinute++
        had.ofDay++
      }
      singles.push({ ...error, count: 1, tsLastMicros: error.tsMicros })
    },
    take: () => {
      const some = singles.slice(0, batchMax)
      const grown: Array<readonly [name: string, counted: Counted, error: RequestError]> = []
      for (const [name, counted] of counts) {
        if (isOver(counted)) counts.delete(name)
        const isGrown = counted.written < counted.error.count
        if (isGrown && some.length + grown.length < batchMax) grown.push([name, counted, counted.error])
      }
      if (some.length + grown.length === 0) return undefined
      const leave = () => {
        singles = singles.slice(some.length)
      }
      return {
        errors: [...some, ...grown.map(([, , error]) => error)],
        done: () => {
          leave()
          for (const [, counted, error] of grown) counted.written = error.count
        },
        lost: () => {
          leave()
          lost += some.length
          for (const [name, counted] of grown) {
            lost += counted.error.count - counted.written
            counts.delete(name)
          }
        }
      }
    },
    abandon: () => {
      lost += singles.length
      singles = []
      for (const { error, written } of counts.values()) lost += error.count - written
      counts.clear()
    },
    takeLost: () => {
      const some = lost
      lost = 0
      return some
    }
  }
}
