/**
 * How a key is written: `kb_live_<prefix>_<secret>`.
 *
 * The prefix is public: it names the key in lists, logs and the database. The secret ends in a checksum of all before it, so that a key
 * that was cut or mistyped is refused without asking the database, and scanners of leaked secrets know ours from noise.
 */
import * as Option from "effect/Option"

/** Letters of prefix and secret: no sign that a double click, a shell or a URL takes apart. */
export const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

/** 59 bits: two of a million keys share a prefix once in a million, and then the second is drawn again. */
export const prefixChars = 10

/** 196 bits of chance. */
export const secretChars = 33

const checksumChars = 6
const written = /^kb_live_([0-9A-Za-z]{10})_([0-9A-Za-z]{33})([0-9A-Za-z]{6})$/

/** Anything in a text that looks like a key of ours, whole or cut. */
const anyKey = /kb_live_([0-9A-Za-z]{0,10})[0-9A-Za-z_]*/g

/** Anything that looks like a ticket, which is a secret until it is used. */
const anyTicket = /kb_ticket_[0-9A-Za-z]*/g

/** The key of a prefix and a secret of `secretChars` letters. */
export const format = (prefix: string, secret: string): string => {
  const body = `kb_live_${prefix}_${secret}`
  return `${body}${checksum(body)}`
}

/** The public prefix of a key; `None` for what is no key, or none that was copied whole. */
export const prefixOf = (key: string): Option.Option<string> => {
  const [, prefix, secret, sum] = written.exec(key) ?? []
  if (prefix === undefined || secret === undefined) return Option.none()
  return sum === checksum(`kb_live_${prefix}_${secret}`) ? Option.some(prefix) : Option.none()
}

/** Where the prefix of a key stands, whether the text is one or not. */
export const prefixIn = (text: string): string => text.slice(prefixStart, prefixStart + prefixChars)

const prefixStart = "kb_live_".length

/** The text with all keys cut to their public part, and without tickets, for logs and answers. */
export const redact = (text: string): string =>
  text.includes("kb_") ? text.replaceAll(anyKey, "kb_live_$1_...").replaceAll(anyTicket, "kb_ticket_...") : text

/** CRC-32 (the one of zip) in six letters. */
const checksum = (text: string): string => {
  let crc = 0xffffffff
  for (let index = 0; index < text.length; index++) {
    crc ^= text.charCodeAt(index)
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0)
  }
  let rest = (crc ^ 0xffffffff) >>> 0
  let letters = ""
  for (let place = 0; place < checksumChars; place++) {
    letters = (alphabet[rest % alphabet.length] ?? "") + letters
    rest = Math.floor(rest / alphabet.length)
  }
  return letters
}
