/** SPEC-book.md is read and held to the code: its table of inputs, its invariants and its test vectors. */
import fs from "node:fs"
import path from "node:path"
import * as Book from "@kalshibook/core/Book"
import type { Level } from "@kalshibook/core/BookRecord"
import { assert, describe, it } from "vitest"
import * as Frames from "./Frames.ts"
import { inputs } from "./SpecInputs.ts"

const root = path.resolve(import.meta.dirname, "../../..")
const document = fs.readFileSync(path.join(root, "SPEC-book.md"), "utf8")

/** The rows of the table whose heading begins with these words. */
const table = (heading: string): ReadonlyArray<ReadonlyArray<string>> => {
  const lines = document.split("\n")
  const start = lines.findIndex((line) => line.startsWith(`| ${heading}`))
  const rows = lines.slice(start + 2)
  const cellsOf = (line: string): ReadonlyArray<string> =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim())
  return rows
    .slice(
      0,
      rows.findIndex((line) => !line.startsWith("|"))
    )
    .map(cellsOf)
}

const code = (cell: string): string => cell.replaceAll("`", "")

/** The recipe of the document, word by word, on big integers. */
const digestOf = (yes: ReadonlyArray<Level>, no: ReadonlyArray<Level>): string => {
  const wrap = 0xffff_ffffn
  const hash = (key: bigint, sizeE2: bigint, seed: bigint): bigint => {
    let h = ((key ^ seed) * 0x85ebca6bn) & wrap
    h = ((h ^ (h >> 15n) ^ (sizeE2 & wrap)) * 0xc2b2ae35n) & wrap
    h = ((h ^ (h >> 13n) ^ (sizeE2 >> 32n)) * 0x27d4eb2fn) & wrap
    h = ((h ^ (h >> 16n)) * 0x165667b1n) & wrap
    return h ^ (h >> 15n)
  }
  const lane = (seed: bigint): string => {
    let sum = 0n
    for (const { priceE4, sizeE2 } of yes) sum += hash(BigInt(priceE4), BigInt(sizeE2), seed)
    for (const { priceE4, sizeE2 } of no) sum += hash(BigInt(priceE4) + 16_384n, BigInt(sizeE2), seed)
    return (sum & wrap).toString(16).padStart(8, "0")
  }
  return lane(0x7f4a7c15n) + lane(0x9e3779b1n)
}

describe("SPEC-book.md", () => {
  it("has the digests of the document, by the document's recipe and by the code", () => {
    const vectors = table("yes: ")
    assert.isAtLeast(vectors.length, 3)
    for (const [yes = "", no = "", digest = ""] of vectors) {
      const levels = { yes: Frames.ladder(...JSON.parse(code(yes))), no: Frames.ladder(...JSON.parse(code(no))) }
      assert.strictEqual(digestOf(levels.yes, levels.no), code(digest))
      assert.strictEqual(Book.hash(Book.fromLevels(levels)), code(digest))
    }
  })

  it("does in every state what the table of the document says", () => {
    const rows = table("input ")
    assert.sameMembers(
      rows.map(([input]) => input),
      Object.keys(inputs)
    )
    for (const [input = "", ...cells] of rows) {
      for (const [index, state] of (["unknown", "trusted", "stale"] as const).entries()) {
        assert.strictEqual(cells[index], inputs[input]?.(state), `${input}, in state ${state}`)
      }
    }
  })

  it("names for each invariant a test that exists, and every invariant that the code cites", () => {
    const rows = table("| law")
    const named = new Set(rows.map(([name]) => name))
    for (const [name, law, file = "", title = ""] of rows) {
      assert.match(name ?? "", /^I\d+$/)
      assert.isNotEmpty(law)
      const text = fs.readFileSync(path.join(import.meta.dirname, file), "utf8")
      assert.isTrue(text.includes(`"${title}"`), `${name}: no test "${title}" in ${file}`)
    }
    const folder = path.resolve(import.meta.dirname, "../src")
    for (const file of fs.readdirSync(folder).filter((each) => each.endsWith(".ts"))) {
      const cited = fs.readFileSync(path.join(folder, file), "utf8").match(/\bI\d+\b/g) ?? []
      for (const name of cited) assert.isTrue(named.has(name), `${file} cites ${name}`)
    }
  })
})
