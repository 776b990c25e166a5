/**
 * The main job on real input: recorded frames of the production exchange go over a real websocket through the collector and
 * Postgres, and come back by REST. What they are compared with is folded here, from the frames' own text, by other code.
 */
import { existsSync, readFileSync } from "node:fs"
import { resolve } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as System from "./System.ts"

const folder = resolve(process.env.KALSHI_RECORDED_DIR ?? "../shared/kalshi/recorded")
const file = resolve(folder, "kxbtc15m_2026-05-14_first47.jsonl")
const isThere = existsSync(file)
const titleSuffix = isThere
  ? ""
  : ` (skipped: no recorded frames in ${folder}; name their folder in KALSHI_RECORDED_DIR)`

type Levels = ReadonlyArray<readonly [string, string]>
interface Fold {
  readonly seq: number
  readonly ts: string
  readonly side: string
  readonly price: string
  readonly delta: string
  /** The book after this delta, as Kalshi writes books. */
  readonly yes_dollars: Levels
  readonly no_dollars: Levels
}

/** The frames folded by text and BigInt: nothing of the engine under test. */
const foldOf = (lines: ReadonlyArray<string>): { readonly ticker: string; readonly folds: ReadonlyArray<Fold> } => {
  const books: Record<string, Map<string, bigint>> = { yes: new Map(), no: new Map() }
  const hundredths = (text: string): bigint => BigInt(text.replace(".", ""))
  const written = (side: string): Levels =>
    [...(books[side] ?? [])]
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([price, size]) => [price, `${size / 100n}.${String(size % 100n).padStart(2, "0")}`] as const)
  const folds: Array<Fold> = []
  let ticker = ""
  for (const line of lines) {
    const { msg, seq, type } = JSON.parse(line)
    if (type === "orderbook_snapshot") {
      ticker = msg.market_ticker
      books.yes = new Map(msg.yes_dollars_fp.map(([price, size]: [string, string]) => [price, hundredths(size)]))
      books.no = new Map(msg.no_dollars_fp.map(([price, size]: [string, string]) => [price, hundredths(size)]))
    } else if (type === "orderbook_delta") {
      const ladder = books[msg.side] as Map<string, bigint>
      const size = (ladder.get(msg.price_dollars) ?? 0n) + hundredths(msg.delta_fp)
      if (size === 0n) ladder.delete(msg.price_dollars)
      else ladder.set(msg.price_dollars, size)
      const now = { yes_dollars: written("yes"), no_dollars: written("no") }
      folds.push({ seq, ts: msg.ts, side: msg.side, price: msg.price_dollars, delta: msg.delta_fp, ...now })
    }
  }
  return { ticker, folds }
}

interface BookBody {
  readonly orderbook_fp: Pick<Fold, "yes_dollars" | "no_dollars">
  readonly trust: { readonly state: string }
  readonly provenance: { readonly seq: number }
}
interface RecordBody {
  readonly kind: string
  readonly offset: number
  readonly seq: number
  readonly ts_received: string
  readonly side?: string
  readonly price_dollars?: string
  readonly delta_fp?: string
}

/** The last of those that share a moment: a book at a moment has all of them. */
const lastAtEachMoment = <A>(all: ReadonlyArray<A>, momentOf: (one: A) => string): ReadonlyArray<A> =>
  all.filter((one, index) => index + 1 === all.length || momentOf(all[index + 1] as A) !== momentOf(one))

describe("recorded frames of the production exchange", () => {
  for (const pace of ["as_read", "recorded"] as const) {
    it.live.skipIf(!isThere)(
      `served ${pace === "as_read" ? "as fast as they are read" : "at their own pace"}, the book that REST returns after each delta equals an independent fold, by both clocks${titleSuffix}`,
      () =>
        Effect.gen(function* () {
          const { ticker, folds } = foldOf(readFileSync(file, "utf8").trim().split("\n"))
          assert.isAbove(folds.length, 40)
          const system = yield* System.start({ recording: { path: file, pace } })
          yield* System.until(system.collector, (status) => status.recordsCommitted > folds.length)

          const { body } = yield* system.get<{ records: ReadonlyArray<RecordBody>; cursor: string }>(
            `/v1/markets/${ticker}/deltas?limit=1000`
          )
          assert.strictEqual(body.cursor, "")
          assert.strictEqual(body.records[0]?.kind, "snapshot")
          const deltas = body.records.slice(1)
          assert.deepStrictEqual(
            deltas.map(({ delta_fp, price_dollars, seq, side }) => ({
              seq,
              side,
              price: price_dollars,
              delta: delta_fp
            })),
            folds.map(({ delta, price, seq, side }) => ({ seq, side, price, delta }))
          )

          const check = Effect.fnUntraced(function* (query: string, fold: Fold) {
            const book = yield* system.get<BookBody>(`/v1/markets/${ticker}/orderbook?${query}`)
            assert.strictEqual(book.status, 200, query)
            assert.strictEqual(book.body.trust.state, "trusted", query)
            assert.strictEqual(book.body.provenance.seq, fold.seq, query)
            const { no_dollars, yes_dollars } = fold
            assert.deepStrictEqual(book.body.orderbook_fp, { yes_dollars, no_dollars }, query)
          })
          for (const delta of lastAtEachMoment(deltas, (one) => one.ts_received)) {
            const fold = folds.find((one) => one.seq === delta.seq)
            if (fold === undefined) assert.fail(`seq ${delta.seq} was never recorded`)
            else yield* check(`at=${delta.ts_received}`, fold)
          }
          // Nothing after the last recorded delta tells that the exchange's clock went on: the last one is proven by itself.
          for (const fold of lastAtEachMoment(folds, (one) => one.ts))
            yield* check(`at=${fold.ts}&clock=exchange`, fold)
        }).pipe(Effect.scoped, Effect.timeout(50_000)),
      60_000
    )
  }
})
