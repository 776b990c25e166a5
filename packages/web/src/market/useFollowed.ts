/**
 * The book of the present: by the stream, which brings every change and needs a key; for whoever has none, asked once a second, which the API
 * lets anybody do with markets of a demonstration.
 */
import { useQuery } from "@tanstack/react-query"
import { useEffect, useState } from "react"
import * as Problem from "../api/Problem.ts"
import * as Queries from "../api/Queries.ts"
import type { Gap } from "../book/Gap.ts"
import * as ShownBook from "../book/ShownBook.ts"
import { useKnown } from "../session/Known.ts"
import * as BookStream from "./BookStream.ts"

export interface Followed {
  readonly book: ShownBook.ShownBook | undefined
  /** How the stream stands; `undefined` where the book is asked for instead. */
  readonly standing: BookStream.Standing | undefined
  /** Those that the stream has told: shown at once, and still there when they are over. */
  readonly gaps: ReadonlyArray<Gap>
  readonly problem: unknown
}

const nothing = { book: undefined, gaps: [] } as const

const askMillis = 1_000

export const useFollowed = (ticker: string, isLive: boolean): Followed => {
  const key = useKnown()
  const [{ book, gaps }, setTold] = useState<Pick<Followed, "book" | "gaps">>(nothing)
  const [standing, setStanding] = useState<BookStream.Standing>(BookStream.connecting)
  /** A key that may not stream still may ask. */
  const [barredKey, setBarredKey] = useState<string>()
  const isStreamed = key !== undefined && key !== barredKey
  useEffect(() => {
    if (!isLive || !isStreamed) return
    return BookStream.follow(ticker, {
      onBook: (shown, met) => setTold({ book: shown, gaps: met }),
      onStanding: (told) => {
        if (told.state === "ended" && Problem.isBarring(told.problem)) setBarredKey(key)
        setStanding(told)
      }
    })
  }, [ticker, isLive, isStreamed, key])
  const isAsked = isLive && !isStreamed
  const asked = useQuery({
    ...Queries.bookNow(ticker),
    select: ShownBook.ofAnswer,
    enabled: isAsked,
    refetchInterval: isAsked ? askMillis : false
  })
  if (!isStreamed) return { book: asked.data, gaps, standing: undefined, problem: asked.error }
  return { book, gaps, standing, problem: standing.state === "ended" ? standing.problem : null }
}
