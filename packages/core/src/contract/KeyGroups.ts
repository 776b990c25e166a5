/** The endpoints about keys: made and shown once, changed, replaced, revoked; and tickets, for browsers. */
import { HttpApiEndpoint, HttpApiGroup, OpenApi } from "effect/http-api"
import { ChangeKeyBody, CreateKeyBody, KeyList, NewKey, OneKey, RotateKeyBody, Ticket } from "./KeyAnswer.ts"
import { keysOfAccountMax } from "./Limits.ts"
import * as Parameter from "./Parameters.ts"
import { problemsOfAll } from "./Problems.ts"
import { TooManyKeys, UnknownKey } from "./ProblemsOfAccess.ts"

const params = { key_id: Parameter.KeyIdPath }

const bounded = "What a key makes or changes gets no more than it has itself: neither scopes nor caps nor time."

export const KeysGroup = HttpApiGroup.make("keys")
  .add(
    HttpApiEndpoint.get("list", "/v1/keys", { success: KeyList, error: [...problemsOfAll] }).annotateMerge(
      OpenApi.annotations({
        identifier: "listKeys",
        summary: "The keys of the account",
        description: "All of them, the oldest first, with their last use; never a secret. Needs scope `admin`."
      })
    ),
    HttpApiEndpoint.post("create", "/v1/keys", {
      payload: CreateKeyBody,
      success: NewKey,
      error: [...problemsOfAll, TooManyKeys]
    }).annotateMerge(
      OpenApi.annotations({
        identifier: "createKey",
        summary: "Make a key",
        description: `The answer has the key: it is shown once. Needs scope \`admin\`. ${bounded} At most ${keysOfAccountMax} keys work at a time.`
      })
    ),
    HttpApiEndpoint.patch("change", "/v1/keys/:key_id", {
      params,
      payload: ChangeKeyBody,
      success: OneKey,
      error: [...problemsOfAll, UnknownKey]
    }).annotateMerge(
      OpenApi.annotations({
        identifier: "changeKey",
        summary: "Change a key",
        description: `Its name, monthly cap, rate and number of streams. Counts on every node within ten seconds. Needs scope \`admin\`. ${bounded}`
      })
    ),
    HttpApiEndpoint.post("rotate", "/v1/keys/:key_id/rotate", {
      params,
      payload: RotateKeyBody,
      success: NewKey,
      error: [...problemsOfAll, UnknownKey, TooManyKeys]
    }).annotateMerge(
      OpenApi.annotations({
        identifier: "rotateKey",
        summary: "Replace a key",
        description: `A new key like the old one, which works for an overlap, then ends. Needs scope \`admin\`. ${bounded}`
      })
    ),
    HttpApiEndpoint.delete("revoke", "/v1/keys/:key_id", {
      params,
      success: OneKey,
      error: [...problemsOfAll, UnknownKey]
    }).annotateMerge(
      OpenApi.annotations({
        identifier: "revokeKey",
        summary: "Revoke a key",
        description:
          "Within ten seconds every node refuses it, and closes the streams that were opened with it. Cannot be undone. Needs scope `admin`."
      })
    )
  )
  .annotateMerge(OpenApi.annotations({ title: "Keys", description: "Keys of the account." }))

export const TicketsGroup = HttpApiGroup.make("tickets")
  .add(
    HttpApiEndpoint.post("create", "/v1/tickets", { success: Ticket, error: [...problemsOfAll] }).annotateMerge(
      OpenApi.annotations({
        identifier: "createTicket",
        summary: "A ticket for a browser's websocket",
        description:
          "Good for one connection within a minute, in the name of the key that asks: browsers cannot send a header with a websocket, and keys do not belong into URLs. Needs scope `stream`."
      })
    )
  )
  .annotateMerge(OpenApi.annotations({ title: "Tickets", description: "Tickets for browsers." }))
