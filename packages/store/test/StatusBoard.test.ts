import { layer } from "@effect/vitest"
import { StatusBoard } from "@kalshibook/store/StatusBoard"
import { statusBoardSuite } from "./StatusBoardSuite.ts"

layer(StatusBoard.layerMemory)("StatusBoard (memory)", statusBoardSuite)
