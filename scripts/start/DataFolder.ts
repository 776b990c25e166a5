/** The folder of everything that is kept: made where it is missing, and known to be usable before anything begins. */
import fs from "node:fs"

/** A sentence when the folder cannot be made, entered or written to. */
export const problem = (folder: string): string | undefined => {
  try {
    fs.mkdirSync(folder, { recursive: true, mode: 0o700 })
    fs.accessSync(folder, fs.constants.W_OK | fs.constants.X_OK)
    return undefined
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const reason = reasons.get(code ?? "") ?? String(error)
    return `The data folder ${folder} cannot be used (${reason}): choose another with KALSHIBOOK_DATA_DIR.`
  }
}

const reasons: ReadonlyMap<string, string> = new Map([
  ["EACCES", "not allowed"],
  ["EPERM", "not allowed"],
  ["EROFS", "the disk is read-only"],
  ["ENOSPC", "the disk is full"],
  ["EEXIST", "it is a file"],
  ["ENOTDIR", "it would lie in a file"]
])
