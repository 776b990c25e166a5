import { request } from "node:http"
import { gunzipSync, zstdDecompressSync } from "node:zlib"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { assert, describe, layer } from "@effect/vitest"
import * as Answering from "@kalshibook/api/Answering"
import { RequestErrors } from "@kalshibook/api/RequestErrors"
import * as RowStreams from "@kalshibook/api/RowStreams"
import type { BookRecord } from "@kalshibook/core/BookRecord"
import { segmentColumns } from "@kalshibook/core/cold/SegmentColumns"
import * as RowColumns from "@kalshibook/store/export/RowColumns"
import { RequestLog } from "@kalshibook/store/RequestLog"
import { tableFromIPC } from "apache-arrow"
import { Effect, Layer, Option } from "effect"
import { HttpRouter } from "effect/http"
import { parquetReadObjects } from "hyparquet"
import * as ApiTest from "./ApiTest.ts"
import { everyPage, download as get, json, port } from "./Http.ts"
import * as Seed from "./Seed.ts"

const deltas = `/v1/markets/${Seed.recorded}/deltas`
const trades = `/v1/markets/${Seed.recorded}/trades`

layer(ApiTest.layer())("a list as one stream", (it) => {
  it.effect("has as NDJSON the entries of all pages", () =>
    Effect.gen(function* () {
      for (const [path, name] of [
        [deltas, "records"],
        [trades, "trades"]
      ] as const) {
        const { entries } = yield* everyPage(path, name, 3)
        const { body, isWhole, type } = yield* get(path, { accept: "application/x-ndjson" })
        assert.deepStrictEqual([type, isWhole], ["application/x-ndjson", true])
        const lines = body.toString().trimEnd().split("\n")
        assert.deepStrictEqual(
          lines.map((line) => JSON.parse(line)),
          entries
        )
      }
    })
  )

  it.effect("has the same rows as CSV, Parquet and Arrow, by `format` or by Accept", () =>
    Effect.gen(function* () {
      const arrow = yield* get(`${deltas}?format=arrow`)
      const table = tableFromIPC(arrow.body)
      const parquet = yield* get(deltas, { accept: "text/html, application/vnd.apache.parquet;q=0.9, */*;q=0.1" })
      const { buffer, byteLength, byteOffset } = parquet.body
      const file = buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer
      const rows = yield* Effect.promise(() => parquetReadObjects({ file }))
      const csv = yield* get(`${deltas}?format=csv`)
      const lines = csv.body.toString().trimEnd().split("\n")
      assert.deepStrictEqual(
        [arrow.type, parquet.type, csv.type],
        [
          "application/vnd.apache.arrow.stream",
          "application/vnd.apache.parquet",
          "text/csv; charset=utf-8; header=present"
        ]
      )
      const { entries } = yield* everyPage(deltas, "records", 100)
      assert.isAtLeast(rows.length, entries.length)
      assert.deepStrictEqual([table.numRows, lines.length - 1], [rows.length, rows.length])
      assert.deepStrictEqual(
        lines[0]?.split(","),
        segmentColumns.records.map(({ name }) => name)
      )
      assert.deepStrictEqual(
        [...(table.getChild("record_offset") ?? [])],
        rows.map((row) => row.record_offset)
      )
    })
  )

  it.effect("is packed with zstd or gzip for clients that take it; Parquet is packed in itself", () =>
    Effect.gen(function* () {
      const plain = yield* get(`${deltas}?format=csv`)
      const zstd = yield* get(`${deltas}?format=csv`, { "accept-encoding": "gzip, zstd" })
      const gzip = yield* get(`${deltas}?format=csv`, { "accept-encoding": "gzip" })
      assert.deepStrictEqual([zstd.encoding, gzip.encoding], ["zstd", "gzip"])
      assert.strictEqual(zstdDecompressSync(zstd.body).toString(), plain.body.toString())
      assert.strictEqual(gunzipSync(gzip.body).toString(), plain.body.toString())
      assert.strictEqual((yield* get(`${deltas}?format=parquet`, { "accept-encoding": "gzip" })).encoding, "undefined")
    })
  )

  it.effect("tells what is wrong before it begins, as a problem", () =>
    Effect.gen(function* () {
      const unknown = yield* json("/v1/markets/NONE/deltas?format=arrow")
      assert.deepInclude(unknown.body, { code: "unknown_market", status: 404 })
      assert.deepInclude((yield* json("/v1/markets/NONE/trades?format=csv")).body, { code: "unknown_market" })
      const accept = yield* json(deltas, { headers: { accept: "application/xml" } })
      assert.deepInclude(accept.body, { code: "not_acceptable", status: 406 })
      assert.deepInclude((yield* json(`${deltas}?format=csv&limit=3`)).body, { code: "not_acceptable" })
      assert.deepInclude((yield* json(`${deltas}?format=xls`)).body, { code: "bad_parameter", parameter: "format" })
    })
  )
})

