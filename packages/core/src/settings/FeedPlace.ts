/** Where the feed is between programs, as a setting's text: `host:port` of who listens, `tcp://host:port` for who follows. Pure. */
import * as Option from "effect/Option"
import type { Kind } from "./Setting.ts"

export interface FeedPlace {
  readonly host: string
  readonly port: number
}

/** `off`, or where to listen. */
export const listening: Kind<FeedPlace | "off"> = {
  expected: "host:port or off",
  parse: (text) => (text === "off" ? Option.some("off") : placeOf(text))
}

export const following: Kind<FeedPlace> = {
  expected: "tcp://host:port",
  parse: (text) => (text.startsWith("tcp://") ? placeOf(text.slice("tcp://".length).replace(/\/$/, "")) : Option.none())
}

/** `host:port`, `[v6]:port`. */
const placeOf = (text: string): Option.Option<FeedPlace> => {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:/@[\]]+)):(\d{1,5})$/.exec(text)
  const host = match?.[1] ?? match?.[2]
  const port = Number(match?.[3])
  return host === undefined || !(port >= 1 && port <= 65_535) ? Option.none() : Option.some({ host, port })
}

/** Whether nobody but this machine reaches it. */
export const isLoopback = ({ host }: FeedPlace): boolean =>
  host === "localhost" || host === "::1" || /^127\.\d+\.\d+\.\d+$/.test(host)

/** What is wrong where others reach it and nobody has to know anything. */
export const secretNeeded = ({ host, port }: FeedPlace): string =>
  `KALSHIBOOK_FEED_LISTEN is ${host.includes(":") ? `[${host}]` : host}:${port}, which others than this machine reach: KALSHIBOOK_FEED_SECRET must be set.`
