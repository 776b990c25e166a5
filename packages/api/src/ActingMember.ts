/** The member who acts, and the refusal of one who was an owner a moment ago: what is believed of callers is some seconds old. */
import { RoleMissing } from "@kalshibook/core/contract/ProblemsOfPeople"
import { Effect } from "effect"
import { callerHere, RequestMeta } from "./RequestMeta.ts"

/** Whoever asks, as the member that the middleware has let pass. */
export const memberHere = Effect.flatMap(callerHere, (caller) =>
  caller.authentication._tag === "member"
    ? Effect.succeed({ ...caller, ...caller.authentication })
    : Effect.die("no member asks")
)

export const refuseNoOwner = Effect.gen(function* () {
  const { requestId } = yield* RequestMeta
  const detail = "This is for owners of the account, and you are none any more."
  return yield* new RoleMissing({ detail, roles: ["owner"], request_id: requestId })
})
