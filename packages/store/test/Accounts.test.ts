import { layer } from "@effect/vitest"
import { Accounts } from "@kalshibook/store/Accounts"
import { ConnectionLeases } from "@kalshibook/store/ConnectionLeases"
import { IdempotencyKeys } from "@kalshibook/store/downloads/IdempotencyKeys"
import { Keys } from "@kalshibook/store/Keys"
import { Ledger } from "@kalshibook/store/Ledger"
import { Members } from "@kalshibook/store/Members"
import { RequestLog } from "@kalshibook/store/RequestLog"
import { Layer } from "effect"
import { accountsSuite, pepperLayer } from "./AccountsSuite.ts"
import { connectionLeasesSuite } from "./ConnectionLeasesSuite.ts"
import { idempotencyKeysSuite } from "./IdempotencyKeysSuite.ts"
import { membersSuite } from "./MembersSuite.ts"
import { requestLogSuite } from "./RequestLogSuite.ts"

const stores = Layer.mergeAll(
  Accounts.layerMemory,
  Keys.layerMemory,
  Ledger.layerMemory,
  Members.layerMemory,
  ConnectionLeases.layerMemory,
  RequestLog.layerMemory
).pipe(Layer.provide(pepperLayer))

layer(stores)("Accounts (memory)", accountsSuite)
layer(stores)("ConnectionLeases (memory)", connectionLeasesSuite)
layer(stores)("Members (memory)", membersSuite)
layer(stores)("The single requests (memory)", requestLogSuite)

layer(Layer.merge(stores, IdempotencyKeys.layerMemory))("Names of requests (memory)", idempotencyKeysSuite)
