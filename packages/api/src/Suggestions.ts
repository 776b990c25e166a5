/**
 * The next call that would work, as path and query.
 */
import { Result } from "effect"

/** Path and query with one parameter set, or left out where the value is `undefined`. */
export const withParameter = (url: string, name: string, value: string | undefined): string =>
  edit(url, (query) => (value === undefined ? query.delete(name) : query.set(name, value)))

/** Path and query less the parameters. */
export const withoutParameters = (url: string, names: ReadonlyArray<string>): string =>
  edit(url, (query) => {
    for (const name of names) query.delete(name)
  })

/** Path and query with a parameter under another name. */
export const withRenamedParameter = (url: string, name: string, newName: string): string =>
  edit(url, (query) => {
    const value = query.get(name)
    query.delete(name)
    if (value !== null) query.set(newName, value)
  })

/** Path and query with another path segment in place of the ticker. */
export const withTicker = (url: string, ticker: string, newTicker: string): string => {
  const [path, query] = split(url)
  const segments = path
    .split("/")
    .map((segment) => (decoded(segment) === ticker ? encodeURIComponent(newTicker) : segment))
  return join(segments.join("/"), query)
}

const edit = (url: string, change: (query: URLSearchParams) => void): string => {
  const [path, text] = split(url)
  const query = new URLSearchParams(text)
  change(query)
  return join(path, query.toString().replaceAll("%3A", ":").replaceAll("%2C", ","))
}

const split = (url: string): readonly [path: string, query: string] => {
  const at = url.indexOf("?")
  return at < 0 ? [url, ""] : [url.slice(0, at), url.slice(at + 1)]
}

const join = (path: string, query: string): string => (query === "" ? path : `${path}?${query}`)

const decoded = (segment: string): string =>
  Result.getOrElse(
    Result.try(() => decodeURIComponent(segment)),
    () => segment
  )
