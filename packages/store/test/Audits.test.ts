import { layer } from "@effect/vitest"
import { Audits } from "@kalshibook/store/Audits"
import { auditsSuite } from "./AuditsSuite.ts"

layer(Audits.layerMemory)("Audits (memory)", auditsSuite)
