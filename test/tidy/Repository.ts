/** The files of this repository as the tidy rules see them: everything that is written by hand. */
import fs from "node:fs"
import path from "node:path"

const root = path.resolve(import.meta.dirname, "../..")

/** Folders that hold what is installed, built or recorded. */
const foldersIgnored = new Set(["node_modules", ".git", "dist", "coverage", "fixtures", "generated"])

const walk = (folder: string): ReadonlyArray<string> =>
  fs.readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const name = path.posix.join(folder, entry.name)
    if (entry.isDirectory())
      return foldersIgnored.has(entry.name) || entry.name.startsWith(".kalshibook") ? [] : walk(name)
    return entry.isFile() ? [name] : []
  })

/** Paths of all files, relative to the root, with forward slashes. */
export const files: ReadonlyArray<string> = walk("")

export const read = (file: string): string => fs.readFileSync(path.join(root, file), "utf8")

export const exists = (file: string): boolean => fs.existsSync(path.join(root, file))

/** Programs of all packages and of the root. */
export const programs = files.filter((file) => /\.(ts|tsx|mjs)$/.test(file))

/** Programs that run in production: `src` of every package. */
export const sources = programs.filter((file) => /^packages\/[^/]+\/src\//.test(file))

/** The package a file belongs to (`core`), or `root`. */
export const packageOf = (file: string): string => /^packages\/([^/]+)\//.exec(file)?.[1] ?? "root"
