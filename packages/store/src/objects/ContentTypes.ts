/** What a file is, by the ending of its name. */

const endings: ReadonlyArray<readonly [string, string]> = [
  [".parquet", "application/vnd.apache.parquet"],
  [".json", "application/json"],
  [".ndjson", "application/x-ndjson"],
  [".csv", "text/csv; charset=utf-8"],
  [".txt", "text/plain; charset=utf-8"],
  [".md", "text/markdown; charset=utf-8"],
  [".zst", "application/zstd"],
  [".gz", "application/gzip"]
]

export const of = (name: string): string =>
  endings.find(([ending]) => name.endsWith(ending))?.[1] ?? "application/octet-stream"
