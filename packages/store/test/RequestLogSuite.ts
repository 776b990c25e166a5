/** What the list of single requests promises. Runs over each implementation. */
import { assert, type Vitest } from "@effect/vitest"
import { Accounts } from "@kalshibook/store/Accounts"
import { Ledger } from "@kalshibook/store/Ledger"
import { Members } from "@kalshibook/store/Members"
import { type LoggedRequest, type RequestError, RequestLog, type RequestQuestion } from "@kalshibook/store/RequestLog"
import { Clock, Effect, Option } from "effect"
import { call, fresh, newAccount, used } from "./AccountsSuite.ts"

const prefix = "0123456789"
const secondMicros = 1_000_000

const error = (accountId: string, facts: Partial<RequestError> = {}): RequestError => ({
  errorId: fresh("request"),
  accountId,
  prefix,
  endpoint: "getMarket",
  status: 404,
  code: "unknown_market",
  count: 1,
  tsMicros: 0,
  tsLastMicros: facts.tsMicros ?? 0,
  ...facts
})

const list = (accountId: string, facts: Partial<RequestQuestion> = {}) =>
  Effect.flatMap(RequestLog, (log) =>
    log.list({
      accountId,
      fromMicros: 0,
      toMicros: Number.MAX_SAFE_INTEGER,
      after: Option.none(),
      requestsMax: 100,
      ...facts
    })
  )

/** Each as a line, in the order of their ids. */
const brief = (rows: ReadonlyArray<LoggedRequest>): ReadonlyArray<string> =>
  rows.map((one) => [one.id, one.outcome, one.credits, one.rows, one.status, one.code, one.count].join()).toSorted()

const newestFirst = (one: LoggedRequest, other: LoggedRequest): number =>
  other.tsMicros - one.tsMicros || (one.id < other.id ? 1 : -1)

