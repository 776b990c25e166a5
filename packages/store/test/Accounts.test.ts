import { layer } from "@effect/vitest"
import { Accounts } from "@kalshibook/store/Accounts"
import { Keys } from "@kalshibook/store/Keys"
import { Ledger } from "@kalshibook/store/Ledger"
import { Layer } from "effect"
import { accountsSuite, pepperLayer } from "./AccountsSuite.ts"

const stores = Layer.mergeAll(Accounts.layerMemory, Keys.layerMemory, Ledger.layerMemory).pipe(
  Layer.provide(pepperLayer)
)

layer(stores)("Accounts (memory)", accountsSuite)
