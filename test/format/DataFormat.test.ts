/** docs/data-format.md is what others write readers by: its columns are the columns that are written. */
import fs from "node:fs"
import path from "node:path"
import { recordMeasureNames } from "@kalshibook/core/BookMeasures"
import { Manifest, ManifestFile, ManifestMarket } from "@kalshibook/core/cold/Manifest"
import { segmentColumns, segmentKinds, segmentOrder } from "@kalshibook/core/cold/SegmentColumns"
import * as ErrorCatalogue from "@kalshibook/core/contract/ErrorCatalogue"
import {
  candleColumns,
  levelColumns,
  measureColumn,
  requestColumns,
  sampleColumns,
  type TableColumn
} from "@kalshibook/core/export/TableColumns"
import { assert, it } from "vitest"

const document = fs.readFileSync(path.resolve(import.meta.dirname, "../../docs/data-format.md"), "utf8")

const sectionOf = (kind: string): string => document.split(`\n### ${kind}\n`)[1]?.split(/\n##+ /)[0] ?? ""

it("the document has every column of every kind, in order, with type, emptiness and meaning", () => {
  for (const kind of segmentKinds) {
    const rows = sectionOf(kind)
      .split("\n")
      .filter((line) => line.startsWith("| `"))
    assert.deepStrictEqual(
      rows,
      segmentColumns[kind].map(
        ({ description, isNullable, name, type }) =>
          `| \`${name}\` | ${type} | ${isNullable ? "may be" : "never"} | ${description} |`
      ),
      kind
    )
    assert.include(sectionOf(kind), `Sorted by ${segmentOrder[kind].map((column) => `\`${column}\``).join(", ")}.`)
  }
})

it("the document has every column that only streams have, with type, emptiness and meaning", () => {
  const described = (columns: ReadonlyArray<TableColumn>) =>
    columns.map(
      ({ description, isNullable, name, type }) =>
        `| \`${name}\` | ${type} | ${isNullable ? "may be" : "never"} | ${description} |`
    )
  const rowsOf = (section: string) =>
    sectionOf(section)
      .split("\n")
      .filter((line) => line.startsWith("| `"))
  assert.deepStrictEqual(rowsOf("samples"), described([...sampleColumns(0, []), ...levelColumns("N")]))
  assert.deepStrictEqual(rowsOf("candles"), described(candleColumns))
  assert.deepStrictEqual(rowsOf("requests"), described(requestColumns))
  assert.deepStrictEqual(rowsOf("measures"), described(recordMeasureNames.map(measureColumn)))
})

it("docs/errors.md is the catalogue of the code: `npm run docs` writes it", () => {
  const written = fs.readFileSync(path.resolve(import.meta.dirname, "../../docs/errors.md"), "utf8")
  assert.strictEqual(written, ErrorCatalogue.markdown())
})

it("the document names every field of a manifest", () => {
  for (const fields of [Manifest.fields, ManifestFile.fields, ManifestMarket.fields]) {
    for (const field of Object.keys(fields)) {
      const word = field.replace(/_(min|max)$/, "")
      assert.match(document, new RegExp(`\`${word}\``), field)
    }
  }
})
