import { assert, layer } from "@effect/vitest"
import { HotConnection } from "@kalshibook/store/HotConnection"
import {
  bools,
  byteas,
  int2s,
  int4,
  int4s,
  int8,
  int8s,
  type Parameter,
  pg,
  text,
  texts
} from "@kalshibook/store/PgStatement"
import { Effect, Layer } from "effect"
import fc from "fast-check"
import * as PgTest from "./PgTest.ts"
import { property } from "./PropertyEffect.ts"

const runs = 40

/** Any text that Postgres takes: all but U+0000 and halves of surrogate pairs. */
const anyText = fc.string({ unit: "binary" }).filter((value) => !value.includes("\0"))
const nullable = <A>(values: fc.Arbitrary<A>) => fc.option(values, { nil: null })
const list = <A>(values: fc.Arbitrary<A>) => fc.array(values, { maxLength: 50 })

/** What Postgres makes of an array, as text: an independent account of the bytes. */
const asText = (array: Parameter) =>
  Effect.flatMap(HotConnection, ({ transaction }) =>
    Effect.map(
      transaction(({ query }) =>
        query(pg`select value::text from unnest(${array}) with ordinality as a (value, place) order by place`)
      ),
      (rows) => rows.map((row) => row["value"])
    )
  )

const textOf = (value: unknown) => (value === null ? null : String(value))

layer(Layer.provide(HotConnection.layerNoDeps, PgTest.layer), { excludeTestServices: true })("Statements", (it) => {
  const holds = <A>(title: string, values: fc.Arbitrary<A>, array: (values: ReadonlyArray<A>) => Parameter) =>
    it.effect(`take whole columns of ${title} as they are, empty ones and nulls included`, () =>
      property(list(values), runs, (column) =>
        Effect.map(asText(array(column)), (stored) => assert.deepStrictEqual(stored, column.map(textOf)))
      )
    )

  holds("int8", nullable(fc.maxSafeInteger()), int8s)
  holds("int4", fc.integer(), int4s)
  holds("int2", fc.integer({ min: -32_768, max: 32_767 }), int2s)
  holds("bool", fc.boolean(), bools)
  holds("text", nullable(anyText), texts)

  it.effect("take whole columns of bytes as they are", () =>
    property(list(fc.uint8Array({ maxLength: 40 })), runs, (column) =>
      Effect.map(asText(byteas(column)), (stored) =>
        assert.deepStrictEqual(
          stored,
          column.map((bytes) => `\\x${Buffer.from(bytes).toString("hex")}`)
        )
      )
    )
  )

  it.effect("keep their parameters apart when they are put together of parts", () =>
    Effect.gen(function* () {
      const { transaction } = yield* HotConnection
      const inner = pg`(select ${text("b")} || ${int4(-2)})`
      const whole = pg`select ${int8(2 ** 53 - 1)} as one, ${inner} as two, ${text(null)} as three, ${inner} as four`
      assert.deepStrictEqual(yield* transaction(({ query }) => query(whole)), [
        { one: Number.MAX_SAFE_INTEGER, two: "b-2", three: null, four: "b-2" }
      ])
    })
  )

  it("refuse a number that its type cannot hold, never rounding it", () => {
    for (const array of [() => int8s([2 ** 53]), () => int8s([0.5]), () => int4s([2 ** 31]), () => int2s([32_768])]) {
      assert.throws(array, RangeError)
    }
  })
})
