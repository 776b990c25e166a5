/**
 * `npm run bench`: runs `bench/*.bench.ts` one after the other and prints one table; ends with 1 when a promise is missed.
 * `npm run bench -- decode` runs only the files whose name contains a word of the command line.
 */
import fs from "node:fs"
import path from "node:path"
import { type BenchRow, printTable } from "./BenchTable.ts"

interface Bench {
  readonly run: () => Promise<ReadonlyArray<BenchRow>>
}

const words = process.argv.slice(2)
const files = fs
  .readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith(".bench.ts") && (words.length === 0 || words.some((word) => file.includes(word))))
  .sort()

if (files.length === 0) {
  process.stderr.write(`No benchmark matches ${words.join(" ")}\n`)
  process.exit(1)
}

const rows: Array<BenchRow> = []
for (const file of files) {
  const startedMillis = performance.now()
  process.stdout.write(`${file} ...`)
  const bench: Bench = await import(path.join(import.meta.dirname, file))
  rows.push(...(await bench.run()))
  process.stdout.write(` ${((performance.now() - startedMillis) / 1000).toFixed(1)} s\n`)
}
process.stdout.write("\n")
printTable(rows)
process.exit(rows.every((row) => row.passed) ? 0 : 1)
