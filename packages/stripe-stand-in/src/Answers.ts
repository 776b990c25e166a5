/** How endpoints answer: objects, pages of lists, and refusals, in Stripe's own forms. */
import { type Parameters, text, whole } from "./FormText.ts"
import type { Endpoint, Refused, StandIn } from "./StandIn.ts"

export type Endpoints = Readonly<Record<string, Endpoint>>

export const refuse = (refused: Omit<Refused, "status" | "type"> & { readonly status?: number }) => ({
  refused: { status: 400, type: "invalid_request_error", ...refused } satisfies Refused
})

export const missing = (kind: string, id: string) =>
  refuse({ status: 404, code: "resource_missing", param: "id", message: `No such ${kind}: '${id}'` })

export const found = (object: object) => ({ found: object })

/** A page of a list, the newest first, as Stripe pages: `limit`, and `starting_after` the last id of the page before. */
export const page = <One extends { readonly id: string }>(
  parameters: Parameters,
  url: string,
  all: ReadonlyArray<One>
) => {
  const limit = whole(parameters, "limit") ?? 10
  const after = text(parameters, "starting_after")
  const newest = all.toReversed()
  const from = after === undefined ? 0 : newest.findIndex(({ id }) => id === after) + 1
  const data = newest.slice(from, from + limit)
  return found({ object: "list", data, has_more: from + limit < newest.length, url })
}

export const list =
  <One extends { readonly id: string }>(
    kept: (standIn: StandIn) => Readonly<Record<string, One>>,
    url: string,
    matches: (one: One, parameters: Parameters) => boolean = () => true
  ): Endpoint =>
  (standIn, parameters) =>
    page(
      parameters,
      url,
      Object.values(kept(standIn)).filter((one) => matches(one, parameters))
    )

export const one =
  <One extends object>(kept: (standIn: StandIn) => Readonly<Record<string, One>>, kind: string): Endpoint =>
  (standIn, _, id) => {
    const object = kept(standIn)[id]
    return object === undefined ? missing(kind, id) : found(object)
  }

export const isWanted = (parameters: Parameters, name: string, value: string | null): boolean => {
  const wanted = text(parameters, name)
  return wanted === undefined || wanted === "all" || wanted === value
}
