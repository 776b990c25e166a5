/**
 * The streams that this node has open: let in up to the limits of account and key, over all nodes, and ended when what they were opened with
 * ends. Knows nothing of sockets; whoever opens one says how it is closed.
 *
 *     const connection = yield* connections.open({ caller, close: (ending) => say(ending) })
 *     // Effect<Connection, TooManyConnections, Scope>
 *
 * It counts until the scope closes. `close` is called at most once: when the key is revoked or expires (within 5 s on every node, at once on
 * the node that revoked it), the account is gone, or fewer may be open by now and there are as many older ones; it has to end the session,
 * whose scope then closes. `Connection` says for a greeting how many are open of how many.
 *
 * What a caller may changes while he is connected: `Connection.caller` is who he is now, some seconds old, and `onChange` tells of it.
 *
 * While the database is away nobody can be counted elsewhere: then this node's own connections count, and none is ended.
 */
import { ConnectionLeases, type EndingReason, type HeldConnection } from "@kalshibook/store/ConnectionLeases"
import { Clock, Context, Data, Duration, Effect, Layer, type Scope } from "effect"
import { connectionCheckMillis } from "./ApiLimits.ts"
import type { Caller } from "./Caller.ts"
import { Callers } from "./Callers.ts"

/** The account, or the caller, has as many open as it may. */
export class TooManyConnections extends Data.TaggedError("TooManyConnections")<{
  readonly whose: "account" | "caller"
  readonly open: number
  readonly max: number
}> {}

/** A connection that counts. */
export interface Connection {
  /** A UUID, for logs and payments. */
  readonly connectionId: string
  /** Of the account, over all nodes, when this one was opened; itself included. */
  readonly open: number
  /** Of the account at most. */
  readonly max: number
  /** Whose it is, with the plan, caps and limits that he has now. */
  readonly caller: () => Caller
}

/** Why a connection has to end. The message is for whoever is at its other end. */
export interface ConnectionEnding {
  readonly reason: EndingReason
  readonly message: string
}

export interface ConnectionWanted {
  readonly caller: Caller
  /** Ends the session; has to return soon, and to say why to whoever is at the other end. */
  readonly close: (ending: ConnectionEnding) => Effect.Effect<void>
  /** Plan, caps or limits of the caller have changed. Has to return soon. */
  readonly onChange?: (caller: Caller) => Effect.Effect<void>
}

interface Open extends ConnectionWanted {
  readonly held: HeldConnection
  /** As he is now. */
  caller: Caller
}

export class OpenConnections extends Context.Service<
  OpenConnections,
  {
    readonly open: (wanted: ConnectionWanted) => Effect.Effect<Connection, TooManyConnections, Scope.Scope>
    /** Ends what this node has open with a key that was revoked just now. */
    readonly endKey: (prefix: string) => Effect.Effect<void>
    /** The same for all of an account that was deleted, or of one of its members who was removed or got a role without streams. */
    readonly endAccount: (accountId: string, member?: string) => Effect.Effect<void>
  }
