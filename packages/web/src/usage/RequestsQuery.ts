/** The single requests of the account, page by page, and all of them as a file. */
import { infiniteQueryOptions } from "@tanstack/react-query"
import type { UsageRequests } from "../api/Answers.ts"
import * as Client from "../api/Client.ts"
import * as Problem from "../api/Problem.ts"

const path = "/v1/usage/requests"
const pageRequests = 20

export interface Asked {
  /** ISO 8601. */
  readonly from: string
  /** What became of them; absent for all. */
  readonly outcome: "answered" | "failed" | undefined
  /** Only the one of this id, whenever it was. */
  readonly requestId: string | undefined
}

const queryOf = ({ from, outcome, requestId }: Asked): Client.Parameters =>
  requestId === undefined ? { from, outcome } : { outcome, request_id: requestId }

/** An id as answers have it. */
export const isId = (text: string): boolean => /^req_[0-9a-f]{32}$/.test(text)

export const pages = (asked: Asked) =>
  infiniteQueryOptions({
    queryKey: [path, asked],
    queryFn: ({ pageParam, signal }) =>
      Client.ask<UsageRequests>({ path, query: { ...queryOf(asked), limit: pageRequests, cursor: pageParam } }, signal),
    initialPageParam: "",
    getNextPageParam: ({ cursor }) => (cursor === "" ? undefined : cursor),
    staleTime: 0
  })

/** All that is asked for, as CSV. Rejects with a Problem. */
export const file = (asked: Asked): Promise<Blob> =>
  Client.whole({ path, query: { ...queryOf(asked), format: "csv" } }).then(({ retryAfter, status, text }) =>
    status === 200
      ? new Blob([text], { type: "text/csv" })
      : Promise.reject<Blob>(Problem.of(status, undefined, retryAfter))
  )
