/**
 * Where the pepper comes from: `KALSHIBOOK_KEY_PEPPER`, else a file in the data folder that only its owner reads, made once by chance.
 *
 * adapter: Node's files
 */
import { randomBytes } from "node:crypto"
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import * as Environment from "@kalshibook/core/settings/Environment"
import { type Config, Data, Effect, Layer, Option, Redacted } from "effect"
import { Pepper } from "./KeyHash.ts"

/** There is no usable pepper. The message is for the one who started us. */
export class PepperError extends Data.TaggedError("PepperError")<{ readonly message: string }> {}

const pepperBytes = 32
const pepperCharsMin = 32

/** Of the environment. Nodes that share a database need the same one, or they refuse each other's keys. */
export const layer: Layer.Layer<Pepper, PepperError | Config.ConfigError> = Layer.effect(
  Pepper,
  Effect.gen(function* () {
    const given = yield* Environment.config("KALSHIBOOK_KEY_PEPPER")
    const folder = yield* Environment.config("KALSHIBOOK_DATA_DIR")
    return Option.isSome(given) ? given.value : yield* kept(folder)
  })
)

/** The pepper in a folder's file `key-pepper`. Whoever comes second reads what the first has made. */
const kept = (folder: string): Effect.Effect<Redacted.Redacted, PepperError> =>
  Effect.tryPromise({
    try: async () => {
      const file = join(folder, "key-pepper")
      await mkdir(folder, { recursive: true, mode: 0o700 })
      await writeFile(file, randomBytes(pepperBytes).toString("base64url"), { flag: "wx", mode: 0o600 }).catch(
        (error: NodeJS.ErrnoException) => {
          if (error.code !== "EEXIST") throw error
        }
      )
      await chmod(file, 0o600)
      const text = (await readFile(file, "utf8")).trim()
      if (text.length < pepperCharsMin) throw new Error(`${file} is cut`)
      return Redacted.make(text)
    },
    catch: (cause) =>
      new PepperError({ message: `The pepper of the keys in ${folder} cannot be used: ${String(cause)}` })
  })
