/** Answers that rest on sealed history may be kept, and are free for whoever has them. */
import { assert, layer } from "@effect/vitest"
import { hourMicros, hourOf } from "@kalshibook/core/cold/SegmentKeys"
import type { SealedRevision } from "@kalshibook/store/cold/SealedHours"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import * as ApiTest from "./ApiTest.ts"
import { ask, json } from "./Http.ts"
import * as Seed from "./Seed.ts"

const market = `/v1/markets/${Seed.recorded}`
const hour = (at: number, revision = 1, isMarked = false): SealedRevision => ({
  hourMicros: hourOf(Seed.startMicros) + at * hourMicros,
  revision,
  isMarked
})

/** The seed lies in one hour; its trades are waited for one more. */
let revisions: ReadonlyArray<SealedRevision> = [hour(0), hour(1), hour(2)]
const sealAs = (next: ReadonlyArray<SealedRevision>) => {
  revisions = next
  return TestClock.adjust("6 seconds")
}

const range = "from=2026-11-21T14:00:00Z&to=2026-11-21T14:00:19Z"
const sealed = [
  `${market}/orderbook?at=2026-11-21T14:00:01Z`,
  `${market}/deltas?${range}`,
  `${market}/orderbook/samples?${range}&every=1s`,
  `/v1/markets/${Seed.busy}/trades?from=2026-11-21T13:00:00Z&to=2026-11-21T13:30:00Z`
]

layer(ApiTest.layerSealed(Effect.sync(() => revisions)))("an answer about sealed history", (it) => {
  it.effect("has a tag, may be kept, and is free and empty for whoever has it, until an hour is sealed again", () =>
    Effect.gen(function* () {
      for (const path of sealed.slice(0, 3)) {
        yield* sealAs([hour(0), hour(1), hour(2)])
        const first = yield* ask(path)
        const etag = String(first.headers["etag"])
        assert.match(etag, /^W\/"[0-9a-f]{32}"$/, path)
        assert.strictEqual(first.headers["cache-control"], "private, max-age=86400, immutable", path)
        assert.include(String(first.headers["vary"]), "Authorization", path)
        for (const tag of [etag, etag.slice(2), `"x", ${etag}`]) {
          const again = yield* ask(path, { headers: { "if-none-match": tag } })
          assert.deepStrictEqual([again.status, again.text], [304, ""], `${path} ${tag}`)
          assert.strictEqual(again.headers["x-credits-used"], "0")
          assert.strictEqual(again.headers["etag"], etag)
        }
        assert.strictEqual((yield* ask(path, { headers: { "if-none-match": '"another"' } })).status, 200)
        yield* sealAs([hour(0, 2), hour(1), hour(2)])
        const resealed = yield* ask(path, { headers: { "if-none-match": etag } })
        assert.strictEqual(resealed.status, 200, path)
        assert.notStrictEqual(resealed.headers["etag"], etag, path)
      }
    })
  )

  it.effect(
    "is no such one while an hour is marked or not sealed, of an open range, or with a hole that may be filled",
    () =>
      Effect.gen(function* () {
        yield* sealAs([hour(0), hour(1), hour(2)])
        for (const path of [
          `${market}/orderbook`,
          `${market}/orderbook?at=2026-11-21T14:00:01Z&clock=exchange`,
          `${market}/deltas?from=2026-11-21T14:00:00Z`,
          // A hole of the channel touches it that nothing has filled.
          `${market}/trades?${range}`,
          `${market}/candles?interval=1m&${range}`,
          "/v1/markets"
        ]) {
          const { headers, status } = yield* ask(path, { headers: { "if-none-match": "*" } })
          assert.deepStrictEqual(
            [status, headers["etag"], headers["cache-control"]],
            [200, undefined, "no-store"],
            path
          )
        }
        const dry = yield* json(`${sealed[1]}&dry_run=true`, { headers: { "if-none-match": "*" } })
        assert.isDefined(dry.body.estimate)
        for (const wrong of [[hour(0, 1, true)], [], [hour(-1), hour(1)]]) {
          yield* sealAs(wrong)
          const { headers, status } = yield* ask(sealed[0] ?? "", { headers: { "if-none-match": "*" } })
          assert.deepStrictEqual([status, headers["etag"]], [200, undefined], JSON.stringify(wrong))
        }
      })
  )
})