>()("@kalshibook/api/OpenConnections") {
  static readonly layer: Layer.Layer<OpenConnections, never, ConnectionLeases | Callers> = Layer.effect(
    OpenConnections,
    Effect.gen(function* () {
      const leases = yield* ConnectionLeases
      const callers = yield* Callers
      const opened = new Map<string, Open>()

      const end = (connectionId: string, reason: EndingReason) =>
        Effect.suspend(() => {
          const one = opened.get(connectionId)
          if (one === undefined) return Effect.void
          opened.delete(connectionId)
          return one.close({ reason, message: messages[reason](one.caller.title) })
        })

      const endAll = (ended: Iterable<readonly [string, EndingReason]>) =>
        Effect.forEach(ended, ([connectionId, reason]) => end(connectionId, reason), {
          concurrency: "unbounded",
          discard: true
        })

      /** What was shown without a key, whose end nobody else knows. */
      const expired = Effect.map(Clock.currentTimeMillis, (millis) =>
        [...opened].flatMap(([connectionId, { caller }]) => {
          const { expiresMicros } = caller.bounds
          return expiresMicros !== null && expiresMicros <= millis * 1_000
            ? [[connectionId, "key_expired"] as const]
            : []
        })
      )

      const refresh = Effect.fnUntraced(function* (one: Open) {
        const { caller: before, onChange } = one
        const caller = yield* callers.asOfNow(before)
        one.caller = caller
        if (onChange !== undefined && termsText(caller) !== termsText(before)) yield* onChange(caller)
      })

      const check = Effect.gen(function* () {
        yield* Effect.flatMap(expired, endAll)
        if (opened.size === 0) return
        yield* Effect.forEach([...opened.values()], refresh, { concurrency: refreshesAtOnceMax, discard: true }).pipe(
          // A database that hangs must not keep places from being renewed.
          Effect.timeoutOption(Duration.millis(connectionCheckMillis))
        )
        const renewed = [...opened.values()].map(({ caller, held }) => ({ ...held, ...maxesOf(caller) }))
        const ended = yield* leases.renew(renewed)
        // Whoever left meanwhile has given his place back before it was renewed.
        for (const held of renewed) if (!opened.has(held.connectionId)) yield* leases.close(held)
        yield* endAll(ended.map(({ connectionId, reason }) => [connectionId, reason] as const))
      }).pipe(Effect.catch((error) => Effect.logWarning(`open connections could not be renewed: ${error.message}`)))
      yield* Effect.forkScoped(
        Effect.forever(Effect.andThen(Effect.sleep(Duration.millis(connectionCheckMillis)), check))
      )

      /** By what this node knows. */
      const ownPlace = ({ account, bounds, name, tier }: Caller) => {
        const own = [...opened.values()].filter(({ held }) => held.accountId === account.accountId)
        const ofCaller = own.filter(({ held }) => held.caller === name).length
        if (own.length >= tier.limits.connections) return full("account", own.length)
        if (bounds.connections !== null && ofCaller >= bounds.connections) return full("caller", ofCaller)
        return { _tag: "open", open: own.length + 1 } as const
      }

      const open = Effect.fnUntraced(function* (wanted: ConnectionWanted) {
        const { caller } = wanted
        const { account, authentication, bounds, name, tier } = caller
        const held: HeldConnection = {
          connectionId: globalThis.crypto.randomUUID(),
          accountId: account.accountId,
          caller: name,
          key: authentication._tag === "key" ? authentication.key.prefix : null,
          member: authentication._tag === "member" ? authentication.person.userId : null
        }
        const max = tier.limits.connections
        const place = yield* leases
          .open({ ...held, ...maxesOf(caller) })
          .pipe(
            Effect.catch((error) =>
              Effect.as(
                Effect.logWarning(`a connection is counted by this node alone: ${error.message}`),
                ownPlace(caller)
              )
            )
          )
        if (place._tag === "full") {
          const ofCaller = place.whose === "caller" ? (bounds.connections ?? max) : max
          return yield* new TooManyConnections({ whose: place.whose, open: place.open, max: ofCaller })
        }
        const one: Open = { ...wanted, held }
        opened.set(held.connectionId, one)
        const { connectionId } = held
        const connection: Connection = { connectionId, open: place.open, max, caller: () => one.caller }
        return connection
      })

      return OpenConnections.of({
        open: (wanted) =>
          Effect.acquireRelease(open(wanted), ({ connectionId }) => {
            opened.delete(connectionId)
            // Else its lease ends it.
            return Effect.ignore(leases.close({ connectionId, accountId: wanted.caller.account.accountId }))
          }),
        endKey: (prefix) =>
          Effect.suspend(() =>
            endAll([...opened].flatMap(([id, { held }]) => (held.key === prefix ? [[id, "key_revoked"] as const] : [])))
          ),
        endAccount: (accountId, member) =>
          Effect.suspend(() =>
            endAll(
              [...opened].flatMap(([id, { held }]) =>
                held.accountId === accountId && (member === undefined || held.member === member)
                  ? [[id, member === undefined ? "gone" : "member_left"] as const]
                  : []
              )
            )
          )
      })
    })
  )
}

/** Callers that are looked up at once. */
const refreshesAtOnceMax = 8

const maxesOf = ({ bounds, tier }: Caller) => ({
  accountMax: tier.limits.connections,
  callerMax: bounds.connections
})

/** What of a caller may change without his ending. */
const termsText = ({ account, bounds, tier }: Caller): string => JSON.stringify([account.capCredits, bounds, tier])

const full = (whose: "account" | "caller", open: number) => ({ _tag: "full", whose, open }) as const

const messages: Readonly<Record<EndingReason, (title: string) => string>> = {
  key_revoked: (title) => `${capital(title)} was revoked.`,
  key_expired: (title) => `${capital(title)} has expired.`,
  member_left: (title) => `${capital(title)} has no streams of this account any more.`,
  gone: (title) => `${capital(title)} is not there any more.`,
  over_limit: (title) => `${capital(title)} may have fewer open streams than there are: the newest are ended.`
}

const capital = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1)
