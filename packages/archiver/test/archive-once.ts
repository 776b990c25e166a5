/** One round of an archiver as a process of its own, which ends itself by SIGKILL at a step: no code of it runs after that. */
import { Archiver } from "@kalshibook/archiver/Archiver"
import { Steps } from "@kalshibook/archiver/Step"
import { Effect, Layer } from "effect"
import * as PgTest from "../../store/test/PgTest.ts"
import * as Scene from "./Scene.ts"

const [socketFolder = "", port = "", username = "", database = "", root = "", killAt = ""] = process.argv.slice(2)

let met = 0
const killing = Layer.succeed(Steps, {
  at: () =>
    Effect.sync(() => {
      if (met++ === Number(killAt)) process.kill(process.pid, "SIGKILL")
    })
})

const program = Effect.gen(function* () {
  const { problems, sealed } = yield* (yield* Archiver).round
  process.stdout.write(`sealed ${sealed}${[...problems].join()}\n`)
}).pipe(
  Effect.provide(Scene.archiver(root)),
  Effect.provide(PgTest.client({ socketFolder, port: Number(port), username, database }, database)),
  Effect.provide(killing)
)

await Effect.runPromise(program)
