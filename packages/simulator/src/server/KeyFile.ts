// adapter: node:fs, which reports its errors by throwing
/** The owner's private key in the data folder, so that clients keep working when the simulator starts again. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { Result } from "effect"
import * as AccessKeys from "./AccessKeys.ts"

export interface KeyFile {
  readonly path: string
  readonly key: AccessKeys.OwnKey
}

const fileName = "simulator-private-key.pem"
/** Only its owner may read it. */
const fileMode = 0o600

/** Reads the key of the data folder, or makes it; fails with the problem, for people. */
export const open = (dataDir: string): Result.Result<KeyFile, string> => {
  const path = join(dataDir, fileName)
  const known = Result.try(() => readFileSync(path, "utf8"))
  if (Result.isSuccess(known)) {
    return Result.match(AccessKeys.fromPrivatePem(known.success), {
      onFailure: (problem) => Result.fail(`${path}: ${problem}; remove it to get a new one`),
      onSuccess: (key) => Result.succeed({ path, key })
    })
  }
  const key = AccessKeys.generate()
  const written = Result.try(() => {
    mkdirSync(dataDir, { recursive: true })
    writeFileSync(path, key.privateKeyPem, { mode: fileMode })
  })
  return Result.isFailure(written) ? Result.fail(`${path} cannot be written`) : Result.succeed({ path, key })
}
