/**
 * Passwords, kept as scrypt hashes: guessing one takes a tenth of a second of a core and 32 MiB, each time.
 *
 * adapter: Node's crypto
 */
import { randomBytes, scrypt, timingSafeEqual } from "node:crypto"
import { Context, Effect, Semaphore } from "effect"

/** log2 of the cost, block size, lanes. */
export interface ScryptCost {
  readonly logN: number
  readonly r: number
  readonly p: number
}

/** What new hashes cost: OWASP's recommendation for scrypt with 32 MiB (2026). Less only where nothing is kept, as in tests. */
export const HashCost = Context.Reference<ScryptCost>("@kalshibook/auth/Passwords/HashCost", {
  defaultValue: () => ({ logN: 15, r: 8, p: 3 })
})

const hashBytes = 32
const saltBytes = 16
/** Hashes computed at once: each takes 32 MiB and a thread of Node's pool. */
const hashesAtOnce = Semaphore.makeUnsafe(2)

/** `scrypt$15$8$3$salt$hash`, so that the cost can grow without locking anybody out. */
export const hash = (password: string, cost: ScryptCost): Effect.Effect<string> =>
  Effect.suspend(() => {
    const salt = randomBytes(saltBytes)
    const { logN, p, r } = cost
    return Effect.map(derive(password, salt, cost), (key) =>
      ["scrypt", logN, r, p, salt.toString("base64url"), key.toString("base64url")].join("$")
    )
  })

/** Whether the password is the one. Takes as long, by the cost of new ones, where there is none. */
export const isRight = (password: string, stored: string | null, cost: ScryptCost): Effect.Effect<boolean> =>
  Effect.suspend(() => {
    const [, logN = "", r = "", p = "", salt = "", key = ""] = (stored ?? decoyOf(cost)).split("$")
    const expected = Buffer.from(key, "base64url")
    const asked = { logN: Number(logN), r: Number(r), p: Number(p) }
    return Effect.map(
      derive(password, Buffer.from(salt, "base64url"), asked),
      (found) => stored !== null && found.length === expected.length && timingSafeEqual(found, expected)
    )
  })

/** What is compared with where nobody has that address. */
const decoyOf = ({ logN, p, r }: ScryptCost): string => ["scrypt", logN, r, p, "AAAAAAAAAAAAAAAAAAAAAA", ""].join("$")

const derive = (password: string, salt: Buffer, { logN, p, r }: ScryptCost): Effect.Effect<Buffer> =>
  Effect.callback<Buffer>((resume) => {
    const options = { N: 2 ** logN, r, p, maxmem: 256 * 2 ** logN * r }
    scrypt(password.normalize("NFKC"), salt, hashBytes, options, (error, key) =>
      resume(error === null ? Effect.succeed(key) : Effect.die(error))
    )
  }).pipe(hashesAtOnce.withPermits(1))
