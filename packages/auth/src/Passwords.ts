/**
 * Passwords, kept as scrypt hashes: guessing one takes a tenth of a second of a core and 32 MiB, each time.
 *
 * adapter: Node's crypto
 */
import { randomBytes, scrypt, timingSafeEqual } from "node:crypto"
import { Effect, Semaphore } from "effect"

/** log2 of the cost, block size, lanes: OWASP's recommendation for scrypt with 32 MiB (2026). */
const cost = { logN: 15, r: 8, p: 3 }
const hashBytes = 32
const saltBytes = 16
/** Hashes computed at once: each takes 32 MiB and a thread of Node's pool. */
const hashesAtOnce = Semaphore.makeUnsafe(2)

/** `scrypt$15$8$3$salt$hash`, so that the cost can grow without locking anybody out. */
export const hash = (password: string): Effect.Effect<string> =>
  Effect.suspend(() => {
    const salt = randomBytes(saltBytes)
    const { logN, p, r } = cost
    return Effect.map(derive(password, salt, cost), (key) =>
      ["scrypt", logN, r, p, salt.toString("base64url"), key.toString("base64url")].join("$")
    )
  })

/** Whether the password is the one. Takes as long where there is none. */
export const isRight = (password: string, stored: string | null): Effect.Effect<boolean> =>
  Effect.suspend(() => {
    const [, logN = "", r = "", p = "", salt = "", key = ""] = (stored ?? decoy).split("$")
    const expected = Buffer.from(key, "base64url")
    const asked = { logN: Number(logN), r: Number(r), p: Number(p) }
    return Effect.map(
      derive(password, Buffer.from(salt, "base64url"), asked),
      (found) => stored !== null && found.length === expected.length && timingSafeEqual(found, expected)
    )
  })

/** What is compared with where nobody has that address. */
const decoy = ["scrypt", cost.logN, cost.r, cost.p, "AAAAAAAAAAAAAAAAAAAAAA", ""].join("$")

const derive = (password: string, salt: Buffer, { logN, p, r }: typeof cost): Effect.Effect<Buffer> =>
  Effect.callback<Buffer>((resume) => {
    const options = { N: 2 ** logN, r, p, maxmem: 256 * 2 ** logN * r }
    scrypt(password.normalize("NFKC"), salt, hashBytes, options, (error, key) =>
      resume(error === null ? Effect.succeed(key) : Effect.die(error))
    )
  }).pipe(hashesAtOnce.withPermits(1))
