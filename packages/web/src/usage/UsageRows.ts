/** Rows of usage, summed up in different ways, and as a file for a spreadsheet. */
import type { Usage } from "../api/Answers.ts"

type Row = Usage["days"][number]

export interface Sum {
  readonly name: string
  readonly calls: number
  readonly rows: number
  readonly credits: number
}

/** The most credits first; days in their order, the latest first. */
export const grouped = (rows: ReadonlyArray<Row>, by: "operation" | "key" | "day"): ReadonlyArray<Sum> => {
  const sums = [...Map.groupBy(rows, (row) => row[by])].map(([name, own]) => ({
    name,
    calls: own.reduce((total, row) => total + row.calls, 0),
    rows: own.reduce((total, row) => total + row.rows, 0),
    credits: own.reduce((total, row) => total + row.credits, 0)
  }))
  return sums.sort((one, other) => (by === "day" ? other.name.localeCompare(one.name) : other.credits - one.credits))
}

const columns = ["day", "operation", "key", "calls", "rows", "credits"] as const

/** None of the fields has a comma or a quote: days, names of operations, prefixes of keys and numbers. */
export const csv = (rows: ReadonlyArray<Row>): string =>
  [columns.join(","), ...rows.map((row) => columns.map((column) => row[column]).join(","))].join("\n")
