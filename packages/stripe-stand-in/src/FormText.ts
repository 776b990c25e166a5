/** Parameters as Stripe's clients write them: `items[0][price]=x&metadata[a]=b`, in a body or a query. */

export type Parameters = { readonly [name: string]: Parameter }
export type Parameter = string | Parameters

const namesOf = (key: string): ReadonlyArray<string> => key.split(/[[\]]+/).filter((name) => name !== "")

/** The parameters as they are nested; a list has its places as names, or several of no name. */
export const parse = (text: string): Parameters => {
  const root: Record<string, Parameter> = Object.create(null)
  for (const [key, value] of new URLSearchParams(text)) {
    const names = key.endsWith("[]") ? [...namesOf(key), String(places(root, namesOf(key)))] : namesOf(key)
    let at: Record<string, Parameter> = root
    for (const [depth, name] of names.entries()) {
      if (depth === names.length - 1) at[name] = value
      else {
        const inner: Parameter = at[name] ?? Object.create(null)
        at[name] = inner
        at = inner as Record<string, Parameter>
      }
    }
  }
  return root
}

const places = (root: Parameters, names: ReadonlyArray<string>): number => {
  let at: Parameter | undefined = root
  for (const name of names) at = typeof at === "object" ? at[name] : undefined
  return typeof at === "object" ? Object.keys(at).length : 0
}

/** A text, by its path. */
export const text = (parameters: Parameters, ...path: ReadonlyArray<string>): string | undefined => {
  const found = at(parameters, path)
  return typeof found === "string" && found !== "" ? found : undefined
}

export const whole = (parameters: Parameters, ...path: ReadonlyArray<string>): number | undefined => {
  const found = text(parameters, ...path)
  return found !== undefined && /^\d+$/.test(found) ? Number(found) : undefined
}

/** All texts below a path: metadata, a payload, the entries of a list. */
export const texts = (parameters: Parameters, ...path: ReadonlyArray<string>): Record<string, string> => {
  const found = at(parameters, path)
  return typeof found === "object"
    ? Object.fromEntries(
        Object.entries(found).flatMap(([name, value]) => (typeof value === "string" ? [[name, value]] : []))
      )
    : {}
}

const at = (parameters: Parameters, path: ReadonlyArray<string>): Parameter | undefined => {
  let found: Parameter | undefined = parameters
  for (const name of path) found = typeof found === "object" ? found[name] : undefined
  return found
}
