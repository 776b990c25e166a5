/**
 * What stands before every endpoint that is not for everybody: it knows the caller by a key, keeps to the limits, and charges.
 */
import { HttpApiMiddleware } from "effect/http-api"
import { problemsOfMetered } from "./Problems.ts"

export class Metered extends HttpApiMiddleware.Service<Metered>()("@kalshibook/core/contract/Metered", {
  error: problemsOfMetered
}) {}
