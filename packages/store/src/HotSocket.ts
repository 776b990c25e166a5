/**
 * One connection of the driver `pg`, for the one path that needs COPY, which `@effect/sql-pg` refuses. Opened with the settings of
 * a `PgClient`, so that both reach the same database in the same way.
 *
 * adapter: pg's callbacks
 */
import { Socket } from "node:net"
import type { PgClient } from "@effect/sql-pg"
import { Effect, Stream } from "effect"
import type { SqlError } from "effect/sql"
import { Client, type ClientConfig, type QueryResult, types } from "pg"
import { from as copyFrom, to as copyTo } from "pg-copy-streams"
import { settingsOf } from "./PgSettings.ts"
import type { Statement } from "./PgStatement.ts"
import { sqlErrorOf } from "./SqlStates.ts"

export type Row = Readonly<Record<string, unknown>>

export interface HotSocket {
  /** Whether it can still be used. */
  readonly isOpen: () => boolean
  /** Runs a statement. Integers of any width come back as numbers. */
  readonly query: (statement: Statement) => Effect.Effect<ReadonlyArray<Row>, SqlError.SqlError>
  /** Runs a statement; how many rows it stored, changed or found. */
  readonly count: (statement: Statement) => Effect.Effect<number, SqlError.SqlError>
  /** Runs statements without parameters, several at once. */
  readonly run: (text: string) => Effect.Effect<void, SqlError.SqlError>
  /** Runs a COPY with all of its input. */
  readonly copy: (text: string, bytes: Buffer) => Effect.Effect<void, SqlError.SqlError>
  /** Runs a COPY and gives its output as it comes; a reader that is slow slows the server. Stopped before the end, it ends the connection. */
  readonly copyOut: (text: string) => Stream.Stream<Buffer, SqlError.SqlError>
  /** Ends it at once, whatever it is doing: the server notices and takes back what is not committed. */
  readonly destroy: () => void
}

/** Opens a connection. Interrupting the wait gives it up. */
export const open = (config: PgClient.PgClientConfig): Effect.Effect<HotSocket, SqlError.SqlError> => {
  const { isTlsOptional, ...settings } = settingsOf(config)
  return isTlsOptional
    ? Effect.catchIf(
        connect({ ...settings, ssl: true }),
        (error) => error.message.includes(tlsRefused),
        () => connect({ ...settings, ssl: false })
      )
    : connect(settings)
}

/** How `pg` says that the server knows no TLS. */
const tlsRefused = "The server does not support SSL connections"

const connect = (settings: ClientConfig): Effect.Effect<HotSocket, SqlError.SqlError> =>
  Effect.callback((resume) => {
    const socket = new Socket()
    const client = new Client({ ...settings, stream: () => socket, types: { getTypeParser } })
    let isOpen = true
    const close = (): void => {
      isOpen = false
    }
    // Whoever waits for an answer gets the error, too.
    client.on("error", close)
    client.on("end", close)
    const destroy = (): void => {
      isOpen = false
      socket.destroy()
    }
    client.connect((error: unknown) => {
      if (error) {
        destroy()
        return resume(Effect.fail(sqlErrorOf("connect", error)))
      }
      resume(Effect.succeed({ isOpen: () => isOpen, destroy, ...operationsOf(client) }))
    })
    return Effect.sync(destroy)
  })

const operationsOf = (client: Client): Omit<HotSocket, "isOpen" | "destroy"> => {
  const answer = ({ text, values }: Statement): Effect.Effect<QueryResult<Row>, SqlError.SqlError> =>
    Effect.callback((resume) => {
      client.query<Row>({ text, values: [...values] }, (error: unknown, result) =>
        resume(error ? Effect.fail(sqlErrorOf("query", error)) : Effect.succeed(result))
      )
    })
  return {
    query: (statement) => Effect.map(answer(statement), ({ rows }) => rows),
    count: (statement) => Effect.map(answer(statement), ({ rowCount }) => rowCount ?? 0),
    run: (text) =>
      Effect.callback((resume) => {
        client.query(text, (error: unknown) => resume(error ? Effect.fail(sqlErrorOf("run", error)) : Effect.void))
      }),
    copy: (text, bytes) =>
      Effect.callback((resume) => {
        const stream = client.query(copyFrom(text))
        stream.on("error", (error) => resume(Effect.fail(sqlErrorOf("copy", error))))
        stream.on("finish", () => resume(Effect.void))
        stream.end(bytes)
      }),
    copyOut: (text) =>
      Stream.suspend(() =>
        Stream.fromAsyncIterable<Buffer, SqlError.SqlError>(client.query(copyTo(text)), (cause) =>
          sqlErrorOf("copyOut", cause)
        )
      )
  }
}

const int8Oid = 20

/** The driver gives an int8 as text; all of ours are within 2^53. */
const getTypeParser = (oid: number, format?: "text" | "binary") =>
  oid === int8Oid ? Number : types.getTypeParser(oid, format as "text")
