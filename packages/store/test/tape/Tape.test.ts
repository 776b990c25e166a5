import { describe } from "@effect/vitest"
import { Tape } from "@kalshibook/store/tape/Tape"
import { Effect } from "effect"
import { copyOf, newFolder } from "./TapeFolders.ts"
import { tapeSuite } from "./TapeSuite.ts"

describe("Tape (folder)", () => {
  tapeSuite(
    Effect.sync(() => {
      let folder = newFolder()
      return {
        layer: (settings) => Tape.layer(folder, settings),
        crash: Effect.sync(() => {
          folder = copyOf(folder)
        })
      }
    })
  )
})
