import { mkdtemp, readdir, rename, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as TapeFolder from "@kalshibook/store/tape/TapeFolder"
import { assert, describe, it } from "vitest"

describe("TapeFolder", () => {
  it("lists a segment also when it is compressed between the look into the folder and the look at the file", async () => {
    const folder = await mkdtemp(join(tmpdir(), "kalshibook-test-"))
    try {
      const paths = [1, 2, 3].map((segment) => TapeFolder.pathOf(folder, segment, 1_795_219_200_000_000))
      for (const path of paths) await writeFile(path, "")
      const names = await readdir(folder)
      const [, second = ""] = paths
      await rename(second, second + TapeFolder.compressedSuffix)
      const found = await TapeFolder.listOf(folder, names)
      assert.deepStrictEqual(
        found.map(({ isCompressed, segment }) => ({ isCompressed, segment })),
        [
          { isCompressed: false, segment: 1 },
          { isCompressed: true, segment: 2 },
          { isCompressed: false, segment: 3 }
        ]
      )
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})
