/**
 * What an invitation is passed on as: 192 bits by chance, of which the database has the hash alone.
 *
 * adapter: Node's crypto
 */
import { createHash, randomBytes } from "node:crypto"

const tokenBytes = 24

export const newInvitationToken = (): string => randomBytes(tokenBytes).toString("base64url")

/** SHA-256: enough for what cannot be guessed. */
export const tokenHash = (token: string): Uint8Array => createHash("sha256").update(token).digest()
