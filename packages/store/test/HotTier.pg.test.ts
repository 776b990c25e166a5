import { HotTier } from "@kalshibook/store/HotTier"
import { Layer } from "effect"
import { hotTierSuite } from "./HotTierSuite.ts"
import * as PgTest from "./PgTest.ts"

hotTierSuite("Postgres", HotTier.layerNoDeps.pipe(Layer.provide(PgTest.layer)), 25)
