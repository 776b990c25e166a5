/** `fields=`: only some fields of the rows of a list, for whoever needs no more. */
import { BadParameter } from "@kalshibook/core/contract/ProblemsOfQuestions"
import { Effect, SchemaAST } from "effect"
import { RequestMeta } from "./RequestMeta.ts"
import { withoutParameters } from "./Suggestions.ts"

type Row = Readonly<Record<string, unknown>>

/** Fields of an object, or of all that a union may be. */
const namesOf = (ast: SchemaAST.AST): ReadonlyArray<string> => {
  if (SchemaAST.isUnion(ast)) return ast.types.flatMap(namesOf)
  return SchemaAST.isObjects(ast) ? ast.propertySignatures.map(({ name }) => String(name)) : []
}

/** Fields that the schema of an answer knows of the rows of its list. */
const knownOf = (answer: SchemaAST.AST, list: string): ReadonlyArray<string> => {
  if (!SchemaAST.isObjects(answer)) return []
  const rows = answer.propertySignatures.find(({ name }) => name === list)?.type
  return rows !== undefined && SchemaAST.isArrays(rows) ? rows.rest.flatMap(namesOf) : []
}

/** Cuts the rows of `list` to the fields; `others` are known beside those of the schema. Fails for one that no row can have. */
const project = Effect.fnUntraced(function* (
  body: object,
  answer: SchemaAST.AST,
  list: string,
  fields: ReadonlyArray<string>,
  others: ReadonlyArray<string> = []
) {
  const rows = (body as Readonly<Record<string, ReadonlyArray<Row>>>)[list] ?? []
  const known = new Set([...knownOf(answer, list), ...others])
  const unknown = fields.find((field) => !known.has(field) && !rows.some((row) => Object.hasOwn(row, field)))
  if (unknown !== undefined) {
    const { requestId, url } = yield* RequestMeta
    const allowed = [...known].map((name) => `\`${name}\``).join(", ")
    return yield* new BadParameter({
      parameter: "fields",
      allowed,
      detail: `\`${unknown}\` is no field here: there is ${allowed}.`,
      request_id: requestId,
      suggestion: withoutParameters(url, ["fields"])
    })
  }
  const cut = (row: Row): Row =>
    Object.fromEntries(fields.filter((field) => Object.hasOwn(row, field)).map((field) => [field, row[field]]))
  return { ...body, [list]: rows.map(cut) }
})

/** What `answered` cuts a list by; all of it without `fields`. */
export const only =
  (
    schema: { readonly ast: SchemaAST.AST },
    list: string,
    fields: ReadonlyArray<string> | undefined,
    others?: ReadonlyArray<string>
  ) =>
  (body: object): Effect.Effect<object, BadParameter, RequestMeta> =>
    fields === undefined ? Effect.succeed(body) : project(body, schema.ast, list, fields, others)
