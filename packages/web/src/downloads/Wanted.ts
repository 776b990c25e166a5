/** What somebody wants to download, as the form has it, and the question that it makes. */

export const formats = {
  parquet: "Our own rows: the smallest, and at once",
  csv: "Our own rows, packed with gzip",
  ndjson: "Our own rows, packed with gzip",
  nautilus: "nautilus_trader's catalogue",
  hftbacktest: "An npz of events for each market and day",
  tardis: "incremental_book_L2 and trades as CSV.gz"
} as const
export type Format = keyof typeof formats

export const filters = {
  all: "All markets",
  series: "Of series",
  events: "Of events",
  tickers: "Single markets"
} as const
export type Filter = keyof typeof filters

export const kinds = ["records", "trades", "lifecycle", "gaps", "channel_gaps", "markets"] as const
export type Kind = (typeof kinds)[number]

/** The formats of engines have these two alone. */
export const engineKinds: ReadonlySet<Kind> = new Set(["records", "trades"])

export const isEngine = (format: Format): boolean => ["nautilus", "hftbacktest", "tardis"].includes(format)

export interface Wanted {
  readonly firstDay: string
  readonly lastDay: string
  readonly format: Format
  readonly filter: Filter
  readonly names: string
  readonly kinds: ReadonlyArray<Kind>
}

/** The latest sealed day, as it is cheapest for us and for who asks. */
export const initial = ([latest = ""]: ReadonlyArray<string>): Wanted => ({
  firstDay: latest,
  lastDay: latest,
  format: "parquet",
  filter: "all",
  names: "",
  kinds: ["records", "trades"]
})

const dayMillis = 86_400_000
/** The server's bound, and a little more, so that it can say so. */
const daysMax = 40

const daysOf = ({ firstDay, lastDay }: Wanted): ReadonlyArray<string> => {
  const first = Date.parse(firstDay)
  const count = Math.round((Date.parse(lastDay) - first) / dayMillis) + 1
  if (!(count > 0)) return []
  return Array.from({ length: Math.min(count, daysMax) }, (_, index) =>
    new Date(first + index * dayMillis).toISOString().slice(0, 10)
  )
}

const namesOf = ({ names }: Wanted): ReadonlyArray<string> => [...new Set(names.split(/[\s,]+/).filter(Boolean))]

const kindsOf = (wanted: Wanted): ReadonlyArray<Kind> =>
  isEngine(wanted.format) ? wanted.kinds.filter((kind) => engineKinds.has(kind)) : wanted.kinds

export const isComplete = (wanted: Wanted): boolean =>
  daysOf(wanted).length > 0 && kindsOf(wanted).length > 0 && (wanted.filter === "all" || namesOf(wanted).length > 0)

export const bodyOf = (wanted: Wanted): object => ({
  dates: daysOf(wanted),
  kinds: kindsOf(wanted),
  format: wanted.format,
  ...(wanted.filter === "all" ? {} : { [wanted.filter]: namesOf(wanted) })
})
