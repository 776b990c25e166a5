/**
 * One NumPy array as an `npz` file: a ZIP archive (APPNOTE 6.3.10) with one deflated entry `<key>.npy`, as `numpy.savez_compressed`
 * writes it. The same array gives the same bytes: the archive carries no time.
 *
 * adapter: Node's zlib
 */
import { crc32, deflateRaw } from "node:zlib"
import { Data, Effect } from "effect"

/** Without the extension for larger archives, which not every reader knows. */
const arrayBytesMax = 2 ** 32 - 2 ** 20

/** The array is larger than an archive of this kind can hold. */
export class ArrayTooLarge extends Data.TaggedError("ArrayTooLarge")<{ readonly bytes: number }> {}

const signatureLocal = 0x04034b50
const signatureCentral = 0x02014b50
const signatureEnd = 0x06054b50
const version = 20
const methodDeflate = 8
/** 1980-01-01, the first day that the format knows. */
const dosDate = 0x21

const deflated = (bytes: Uint8Array): Effect.Effect<Uint8Array> =>
  Effect.callback((resume) => {
    deflateRaw(bytes, { level: 6 }, (error, result) =>
      resume(error === null ? Effect.succeed(new Uint8Array(result)) : Effect.die(error))
    )
  })

/** The pieces of the file. `npy` is the header and the rows. */
export const pieces = Effect.fnUntraced(function* (key: string, npy: ReadonlyArray<Uint8Array>) {
  const bytes = npy.reduce((sum, piece) => sum + piece.length, 0)
  if (bytes > arrayBytesMax) return yield* new ArrayTooLarge({ bytes })
  const name = new TextEncoder().encode(`${key}.npy`)
  const whole = Buffer.concat(npy)
  const body = yield* deflated(whole)
  const facts = factsOf(crc32(whole), body.length, bytes, name.length)
  const local = record(signatureLocal, [], facts, 2)
  const central = record(signatureCentral, [version], facts, 16)
  const centralOffset = local.length + name.length + body.length
  const end = new DataView(new ArrayBuffer(22))
  end.setUint32(0, signatureEnd, true)
  end.setUint16(8, 1, true)
  end.setUint16(10, 1, true)
  end.setUint32(12, central.length + name.length, true)
  end.setUint32(16, centralOffset, true)
  return [local, name, body, central, name, new Uint8Array(end.buffer)]
})

/** What both headers of the entry say: as words of two bytes. */
const factsOf = (crc: number, deflatedBytes: number, bytes: number, nameBytes: number): ReadonlyArray<number> => [
  version,
  0,
  methodDeflate,
  0,
  dosDate,
  ...[crc, deflatedBytes, bytes].flatMap((long) => [long & 0xffff, long >>> 16]),
  nameBytes
]

/** A header: its signature, words, and zeros behind them up to the name. */
const record = (
  signature: number,
  before: ReadonlyArray<number>,
  facts: ReadonlyArray<number>,
  zeroBytes: number
): Uint8Array => {
  const words = [...before, ...facts]
  const bytes = new Uint8Array(4 + words.length * 2 + zeroBytes)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, signature, true)
  for (const [index, word] of words.entries()) view.setUint16(4 + index * 2, word, true)
  return bytes
}
