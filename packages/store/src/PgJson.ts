/**
 * Foreign JSON on its way into `jsonb`, which refuses two things that JSON allows: the character U+0000 and half a surrogate
 * pair. Either becomes U+FFFD, so that one odd title cannot hold up everything that is stored with it.
 */
const escapes = /\\(u0000|ud[89ab][0-9a-f]{2}|ud[c-f][0-9a-f]{2}|.)/g

/** JSON text that Postgres accepts. `JSON.stringify` writes U+0000 and lone surrogates, and only them, as such escapes. */
export const jsonText = (value: unknown): string =>
  JSON.stringify(value).replace(escapes, (escape, name: string) => (name.length > 1 ? "\ufffd" : escape))
