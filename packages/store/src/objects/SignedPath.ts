/**
 * Paths that give an object of the folder to whoever has them, until a moment: `<key>?expires=...&name=...&signature=...`.
 *
 * The signature is an HMAC-SHA256 over a list of the key, the moment and the file name, so no two different paths share one.
 */
import { createHmac, timingSafeEqual } from "node:crypto"
import { Option, Redacted, Result, Schema } from "effect"

/** What a path allows. */
export interface SignedPath {
  readonly key: string
  /** Unix seconds; from then on it allows nothing. */
  readonly expiresAtSeconds: number
  /** The name under which a browser stores it. */
  readonly fileName: Option.Option<string>
}

/** `forged`: nobody who knows the secret has signed it as it is (or it was cut when it was pasted). */
export class SignedPathRefused extends Schema.TaggedError<SignedPathRefused>()("SignedPathRefused", {
  cause: Schema.Literals(["expired", "forged"])
}) {}

/** Changes when the meaning of what is signed does. */
const version = "kalshibook-object-1"

const signatureOf = ({ key, expiresAtSeconds, fileName }: SignedPath, secret: Redacted.Redacted): string =>
  createHmac("sha256", Redacted.value(secret))
    .update(JSON.stringify([version, key, expiresAtSeconds, Option.getOrNull(fileName)]))
    .digest("hex")

/** The path with its query, relative to where objects are served. */
export const sign = (path: SignedPath, secret: Redacted.Redacted): string => {
  const query = new URLSearchParams({ expires: String(path.expiresAtSeconds) })
  if (Option.isSome(path.fileName)) query.set("name", path.fileName.value)
  query.set("signature", signatureOf(path, secret))
  return `${path.key.split("/").map(encodeURIComponent).join("/")}?${query}`
}

/** What the path allows at this moment. Takes the same time whatever is wrong with the signature. */
export const verify = (
  key: string,
  query: URLSearchParams,
  secret: Redacted.Redacted,
  nowSeconds: number
): Result.Result<SignedPath, SignedPathRefused> => {
  const expires = query.get("expires") ?? ""
  const path: SignedPath = {
    key,
    expiresAtSeconds: /^\d{1,15}$/.test(expires) ? Number(expires) : 0,
    fileName: Option.fromNullOr(query.get("name"))
  }
  const expected = Buffer.from(signatureOf(path, secret))
  const found = Buffer.from(query.get("signature") ?? "")
  if (found.length !== expected.length || !timingSafeEqual(found, expected)) {
    return Result.fail(new SignedPathRefused({ cause: "forged" }))
  }
  return nowSeconds < path.expiresAtSeconds
    ? Result.succeed(path)
    : Result.fail(new SignedPathRefused({ cause: "expired" }))
}
