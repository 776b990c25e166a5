/** What the first page weighs, and that nothing of the server is in it. */
import fs from "node:fs"
import path from "node:path"
import { gzipSync } from "node:zlib"
import { assert, beforeAll, it } from "vitest"
import * as WebBuild from "../../scripts/web/WebBuild.ts"

/** All that is loaded before the first page stands, packed with gzip. */
const firstPageBytesMax = 200_000
const buildMillisMax = 120_000

interface Chunk {
  readonly file: string
  readonly css?: ReadonlyArray<string>
  readonly imports?: ReadonlyArray<string>
  readonly isEntry?: boolean
}

beforeAll(async () => {
  assert.isUndefined(await WebBuild.ensure())
}, buildMillisMax)

const read = (name: string): Buffer => fs.readFileSync(path.join(WebBuild.siteFolder, name))

/** Files that a chunk needs before it runs, its own first. */
const filesOf = (chunks: Readonly<Record<string, Chunk>>, name: string): ReadonlyArray<string> => {
  const chunk = chunks[name]
  if (chunk === undefined) return []
  return [chunk.file, ...(chunk.css ?? []), ...(chunk.imports ?? []).flatMap((other) => filesOf(chunks, other))]
}

it("the first page is at most 200 kB packed, and has neither Effect nor the contract in it", () => {
  const chunks = JSON.parse(read("manifest.json").toString()) as Readonly<Record<string, Chunk>>
  const [entry = ""] = Object.entries(chunks).flatMap(([name, { isEntry }]) => (isEntry === true ? [name] : []))
  const files = ["index.html", ...new Set(filesOf(chunks, entry))]
  assert.isAbove(files.length, 2)
  const bytes = files.reduce((sum, file) => sum + gzipSync(read(file)).length, 0)
  console.info(`first page: ${bytes} bytes packed with gzip, in ${files.length} files`)
  assert.isAtMost(bytes, firstPageBytesMax)
  const scripts = Object.values(chunks).filter(({ file }) => file.endsWith(".js"))
  for (const { file } of scripts) assert.notMatch(read(file).toString(), /~effect\/|@kalshibook\/core/, file)
})

it("no file of the build asks another host for anything", () => {
  const document = read("index.html").toString()
  assert.notMatch(document, /(?:src|href)="(?:https?:)?\/\//)
  assert.notMatch(document, /<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=/)
})