export const requestLogSuite = (it: Vitest.MethodsNonLive<Accounts | Ledger | Members | RequestLog>): void => {
  it.effect("has each request once, with all that it cost, and what failed as that; credits add up to the usage", () =>
    Effect.gen(function* () {
      const [ledger, log] = [yield* Ledger, yield* RequestLog]
      const { accountId } = yield* newAccount()
      const named = (name: string) => call(accountId, { requestId: fresh(name), endpoint: "getMarket" })
      const [answered, held, refused] = [named("a"), named("b"), named("c")]
      const [gone, streamed] = [named("d"), named("e")]
      yield* ledger.charge({ call: answered, state: "used", rows: 1, isOnce: false })
      yield* ledger.charge({ call: refused, state: "returned", rows: 0, isOnce: false })
      yield* ledger.charge({ call: gone, state: "returned", rows: 0, isOnce: false })
      yield* ledger.admit(streamed)
      for (const part of [1, 2]) {
        const paid = { ...streamed, requestId: `${streamed.requestId}/${part}`, creditsMax: 3 }
        yield* ledger.charge({ call: paid, state: "used", rows: 700, isOnce: false })
      }
      yield* ledger.settle(used(streamed, 1))
      const once = call(accountId, { requestId: `${accountId}/dl_1`, creditsMax: 7, endpoint: "createDownload" })
      yield* ledger.charge({ call: once, state: "used", rows: 70_000, isOnce: true })
      yield* ledger.charge({
        call: { ...once, requestId: `${accountId}/dl_1/5`, creditsMax: 2 },
        state: "used",
        rows: 20_000,
        isOnce: true
      })
      yield* ledger.admit(held)
      yield* ledger.admit({ ...named("a free call"), creditsMax: 0 })
      const counted = { errorId: `counted ${accountId}` }
      const tsMicros = (yield* Clock.currentTimeMillis) * 1_000
      yield* log.note([
        error(accountId, { errorId: refused.requestId, tsMicros }),
        error(accountId, { ...counted, endpoint: null, status: 429, code: "rate_limited", count: 9, tsMicros })
      ])
      const rows = yield* list(accountId)
      assert.deepStrictEqual(
        brief(rows),
        [
          `${once.requestId},answered,7,70000,,,1`,
          `${once.requestId}/5,answered,2,20000,,,1`,
          `counted ${accountId},failed,0,0,429,rate_limited,9`,
          `${answered.requestId},answered,1,1,,,1`,
          `${held.requestId},held,0,0,,,1`,
          `${refused.requestId},failed,0,0,404,unknown_market,1`,
          `${streamed.requestId},answered,7,1410,,,1`
        ].toSorted()
      )
      assert.deepStrictEqual(rows, rows.toSorted(newestFirst))
      const usage = yield* ledger.usage(accountId, { fromMicros: 0, toMicros: Number.MAX_SAFE_INTEGER })
      const sum = (of: ReadonlyArray<{ readonly credits: number }>) => of.reduce((all, { credits }) => all + credits, 0)
      assert.strictEqual(sum(rows), sum(usage))

      const ids = (facts: Partial<RequestQuestion>) =>
        Effect.map(list(accountId, facts), (found) => found.map((one) => one.id).toSorted())
      assert.deepStrictEqual(yield* ids({ outcome: "held" }), [held.requestId])
      assert.deepStrictEqual(yield* ids({ outcome: "failed" }), [counted.errorId, refused.requestId].toSorted())
      assert.deepStrictEqual(yield* ids({ outcome: "answered", endpoint: "getMarket" }), [
        answered.requestId,
        streamed.requestId
      ])
      assert.deepStrictEqual(yield* ids({ prefix: "9876543210" }), [])
      assert.deepStrictEqual(yield* ids({ fromMicros: Number.MAX_SAFE_INTEGER - 1 }), [])
      assert.deepStrictEqual(yield* ids({ requestId: gone.requestId }), [])
      assert.deepStrictEqual(yield* ids({ requestId: answered.requestId }), [answered.requestId])
      assert.deepStrictEqual(yield* ids({ requestId: answered.requestId, outcome: "failed" }), [])
      assert.deepStrictEqual(yield* ids({ requestId: refused.requestId }), [refused.requestId])
    })
  )

  it.effect("goes on behind where a page ended, whatever comes meanwhile, also among requests of one moment", () =>
    Effect.gen(function* () {
      const log = yield* RequestLog
      const { accountId } = yield* newAccount()
      const old = Array.from({ length: 25 }, (_, at) =>
        error(accountId, { tsMicros: Math.floor(at / 4) * secondMicros + 1 })
      )
      yield* log.note(old)
      const seen: Array<string> = []
      let after: RequestQuestion["after"] = Option.none()
      while (true) {
        const page: ReadonlyArray<LoggedRequest> = yield* list(accountId, { after, requestsMax: 4 })
        seen.push(...page.map(({ id }) => id))
        const last = page.at(-1)
        if (last === undefined) break
        after = Option.some(last)
        assert.isAtMost(seen.length, 25)
        yield* log.note([error(accountId, { tsMicros: 100 * secondMicros })])
      }
      assert.lengthOf(seen, 25)
      assert.deepStrictEqual(new Set(seen), new Set(old.map(({ errorId }) => errorId)))
    })
  )

  it.effect("counts on where the same is noted again, never twice and never back", () =>
    Effect.gen(function* () {
      const log = yield* RequestLog
      const { accountId } = yield* newAccount()
      const counted = (count: number, tsLastMicros: number) =>
        error(accountId, { errorId: `counted ${accountId}`, endpoint: null, count, tsMicros: 5, tsLastMicros })
      for (const noted of [counted(3, 7), counted(8, 9), counted(8, 9), counted(3, 7)]) yield* log.note([noted])
      const single = error(accountId, { tsMicros: 6 })
      yield* log.note([single])
      yield* log.note([single])
      const rows = yield* list(accountId)
      assert.deepStrictEqual(
        rows.map(({ count, tsLastMicros }) => [count, tsLastMicros]),
        [
          [1, 6],
          [8, 9]
        ]
      )
    })
  )

  it.effect("is seen by its own account alone, and goes with it", () =>
    Effect.gen(function* () {
      const [log, members] = [yield* RequestLog, yield* Members]
      const [one, other] = [yield* newAccount(), yield* newAccount()]
      const [mine, theirs] = [error(one.accountId), error(other.accountId)]
      yield* log.note([mine, theirs, error(globalThis.crypto.randomUUID())])
      assert.deepStrictEqual(
        (yield* list(one.accountId)).map(({ id }) => id),
        [mine.errorId]
      )
      assert.deepStrictEqual(yield* list(one.accountId, { requestId: theirs.errorId }), [])
      const owner = globalThis.crypto.randomUUID()
      yield* (yield* Accounts).addMember(one.accountId, owner, "owner")
      assert.isTrue(yield* members.close(one.accountId, owner))
      yield* log.note([error(one.accountId)])
      assert.deepStrictEqual(yield* list(one.accountId), [])
      assert.lengthOf(yield* list(other.accountId), 1)
    })
  )
}
