/**
 * DuckDB inside this process: a database in memory that reads and writes Parquet in folders it is told of, and nothing else.
 *
 * Everything has a limit: memory, threads, room for spilling, folders, and the time that a query may keep it busy. It works on
 * threads of its own; what comes out is looked at in place, as typed arrays, without a JS value for each.
 *
 * adapter: the driver's promises
 */
import {
  ANY,
  type DuckDBConnection,
  DuckDBInstance,
  DuckDBScalarFunction,
  type DuckDBTableFunction,
  type DuckDBValue,
  INTEGER
} from "@duckdb/node-api"
import { Effect, type Scope, Stream } from "effect"
import * as DuckChunk from "./DuckChunk.ts"
import { DuckDbError, duckDbErrorOf } from "./DuckDbError.ts"

export { DuckDbError } from "./DuckDbError.ts"

export interface Options {
  /** For its buffers; what it reads files with comes on top, some 100 MiB. */
  readonly memoryMebibytes: number
  /** With 1, what it writes is the same bytes each time. */
  readonly threads: number
  /** The only folders it may read and write, with all below them; absolute. */
  readonly folders: ReadonlyArray<string>
  /** Where queries that need more than the memory put the rest; absent: they fail. */
  readonly spill?: { readonly folder: string; readonly mebibytesMax: number } | undefined
}

export interface QueryOptions {
  /** Values of `$1`, `$2` ... */
  readonly values?: ReadonlyArray<DuckDBValue> | undefined
  /** How long DuckDB may work for it; the time that the caller takes for its rows does not count. */
  readonly workMillisMax?: number | undefined
  /** What is done, for errors. */
  readonly operation?: string | undefined
}

/** One query after the other. Interrupting the fiber that waits for one stops the query. */
export interface Connection {
  /** Unique in its database: for names of what is registered. */
  readonly id: number
  /** Runs statements that answer nothing of interest. */
  readonly run: (sql: string, options?: QueryOptions) => Effect.Effect<void, DuckDbError>
  /** Runs a query and gives its rows to `onChunk`, up to 2,048 at a time, in order. Returns how many there were. */
  readonly forEachChunk: (
    sql: string,
    onChunk: (chunk: DuckChunk.DuckChunk) => void,
    options?: QueryOptions
  ) => Effect.Effect<number, DuckDbError>
  /**
   * The same for a query of this many columns, five times as fast: rows are looked at where the query has them, before they are
   * copied into a result. A chunk lasts until `onChunk` returns. In order only where the database has one thread.
   */
  readonly scan: (
    sql: string,
    columnCount: number,
    onChunk: (chunk: DuckChunk.DuckChunk) => void,
    options?: QueryOptions
  ) => Effect.Effect<number, DuckDbError>
  /** The same as a stream; the rows beyond what is pulled are not computed. */
  readonly chunks: (sql: string, options?: QueryOptions) => Stream.Stream<DuckChunk.DuckChunk, DuckDbError>
  /** Makes rows of ours readable as a table function. */
  readonly register: (source: DuckDBTableFunction) => void
}

export interface DuckDb {
  /** A connection for as long as the scope. */
  readonly connect: Effect.Effect<Connection, DuckDbError, Scope.Scope>
}

/** Opens a database for as long as the scope. Some 20 ms. */
export const make = Effect.fn("DuckDb.make")(function* (
  options: Options
): Effect.fn.Return<DuckDb, DuckDbError, Scope.Scope> {
  const instance = yield* Effect.acquireRelease(
    attempt("open DuckDB", () => DuckDBInstance.create(":memory:", configOf(options))),
    (instance) => Effect.sync(() => instance.closeSync())
  )
  yield* Effect.scoped(
    Effect.flatMap(connected(instance), (connection) =>
      Effect.forEach(lockDown(options), (sql) => attempt("lock DuckDB down", () => connection.run(sql)))
    )
  )
  let connections = 0
  return { connect: Effect.map(connected(instance), (connection) => connectionOf(connection, ++connections)) }
})

const configOf = ({ memoryMebibytes, threads }: Options): Record<string, string> => ({
  memory_limit: `${memoryMebibytes}MiB`,
  threads: String(threads),
  preserve_insertion_order: "true",
  autoinstall_known_extensions: "false",
  autoload_known_extensions: "false"
})

/** The last of these makes all of them final. */
const lockDown = ({ folders, spill }: Options): ReadonlyArray<string> => [
  "set global TimeZone = 'UTC'",
  `set temp_directory = ${quoted(spill?.folder ?? "")}`,
  ...(spill === undefined ? [] : [`set max_temp_directory_size = '${spill.mebibytesMax}MiB'`]),
  `set allowed_directories = [${folders.map((folder) => quoted(`${folder.replace(/\/$/, "")}/`)).join(", ")}]`,
  "set enable_external_access = false",
  "set lock_configuration = true"
]

