// adapter: JSON.parse throws where there is no JSON; here that is an answer.
/** JSON that somebody typed, or that came. */

export type Parsed =
  | { readonly isJson: true; readonly value: unknown }
  | { readonly isJson: false; readonly why: string }

export const parse = (text: string): Parsed => {
  try {
    return { isJson: true, value: JSON.parse(text) }
  } catch (error) {
    return { isJson: false, why: error instanceof Error ? error.message : String(error) }
  }
}

/** Indented; levels of ladders each on a line. What is no JSON stays as it is. */
export const pretty = (text: string): string => {
  const parsed = parse(text)
  if (!parsed.isJson) return text
  return JSON.stringify(parsed.value, undefined, 2).replaceAll(/\[\s+("[\d.]+"),\s+("[\d.]+")\s+\]/g, "[$1, $2]")
}
