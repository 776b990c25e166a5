/** All that the API needs to give files away: what is sealed, downloads with the work on them, and the signed URLs of a folder. */
import { Layer } from "effect"
import { Segments } from "../cold/Segments.ts"
import { ObjectStore } from "../objects/ObjectStore.ts"
import { SignedObjects } from "../objects/SignedObjects.ts"
import { Datasets } from "./Datasets.ts"
import { Downloads } from "./Downloads.ts"
import { IdempotencyKeys } from "./IdempotencyKeys.ts"

/** From the environment, over a database and a catalogue. */
export const layer = Layer.mergeAll(
  Datasets.layerNoDeps,
  Downloads.layerWorking,
  IdempotencyKeys.layerNoDeps,
  SignedObjects.layer
).pipe(Layer.provide(Layer.merge(ObjectStore.layer, Segments.layerNoDeps)))

/** Where nothing is sealed, and nothing can be: for tests of everything else. */
export const layerNone = Layer.mergeAll(
  Datasets.layerNone,
  Downloads.layerNone,
  IdempotencyKeys.layerMemory,
  SignedObjects.layerNone
)
