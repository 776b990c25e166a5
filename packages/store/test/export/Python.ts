/** Python with NumPy, Polars, pandas or pyarrow, where this machine has it: `KALSHIBOOK_TEST_PYTHON`, or `python3`. */
import { spawnSync } from "node:child_process"

// adapter: the environment of the test, and another program
const program = process.env.KALSHIBOOK_TEST_PYTHON ?? "python3"

/** Why a script that needs these modules cannot be run here; `undefined` when it can. */
export const pythonMissing = (...modules: ReadonlyArray<string>): string | undefined => {
  const found = spawnSync(program, ["-c", modules.map((name) => `import ${name}`).join("\n")], { encoding: "utf8" })
  if (found.error !== undefined) return `there is no ${program} here`
  if (found.status === 0) return undefined
  return `${program} lacks ${modules.join(" or ")}`
}

/** What the script prints. Fails with what it says when it fails. */
export const runPython = (script: string, ...values: ReadonlyArray<string>): string => {
  const ran = spawnSync(program, ["-c", script, ...values], { encoding: "utf8", maxBuffer: 64 * 1024 * 1024 })
  if (ran.status !== 0) throw new Error(ran.stderr)
  return ran.stdout
}
