/** What a signed URL says about its file: how long it works, and the name under which a browser stores it. */
import { Result } from "effect"
import { fileNameCharsMax, signedUrlSecondsMax } from "./ObjectLimits.ts"
import type { SignedUrlOptions } from "./ObjectStore.ts"
import { Refused } from "./ObjectStoreError.ts"

/** Printable, and nothing that separates folders or ends a quoted text. */
const fileName = /^[^\p{C}/\\"]+$/u

/** The options themselves, or why they cannot be. */
export const check = (options: SignedUrlOptions): Result.Result<SignedUrlOptions, Refused> => {
  const { expiresInSeconds, fileName: name } = options
  if (!Number.isInteger(expiresInSeconds) || expiresInSeconds < 1 || expiresInSeconds > signedUrlSecondsMax) {
    return Result.fail(new Refused({ problem: `a signed URL works for 1 to ${signedUrlSecondsMax} seconds` }))
  }
  return name === undefined || (name.length <= fileNameCharsMax && fileName.test(name))
    ? Result.succeed(options)
    : Result.fail(
        new Refused({
          problem: `a file name is 1 to ${fileNameCharsMax} printable characters without slashes and double quotes`
        })
      )
}

/** The last part of a key. */
export const nameOf = (key: string): string => key.slice(key.lastIndexOf("/") + 1)

/** The value of `Content-Disposition`: plain for those who know ASCII alone, and as RFC 5987 has it for the others. */
export const attachment = (name: string): string => {
  const ascii = name.replace(/[^\x20-\x7e]/g, "_")
  const encoded = encodeURIComponent(name).replace(/['()*]/g, (char) => `%${char.charCodeAt(0).toString(16)}`)
  return `attachment; filename="${ascii}"${ascii === name ? "" : `; filename*=UTF-8''${encoded}`}`
}