const record = (offset: number): BookRecord => ({
  kind: "gap",
  marketTicker: "M",
  offset,
  epoch: 1,
  sid: 1,
  seq: 1,
  tsExchangeMicros: null,
  tsReceivedMicros: offset,
  cause: "audit",
  tsDetectedMicros: offset
})

const perPage = 2_000
/** How many pages were read of lists. */
const endless = { pages: 0 }

const source = (failsAtPage: number): RowStreams.RowSource<ReadonlyArray<BookRecord>, string> => ({
  columns: segmentColumns.records,
  toColumns: RowColumns.ofRecords,
  toJson: (entries) => entries,
  rowsToPay: (entries) => entries.length,
  parts: RowStreams.paged(perPage, (after: Option.Option<BookRecord>) =>
    Effect.suspend(() => {
      const from = Option.match(after, { onNone: () => 0, onSome: ({ offset }) => offset })
      if (from / perPage >= failsAtPage) return Effect.fail("the database went away")
      endless.pages++
      return Effect.succeed(Array.from({ length: perPage }, (_, at) => record(from + at + 1)))
    })
  ),
  name: "test"
})

const broken = (form: RowStreams.StreamForm) =>
  HttpRouter.add("GET", `/broken/${form}`, Effect.orDie(RowStreams.answer(source(12), form)))

const routes = Layer.mergeAll(
  broken("ndjson"),
  broken("csv"),
  broken("parquet"),
  broken("arrow"),
  HttpRouter.add("GET", "/endless", Effect.orDie(RowStreams.answer(source(Number.POSITIVE_INFINITY), "csv")))
).pipe(Layer.provide(Answering.layer()), Layer.provide(RequestErrors.layer.pipe(Layer.provide(RequestLog.layerMemory))))

const server = HttpRouter.serve(routes, { disableLogger: true, disableListenLog: true }).pipe(
  Layer.provideMerge(NodeHttpServer.layerTest),
  Layer.orDie
)

describe("a stream over HTTP", () => {
  layer(server, { excludeTestServices: true })((it) => {
    it.effect("that fails in the middle breaks off, in every form, packed or not", () =>
      Effect.gen(function* () {
        for (const form of RowStreams.streamForms) {
          for (const encoding of ["identity", "gzip", "zstd"]) {
            const { body, isWhole } = yield* get(`/broken/${form}`, { "accept-encoding": encoding })
            assert.isFalse(isWhole, `${form} ${encoding}`)
            assert.isAbove(body.length, 0, `${form} ${encoding}`)
          }
        }
      })
    )

    it.effect("reads no more than its client takes, and ends when the client goes away", () =>
      Effect.gen(function* () {
        const number = yield* port
        endless.pages = 0
        const outgoing = request({ host: "127.0.0.1", port: number, path: "/endless", agent: false }, (response) => {
          response.pause()
        })
        outgoing.on("error", () => undefined)
        outgoing.end()
        // Until the buffers between the two are full.
        let held = -1
        while (held !== endless.pages || held === 0) {
          held = endless.pages
          yield* Effect.sleep(500)
        }
        assert.isBelow(held, 200, "a client that does not read holds the reading up")
        outgoing.destroy()
        yield* Effect.sleep(300)
        const after = endless.pages
        assert.isAtMost(after, held + 1)
        yield* Effect.sleep(300)
        assert.strictEqual(endless.pages, after)
      })
    )
  })
})
