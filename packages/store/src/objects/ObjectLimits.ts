/** The bounds of the object store, the same wherever objects lie. */

const mebibyte = 1024 * 1024

/** Held in memory at once: manifests and the like. */
export const putBytesMax = 16 * mebibyte
/** Held in memory at once: small objects, footers, row groups. */
export const getBytesMax = 64 * mebibyte
/** Keys in one page of a list; S3 gives no more. */
export const pageKeysMax = 1_000
/** A week: the longest that S3 signs for. */
export const signedUrlSecondsMax = 604_800
/** What a browser is told to name a file. */
export const fileNameCharsMax = 200
