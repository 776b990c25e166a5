/**
 * What HTTP answers to a GET or HEAD of a file that never changes (RFC 9110): the whole of it, one range, or that the other side has
 * it already. Pure: it knows the file's length and time, and no server. Several ranges at once are answered with the whole file,
 * which the RFC allows.
 */
import { Option } from "effect"
import type { ByteSpan } from "./ObjectStore.ts"

/** The file as it is now. */
export interface FileState {
  readonly bytes: number
  /** When it was stored, Unix microseconds. */
  readonly lastModifiedMicros: number
  /** Of the file's content, in double quotes. */
  readonly etag: string
}

/** Header values as sent; `undefined` when not sent. */
export interface FileRequest {
  readonly method: "GET" | "HEAD"
  readonly range?: string | undefined
  readonly ifRange?: string | undefined
  readonly ifNoneMatch?: string | undefined
}

export interface FileAnswer {
  readonly status: 200 | 206 | 304 | 416
  readonly headers: Readonly<Record<string, string>>
  /** What to send of the file; `None`: no body. */
  readonly body: Option.Option<ByteSpan>
}

export const answer = (request: FileRequest, file: FileState): FileAnswer => {
  const lastModified = new Date(file.lastModifiedMicros / 1_000).toUTCString()
  const headers = { "accept-ranges": "bytes", etag: file.etag, "last-modified": lastModified }
  if (request.ifNoneMatch !== undefined && matches(request.ifNoneMatch, file.etag)) {
    return { status: 304, headers, body: Option.none() }
  }
  const isSame = request.ifRange === undefined || request.ifRange === file.etag || request.ifRange === lastModified
  const range = request.method === "GET" && isSame ? rangeOf(request.range, file.bytes) : undefined
  if (range === "unsatisfiable") {
    return {
      status: 416,
      headers: { ...headers, "content-range": `bytes */${file.bytes}`, "content-length": "0" },
      body: Option.none()
    }
  }
  const span = range ?? { fromByte: 0, toByte: file.bytes }
  const length = { "content-length": String(span.toByte - span.fromByte) }
  const body = request.method === "GET" && span.toByte > span.fromByte ? Option.some(span) : Option.none()
  if (range === undefined) return { status: 200, headers: { ...headers, ...length }, body }
  const place = { "content-range": `bytes ${span.fromByte}-${span.toByte - 1}/${file.bytes}` }
  return { status: 206, headers: { ...headers, ...length, ...place }, body }
}

const matches = (ifNoneMatch: string, etag: string): boolean =>
  ifNoneMatch.trim() === "*" || ifNoneMatch.split(",").some((each) => each.trim().replace(/^W\//, "") === etag)

/** The one range that is asked for; `undefined` where the header is to be ignored. */
const rangeOf = (range: string | undefined, bytes: number): ByteSpan | "unsatisfiable" | undefined => {
  const [, first, last] = /^bytes=[ \t]*(\d*)-(\d*)[ \t]*$/i.exec(range ?? "") ?? []
  if (first === undefined || last === undefined || (first === "" && last === "")) return undefined
  if (first === "") {
    const suffix = Math.min(Number(last), bytes)
    return suffix === 0 ? "unsatisfiable" : { fromByte: bytes - suffix, toByte: bytes }
  }
  const fromByte = Number(first)
  const toByte = last === "" ? bytes : Math.min(Number(last) + 1, bytes)
  if (last !== "" && Number(last) < fromByte) return undefined
  return fromByte >= bytes ? "unsatisfiable" : { fromByte, toByte }
}
