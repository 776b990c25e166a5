import { layer } from "@effect/vitest"
import * as ApiTest from "./ApiTest.ts"
import { hostileSuite } from "./Hostile.ts"

layer(ApiTest.layer())("whatever is asked", hostileSuite(400))