/** A text as an SQL literal. */
export const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`

const connected = (instance: DuckDBInstance) =>
  Effect.acquireRelease(
    attempt("connect to DuckDB", () => instance.connect()),
    (connection) => Effect.sync(() => connection.disconnectSync())
  )

const connectionOf = (connection: DuckDBConnection, id: number): Connection => {
  const sinkName = `scanned_${id}`
  const sink = sinkOf(connection, sinkName)

  const begun = (sql: string, { operation = "query", values }: QueryOptions, clock: Clock) =>
    clock.counted(attempt(operation, () => connection.stream(sql, values && [...values]), connection))

  const chunks = (sql: string, options: QueryOptions = {}): Stream.Stream<DuckChunk.DuckChunk, DuckDbError> =>
    Stream.unwrap(
      Effect.suspend(() => {
        const clock = clockOf(options)
        return Effect.map(begun(sql, options, clock), (result) =>
          Stream.unfold(undefined, () =>
            Effect.map(
              clock.counted(attempt(options.operation ?? "query", () => result.fetchChunk(), connection)),
              (chunk) =>
                chunk === null || chunk.rowCount === 0 ? undefined : ([DuckChunk.make(chunk), undefined] as const)
            )
          )
        )
      })
    )

  const forEachChunk: Connection["forEachChunk"] = (sql, onChunk, options = {}) =>
    Effect.gen(function* () {
      const clock = clockOf(options)
      const result = yield* begun(sql, options, clock)
      let rows = 0
      while (true) {
        const chunk = yield* clock.counted(attempt(options.operation ?? "query", () => result.fetchChunk(), connection))
        if (chunk === null || chunk.rowCount === 0) return rows
        rows += chunk.rowCount
        onChunk(DuckChunk.make(chunk))
      }
    })

  const run: Connection["run"] = (sql, options = {}) =>
    Effect.suspend(() =>
      clockOf(options).counted(
        attempt(
          options.operation ?? "run",
          () => connection.run(sql, options.values && [...options.values]),
          connection
        )
      )
    )

  const scan: Connection["scan"] = (sql, columnCount, onChunk, options) =>
    Effect.suspend(() => {
      const columns = Array.from({ length: columnCount }, (_, column) => `c${column}`).join(", ")
      const scanned = sink.begin(onChunk)
      return run(`select count(${sinkName}(${columns})) from (${sql}) as scanned(${columns})`, options).pipe(
        // A defect of whoever looks at the rows is told by DuckDB in its own words; it is ours.
        Effect.catch((error) => ("defect" in scanned ? Effect.die(scanned.defect) : Effect.fail(error))),
        Effect.map(() => scanned.rows)
      )
    })

  return {
    id,
    run,
    forEachChunk,
    scan,
    chunks,
    register: (source) => connection.registerTableFunction(source)
  }
}

interface Scanned {
  readonly onChunk: (chunk: DuckChunk.DuckChunk) => void
  rows: number
  defect?: unknown
}

/** A function in SQL that hands what it is called with to whoever scans; made when it is first needed. */
const sinkOf = (connection: DuckDBConnection, name: string) => {
  let scanned: Scanned | undefined
  const make = () =>
    DuckDBScalarFunction.create({
      name,
      returnType: INTEGER,
      varArgsType: ANY,
      specialHandling: true,
      volatile: true,
      mainFunction: (_, chunk) => {
        if (scanned === undefined || "defect" in scanned) return
        scanned.rows += chunk.rowCount
        try {
          scanned.onChunk(DuckChunk.make(chunk))
        } catch (defect) {
          scanned.defect = defect
          throw defect
        }
      }
    })
  return {
    begin: (onChunk: Scanned["onChunk"]): Scanned => {
      if (scanned === undefined) connection.registerScalarFunction(make())
      scanned = { onChunk, rows: 0 }
      return scanned
    }
  }
}

/** Counts the time that DuckDB works for one query. */
interface Clock {
  readonly counted: <A>(work: Effect.Effect<A, DuckDbError>) => Effect.Effect<A, DuckDbError>
}

const clockOf = ({ operation = "query", workMillisMax }: QueryOptions): Clock => {
  if (workMillisMax === undefined) return { counted: (work) => work }
  let leftMillis = workMillisMax
  return {
    counted: (work) =>
      Effect.suspend(() => {
        const startMillis = performance.now()
        return work.pipe(
          Effect.timeoutOrElse({
            duration: Math.max(0, leftMillis),
            orElse: () =>
              Effect.fail(
                new DuckDbError({ operation, reason: "TimedOut", detail: `it takes longer than ${workMillisMax} ms` })
              )
          }),
          Effect.tap(() =>
            Effect.sync(() => {
              leftMillis -= performance.now() - startMillis
            })
          )
        )
      })
  }
}

/** An interruption that comes before the query has begun would be forgotten, so it is repeated until the query has ended. */
const interruptEveryMillis = 20

/** Waits for the driver. When interrupted, stops the query and waits until it has stopped. */
const attempt = <A>(
  operation: string,
  work: () => Promise<A>,
  interruptible?: { readonly interrupt: () => void }
): Effect.Effect<A, DuckDbError> =>
  Effect.callback((resume) => {
    const running = work().then(
      (value) => resume(Effect.succeed(value)),
      (cause: unknown) => resume(Effect.fail(duckDbErrorOf(operation, cause)))
    )
    return Effect.promise(async () => {
      interruptible?.interrupt()
      const again = setInterval(() => interruptible?.interrupt(), interruptEveryMillis)
      await running
      clearInterval(again)
    })
  })
