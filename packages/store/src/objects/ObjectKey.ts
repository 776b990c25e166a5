/**
 * Which keys an object may have. Narrower than S3 allows, so that a key means the same in every store: as a path in a folder, in a
 * URL, and in the order of a list. No key leaves the folder, and none begins with a dot, which is how the folder names its own.
 */
import { Result } from "effect"
import { Refused } from "./ObjectStoreError.ts"

const keyCharsMax = 512
/** File systems take 255 bytes for a name; the rest is for what is put in front of it or behind. */
const partCharsMax = 200
const characters = /^[A-Za-z0-9._=/-]*$/
const shape = `1 to ${keyCharsMax} characters of A-Z a-z 0-9 . _ - = and /, in parts of at most ${partCharsMax} that do not begin with a dot`

const isPart = (part: string): boolean => part.length > 0 && part.length <= partCharsMax && !part.startsWith(".")

/** The key itself, or why it is none. */
export const check = (key: string): Result.Result<string, Refused> =>
  key.length <= keyCharsMax && characters.test(key) && key.split("/").every(isPart)
    ? Result.succeed(key)
    : Result.fail(new Refused({ problem: `a key is ${shape}` }))

/** The prefix itself, or why no key can begin with it. Empty: every key. */
export const checkPrefix = (prefix: string): Result.Result<string, Refused> => {
  const whole = prefix.split("/").slice(0, -1)
  const rest = prefix.slice(prefix.lastIndexOf("/") + 1)
  return prefix.length <= keyCharsMax && characters.test(prefix) && whole.every(isPart) && (rest === "" || isPart(rest))
    ? Result.succeed(prefix)
    : Result.fail(new Refused({ problem: `a prefix is the beginning of a key: ${shape}` }))
}
