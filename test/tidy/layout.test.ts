/** Where things live and how large they may grow. */
import { assert, it } from "vitest"
import { files, programs, read, sources } from "./Repository.ts"

const fileLinesMax = 600
/** A file above this is worth a second look; it is named, not refused. */
const fileLinesNotable = 400

const lineCount = (file: string): number => read(file).split("\n").length - 1

const written = files.filter((file) => /\.(ts|tsx|mjs|sql|css)$/.test(file))

it("no file is longer than 600 lines", () => {
  const long = written.map((file) => ({ file, lines: lineCount(file) })).filter(({ lines }) => lines > fileLinesNotable)
  for (const { file, lines } of long) console.warn(`look twice: ${file} has ${lines} lines`)
  assert.deepStrictEqual(
    long.filter(({ lines }) => lines > fileLinesMax),
    []
  )
})

it("there are no barrels", () => {
  assert.deepStrictEqual(
    programs.filter((file) => /(^|\/)index\.(ts|tsx|mjs)$/.test(file)),
    []
  )
})

it("no folder is named for a lack of a name", () => {
  assert.deepStrictEqual(
    files.filter((file) => /(^|\/)(utils?|helpers?|common|types|services|misc|lib)\//.test(file)),
    []
  )
})

it("every source file begins by saying why it exists", () => {
  assert.deepStrictEqual(
    sources.filter((file) => !/^(?:\/\/ adapter: .*\n)*\/\*\*/.test(read(file))),
    []
  )
})

it("tests say in their suffix what they need", () => {
  const suffixes = /^[^.]+(\.(prop|pg|s3|sim|web|live))?\.test\.tsx?$/
  const wrong = files.filter((file) => /\.test\.tsx?$/.test(file) && !suffixes.test(file.split("/").at(-1) ?? ""))
  assert.deepStrictEqual(wrong, [])
})

it("migrations are named by time and purpose, each time once", () => {
  const names = files.flatMap((file) => /^supabase\/migrations\/(.*)/.exec(file)?.[1] ?? [])
  assert.deepStrictEqual(
    names.filter((name) => !/^\d{14}_[a-z0-9_]+\.sql$/.test(name)),
    []
  )
  assert.strictEqual(new Set(names.map((name) => name.slice(0, 14))).size, names.length)
})
