/** A call as it is filled in, and the question that it makes. */
import type { Question } from "../api/Client.ts"
import type { Operation } from "./Operations.ts"

/** Values by name of the parameter, as text; absent or empty ones are not sent. */
export type Values = Readonly<Record<string, string>>

/** What has to be filled in and is not. */
export const missing = ({ parameters }: Operation, values: Values): ReadonlyArray<string> =>
  parameters.filter(({ isRequired, name }) => isRequired && (values[name] ?? "") === "").map(({ name }) => name)

export const questionOf = (operation: Operation, values: Values, body: unknown): Question => {
  const inPath = operation.parameters.filter(({ place }) => place === "path")
  const path = inPath.reduce(
    (text, { name }) => text.replace(`{${name}}`, encodeURIComponent(values[name] ?? "")),
    operation.path
  )
  const query = Object.fromEntries(
    operation.parameters.filter(({ place }) => place === "query").map(({ name }) => [name, values[name]])
  )
  return { method: operation.method, path, query, ...(body === undefined ? {} : { body }) }
}
