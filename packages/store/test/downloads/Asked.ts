/** What tests ask for of a sealed morning, and the waiting for it. */
import { hourMicros } from "@kalshibook/core/cold/SegmentKeys"
import type { DownloadRequest } from "@kalshibook/store/downloads/DownloadRequest"
import { Downloads } from "@kalshibook/store/downloads/Downloads"
import { Effect } from "effect"
import { dayMicros, hours } from "./SealedDay.ts"

export const request = (some: Partial<DownloadRequest> = {}): DownloadRequest => ({
  format: "parquet",
  kinds: ["records", "trades"],
  fromMicros: dayMicros,
  toMicros: dayMicros + hours * hourMicros,
  tickers: undefined,
  ...some
})

/** Creates it, and works until it has ended. */
export const ended = Effect.fnUntraced(function* (asked: DownloadRequest) {
  const service = yield* Downloads
  const { id } = yield* service.create(asked)
  const waiting = Effect.gen(function* () {
    while (true) {
      const now = yield* service.get(id)
      if (now.state === "done" || now.state === "failed") return now
      yield* Effect.sleep(20)
    }
  })
  return yield* Effect.raceFirst(waiting, service.work)
})
