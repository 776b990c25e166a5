/** What is read from a URL at once is what the schemas of the contract read. */
import { assert, it } from "@effect/vitest"
import { KalshiBookApi } from "@kalshibook/core/contract/KalshiBookApi"
import * as OrderbookQuestion from "@kalshibook/core/contract/OrderbookQuestion"
import { Option, Schema } from "effect"
import * as fc from "fast-check"

const { params, query } = KalshiBookApi.groups.books.endpoints.at
const decoded = Schema.decodeUnknownOption(Schema.Struct({ params, query } as never))

const letters = fc.string({ unit: fc.constantFrom(..."KX-26._NOV:T0aZ5%+ é"), maxLength: 12 })
const one = fc.oneof(
  fc.integer({ min: -5, max: 2_000_000_000_000_000 }).map((at) => `at=${at}`),
  fc.constantFrom("at=2026-11-21T14:03:00Z", "at=2026-11-21T14:03:00.25", "at=2026-02-30", "at=1795269600.5"),
  fc.integer({ min: -1, max: 12_000 }).map((depth) => `depth=${depth}`),
  fc.constantFrom("view=full", "view=summary", "clock=exchange", "clock=received", "clock=", "view", "dry_run=true"),
  fc.tuple(letters, letters).map(([name, value]) => `${name}=${value}`)
)
const ticker = fc.oneof(fc.constant("KXBTC15M-26NOV211415-15"), letters)
const url = fc
  .tuple(ticker, fc.array(one, { maxLength: 4 }))
  .map(([market, parts]) => `/v1/markets/${market}/orderbook${parts.length === 0 ? "" : `?${parts.join("&")}`}`)

it("reads what the schemas would, or leaves it to them", () => {
  let read = 0
  fc.assert(
    fc.property(url, (text) => {
      const question = OrderbookQuestion.read(text)
      if (question === undefined) return
      read++
      const { pathname, searchParams } = new URL(text, "http://localhost")
      const market = decodeURIComponent(pathname.split("/")[3] ?? "")
      assert.strictEqual(question.ticker, market)
      assert.deepStrictEqual(question.query, Object.fromEntries(searchParams))
      const expected = decoded({ params: { ticker: market }, query: Object.fromEntries(searchParams) })
      assert.deepStrictEqual(Option.getOrUndefined(expected) as unknown, {
        params: { ticker: market },
        query: question.asked
      })
    }),
    { numRuns: 5_000 }
  )
  assert.isAbove(read, 500)
})
