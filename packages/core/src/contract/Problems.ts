/**
 * Every error of the HTTP API in one catalogue: the server fails with these classes, clients decode into them, the documentation lists
 * them. They live by area; here is what must know all of them.
 */
import * as ProblemKind from "./ProblemKind.ts"
import * as ProblemsOfAccess from "./ProblemsOfAccess.ts"
import * as ProblemsOfBilling from "./ProblemsOfBilling.ts"
import * as ProblemsOfFiles from "./ProblemsOfFiles.ts"
import * as ProblemsOfPeople from "./ProblemsOfPeople.ts"
import * as ProblemsOfQuestions from "./ProblemsOfQuestions.ts"
import * as ProblemsOfServer from "./ProblemsOfServer.ts"

/** Status and title of each kind of problem, and what it means and what to do. */
export const problems = {
  ...ProblemsOfQuestions.kinds,
  ...ProblemsOfAccess.kinds,
  ...ProblemsOfBilling.kinds,
  ...ProblemsOfPeople.kinds,
  ...ProblemsOfFiles.kinds,
  ...ProblemsOfServer.kinds
} as const
export type ProblemCode = keyof typeof problems

/** All of them, one per code. */
export const problemClasses = {
  ...ProblemsOfQuestions.classes,
  ...ProblemsOfAccess.classes,
  ...ProblemsOfBilling.classes,
  ...ProblemsOfPeople.classes,
  ...ProblemsOfFiles.classes,
  ...ProblemsOfServer.classes
} as const satisfies Record<ProblemCode, unknown>

/** The members that are the same in every problem of a kind. */
export const declaration = (code: ProblemCode) => ProblemKind.declarationOf(code, problems[code])

/** What an endpoint may answer that reads sealed history. */
export const problemsOfHistory = [ProblemsOfServer.ColdStoreAway, ProblemsOfServer.ColdDataDamaged] as const

/** What any endpoint may answer, besides its own problems. */
export const problemsOfAll = [
  ProblemsOfQuestions.BadParameter,
  ProblemsOfServer.UrlTooLong,
  ProblemsOfServer.Overloaded,
  ProblemsOfServer.TimedOut,
  ProblemsOfServer.DatabaseAway,
  ProblemsOfServer.Internal
] as const

/** What any endpoint may answer that needs a key. */
export const problemsOfMetered = [
  ProblemsOfAccess.KeyRequired,
  ProblemsOfAccess.KeyInvalid,
  ProblemsOfAccess.KeyInQuery,
  ProblemsOfAccess.ScopeMissing,
  ProblemsOfAccess.CreditsExhausted,
  ProblemsOfAccess.CapReached,
  ProblemsOfAccess.MaxCreditsExceeded,
  ProblemsOfAccess.RateLimited,
  ProblemsOfPeople.SignInRequired,
  ProblemsOfPeople.NoAccount,
  ProblemsOfPeople.RoleMissing,
  ProblemsOfPeople.SignInAway
] as const
