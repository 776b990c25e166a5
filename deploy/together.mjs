/**
 * Runs several programs as one, for those that share a disk: all are told of a stop, and when one ends so do the others. Ends with the code
 * of the one that ended first, so that whoever started this starts all of them again.
 *
 * Each has its metrics at a port of its own: that of the environment, the next one, and so on.
 */
import { spawn } from "node:child_process"
import { constants } from "node:os"

const port = Number(process.env.KALSHIBOOK_METRICS_PORT ?? 0)
/** @type {number | undefined} */
let code

const children = process.argv.slice(2).map((program, index) => {
  const env = port === 0 ? process.env : { ...process.env, KALSHIBOOK_METRICS_PORT: String(port + index) }
  return spawn(process.execPath, [program], { env, stdio: "inherit" })
})

/** @param {NodeJS.Signals} signal */
const tell = (signal) => {
  for (const child of children) if (child.exitCode === null && child.signalCode === null) child.kill(signal)
}

for (const signal of /** @type {const} */ (["SIGTERM", "SIGINT"])) process.on(signal, () => tell(signal))
for (const child of children) {
  child.once("error", () => process.exit(1))
  child.once("exit", (exitCode, signal) => {
    code ??= exitCode ?? 128 + (signal === null ? 0 : constants.signals[signal])
    tell("SIGTERM")
    if (children.every((one) => one.exitCode !== null || one.signalCode !== null)) process.exit(code)
  })
}
