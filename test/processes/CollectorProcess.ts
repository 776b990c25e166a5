/** Starts collectors as processes, one at a time, with the next one loaded and waiting if wanted; all of them end with the scope. */
import { type ChildProcess, spawn } from "node:child_process"
import { fileURLToPath } from "node:url"
import type { CollectorSettings } from "@kalshibook/collector/CollectorSettings"
import type { TapeSettings } from "@kalshibook/store/tape/TapeSettings"
import { Effect, type Scope } from "effect"

export interface CollectorOptions {
  readonly databaseUrl: string
  readonly tapeFolder: string
  readonly exchange: {
    readonly restUrl: string
    readonly wsUrl: string
    readonly keyId: string
    readonly privateKeyPem: string
  }
  readonly settings: Partial<CollectorSettings>
  readonly tape: Partial<TapeSettings>
  /** Where others may follow it; nowhere unless given. */
  readonly feedPort?: number | undefined
}

export interface CollectorStatus {
  readonly _tag: "status"
  readonly state: string
  readonly storeProblem: string | null
  readonly marketsLive: number
  readonly marketsWaiting: number
  /** Connections that are open now. */
  readonly connections: number
  readonly epochLast: number
  readonly entriesAppended: number
  readonly entriesCommitted: number
  /** What is received waits on the tape alone. */
  readonly isSpilled: boolean
  readonly rssBytes: number
}

/** What the program tells. */
export type CollectorReport = { readonly _tag: "loaded" } | CollectorStatus

export interface CollectorProcess {
  /** What it said last; `undefined` before it records. */
  readonly status: () => CollectorStatus | undefined
  /** What it printed. */
  readonly output: () => string
  /** Waits until it is so; dies, with what it printed, when it ends before, or never comes to it. */
  readonly until: (what: string, isSo: (status: CollectorStatus) => boolean) => Effect.Effect<CollectorStatus>
  /** Ends it by `SIGKILL` and waits until it is gone. Gives when it was done, Unix microseconds. */
  readonly kill: Effect.Effect<Interval>
  /** Asks it to stop, and waits until it has. */
  readonly stop: Effect.Effect<Interval>
  /** Its number, for tools that change what it may do. */
  readonly pid: number
}

/** Unix microseconds. */
export interface Interval {
  readonly fromMicros: number
  readonly toMicros: number
}

export interface Collectors {
  /** Starts one. The one before must be gone. */
  readonly start: Effect.Effect<CollectorProcess>
}

const program = fileURLToPath(new URL("./collector.ts", import.meta.url))
const compileCache = fileURLToPath(new URL("../../node_modules/.cache/node", import.meta.url))
/** Nothing of the test is measured: this ends what hangs. */
const waitMillisMax = 180_000
/** Far more than what the last lines need. */
const outputCharsMax = 100_000

export interface CollectorsOptions {
  /** What a shell does before it runs the program, such as `ulimit -f 1000`. */
  readonly shell?: string | undefined
  /** Whether the next one loads while one runs: loading takes a second or two of a processor, in which nothing of interest happens. */
  readonly hasStandby?: boolean | undefined
}

export const make = (
  options: CollectorOptions,
  { hasStandby = true, shell = ":" }: CollectorsOptions = {}
): Effect.Effect<Collectors, never, Scope.Scope> =>
  Effect.gen(function* () {
    const children = new Set<ChildProcess>()
    yield* Effect.addFinalizer(() => Effect.promise(() => endAll(children)))
    const load = (): Loading => {
      const loading = spawnCollector(shell)
      children.add(loading.child)
      return loading
    }
    let standby = hasStandby ? load() : undefined
    return {
      start: Effect.gen(function* () {
        const loading = standby ?? load()
        yield* Effect.promise(() => loading.loaded)
        loading.child.send(options)
        standby = hasStandby ? load() : undefined
        return processOf(loading)
      })
    }
  })

interface Loading {
  readonly child: ChildProcess
  /** Rejects when it ends before. */
  readonly loaded: Promise<void>
  readonly ended: Promise<void>
  readonly output: () => string
  readonly status: () => CollectorStatus | undefined
  readonly onReport: (listener: () => void) => () => void
}

const spawnCollector = (shell: string): Loading => {
  const child = spawn("sh", ["-c", `${shell}; exec "$@"`, "sh", process.execPath, program], {
    env: { NODE_COMPILE_CACHE: compileCache, ...process.env },
    stdio: ["ignore", "pipe", "pipe", "ipc"]
  })
  let text = ""
  const heard = (chunk: Buffer): void => {
    text = (text + chunk.toString()).slice(-outputCharsMax)
  }
  child.stdout?.on("data", heard)
  child.stderr?.on("data", heard)
  let status: CollectorStatus | undefined
  const listeners = new Set<() => void>()
  const ended = new Promise<void>((resolve) => void child.once("exit", () => resolve()))
  void ended.then(() => {
    for (const listener of listeners) listener()
  })
  const loaded = new Promise<void>((resolve, reject) => {
    child.on("message", (report: CollectorReport) => {
      if (report._tag === "loaded") resolve()
      else status = report
      for (const listener of listeners) listener()
    })
    void ended.then(() => reject(new Error(`the collector ended before it began:\n${text}`)))
  })
  loaded.catch(() => {})
  return {
    child,
    loaded,
    ended,
    output: () => text,
    status: () => status,
    onReport: (listener) => {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    }
  }
}

const hasEnded = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null

const processOf = ({ child, ended, onReport, output, status }: Loading): CollectorProcess => {
  const until: CollectorProcess["until"] = (what, isSo) =>
    Effect.callback<CollectorStatus>((resume) => {
      const look = (): void => {
        const now = status()
        if (now !== undefined && isSo(now)) resume(Effect.succeed(now))
        else if (hasEnded(child)) resume(Effect.die(new Error(`ended before ${what}:\n${output()}`)))
      }
      const forget = onReport(look)
      look()
      return Effect.sync(forget)
    }).pipe(
      Effect.timeoutOrElse({
        duration: waitMillisMax,
        orElse: () => Effect.die(new Error(`never came: ${what}\n${JSON.stringify(status())}\n${output()}`))
      })
    )
  const end = (signal: NodeJS.Signals): Effect.Effect<Interval> =>
    Effect.promise(async () => {
      const fromMicros = Date.now() * 1000
      if (!hasEnded(child)) child.kill(signal)
      await ended
      return { fromMicros, toMicros: (Date.now() + 1) * 1000 }
    })
  return { status, output, until, kill: end("SIGKILL"), stop: end("SIGTERM"), pid: child.pid ?? 0 }
}

const endAll = async (children: ReadonlySet<ChildProcess>): Promise<void> => {
  await Promise.all(
    [...children].map((child) => {
      if (child.pid === undefined || hasEnded(child)) return undefined
      const gone = new Promise((resolve) => child.once("exit", resolve))
      child.kill("SIGKILL")
      return gone
    })
  )
}
