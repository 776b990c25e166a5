/** Starts the API's own program as a process; it ends with the scope. */
import { spawn } from "node:child_process"
import { createServer } from "node:net"
import { fileURLToPath } from "node:url"
import { Effect, type Scope } from "effect"

export interface ApiProcess {
  /** As it printed it. */
  readonly url: string
  readonly pid: number
}

/** Nobody listens on it now. */
export const freePort: Effect.Effect<number> = Effect.callback((resume) => {
  const server = createServer().listen(0, "127.0.0.1", () => {
    const address = server.address()
    server.close(() => resume(Effect.succeed(typeof address === "object" && address !== null ? address.port : 0)))
  })
})

export const start = (environment: Readonly<Record<string, string>>): Effect.Effect<ApiProcess, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() =>
      spawn(process.execPath, [fileURLToPath(new URL("../../packages/api/src/main.ts", import.meta.url))], {
        env: { ...process.env, ...environment },
        stdio: ["ignore", "pipe", "inherit"]
      })
    ),
    (child) =>
      Effect.callback<void>((resume) => {
        if (child.pid === undefined || child.exitCode !== null) return resume(Effect.void)
        child.once("exit", () => resume(Effect.void))
        child.kill("SIGTERM")
      })
  ).pipe(
    Effect.flatMap((child) =>
      Effect.callback<ApiProcess>((resume) => {
        child.stdout.on("data", (chunk: Buffer) => {
          const url = /http:\S+?(?= )/.exec(chunk.toString())?.[0]
          if (url !== undefined) resume(Effect.succeed({ url, pid: child.pid ?? 0 }))
        })
        child.once("exit", (code) => resume(Effect.die(new Error(`the API ended with ${code}`))))
      })
    )
  )
