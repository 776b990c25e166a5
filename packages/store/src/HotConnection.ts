/**
 * The one connection that writes the hot tier: transactions one after another, with COPY, on a session that is opened when it is
 * needed and replaced when anything went wrong with it.
 *
 * A commit whose answer is lost may still happen: the server may be frozen with our COMMIT in its hands, and go on minutes later.
 * So every transaction first takes a lock that it holds to its end. Whoever comes after it, on whatever session, waits until the
 * server has decided about it, and then sees what it has stored.
 */
import { PgClient } from "@effect/sql-pg"
import { Context, Duration, Effect, Layer, Semaphore } from "effect"
import type { SqlError } from "effect/sql"
import * as HotSocket from "./HotSocket.ts"
import { sqlErrorOf } from "./SqlStates.ts"

export interface Limits {
  /** From the first packet to a usable session. */
  readonly connectMillisMax: number
  /** For one statement, or one COPY with all of its input. A frozen server never answers. */
  readonly statementMillisMax: number
  /** How long the server lets a transaction stand still. When a connection was cut, only this tells it that nobody is there. */
  readonly idleMillisMax: number
}

const limitsDefault: Limits = { connectMillisMax: 5_000, statementMillisMax: 30_000, idleMillisMax: 30_000 }

/** What a transaction can do. */
export type HotSession = Pick<HotSocket.HotSocket, "query" | "count" | "copy">

export class HotConnection extends Context.Service<
  HotConnection,
  {
    /**
     * Runs the body in one transaction, after all that were asked for before it. When anything in it fails, or it is interrupted,
     * the session is ended and with it the transaction. A failure is retryable when the database was away, or did not answer
     * within the limits; the transaction may have been committed all the same.
     */
    readonly transaction: <A, E>(
      body: (session: HotSession) => Effect.Effect<A, E>
    ) => Effect.Effect<A, E | SqlError.SqlError>
  }
>()("@kalshibook/store/HotConnection") {
  /** With limits of one's own. */
  static readonly layerOf = (limits: Partial<Limits>): Layer.Layer<HotConnection, never, PgClient.PgClient> =>
    Layer.effect(
      HotConnection,
      Effect.flatMap(PgClient.PgClient, ({ config }) => make(config, { ...limitsDefault, ...limits }))
    )

  static readonly layerNoDeps: Layer.Layer<HotConnection, never, PgClient.PgClient> = HotConnection.layerOf({})
}

const make = Effect.fnUntraced(function* (config: PgClient.PgClientConfig, limits: Limits) {
  const oneAtATime = Semaphore.makeUnsafe(1)
  const begin = beginning(limits)
  let current: HotSocket.HotSocket | undefined

  const end = Effect.sync(() => {
    current?.destroy()
    current = undefined
  })
  yield* Effect.addFinalizer(() => end)

  const opened = Effect.suspend(() => {
    if (current?.isOpen() === true) return Effect.succeed(current)
    return HotSocket.open(config).pipe(
      within(limits.connectMillisMax, "connect"),
      Effect.tap((socket) =>
        Effect.sync(() => {
          current = socket
        })
      )
    )
  })

  const answered = within(limits.statementMillisMax, "query")

  const transaction = <A, E>(
    body: (session: HotSession) => Effect.Effect<A, E>
  ): Effect.Effect<A, E | SqlError.SqlError> =>
    Effect.gen(function* () {
      const socket = yield* opened
      yield* answered(socket.run(begin))
      const result = yield* body({
        query: (statement) => answered(socket.query(statement)),
        count: (statement) => answered(socket.count(statement)),
        copy: (text, bytes) => answered(socket.copy(text, bytes))
      })
      yield* answered(socket.run("commit"))
      return result
    }).pipe(
      // Not worth telling a session that can go on from one that cannot: a new one costs some milliseconds.
      Effect.onError(() => end),
      oneAtATime.withPermits(1)
    )

  return HotConnection.of({ transaction })
})

/**
 * Begins a transaction and waits for the one before it. What the server is told it forgets with the transaction, so this works
 * through poolers: to give up what stands still, also when the connection was cut and nobody is there any more.
 */
const beginning = ({ idleMillisMax, statementMillisMax }: Limits): string => `
  begin;
  set local statement_timeout = ${statementMillisMax};
  set local idle_in_transaction_session_timeout = ${idleMillisMax};
  set local tcp_keepalives_idle = 10;
  set local tcp_keepalives_interval = 5;
  set local tcp_keepalives_count = 3;
  select pg_advisory_xact_lock(hashtextextended('kalshibook.hot_tier', 0))`

const within =
  (millisMax: number, operation: string) =>
  <A>(effect: Effect.Effect<A, SqlError.SqlError>): Effect.Effect<A, SqlError.SqlError> =>
    Effect.timeoutOrElse(effect, {
      duration: Duration.millis(millisMax),
      orElse: () => Effect.fail(sqlErrorOf(operation, new Error(`the database did not answer within ${millisMax} ms`)))
    })
