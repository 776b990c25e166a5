/** What a frame looks like that was damaged on its way, or that a newer exchange has made. */
import * as Prng from "../exchange/Prng.ts"

/**
 * - `truncate`: cut in its body; sid and seq stay readable
 * - `field`: nonsense for the first value of its body; sid and seq stay readable
 * - `envelope`: sid and seq cannot be read
 * - `noise`: random bytes in place of the frame, which are no UTF-8 and no JSON
 */
export const corruptions = ["truncate", "field", "envelope", "noise"] as const
export type Corruption = (typeof corruptions)[number]

const noiseBytesMax = 300

export const corrupted = (prng: Prng.Prng, text: string, how: Corruption): string | Uint8Array => {
  const body = text.indexOf('"msg":') + '"msg":'.length
  switch (how) {
    case "truncate":
      return `${text.slice(0, body + Math.floor((text.length - body) / 2))}\n`
    case "field": {
      const valueStart = text.indexOf(":", body) + 1
      const valueEnd = text.slice(valueStart).search(/[,}]/) + valueStart
      return `${text.slice(0, valueStart)}{"?":0}${text.slice(valueEnd)}`
    }
    case "envelope":
      return text.replace(/"sid":\d+/, '"sid":?').replace(/"seq":\d+/, '"seq":?')
    case "noise": {
      // 0xff is in no UTF-8 text, whatever follows.
      const bytes = Uint8Array.from({ length: Prng.between(prng, 1, noiseBytesMax) }, () => Prng.below(prng, 256))
      bytes[0] = 0xff
      return bytes
    }
  }
}

/** The frame with fields that no client knows, in its envelope and, where it has one, in its body. */
export const withExtraFields = (text: string): string =>
  text.replace(/"msg":\{(?=")/, '"msg":{"zz_added":{"in":["2027"]},').replace(/\}\n$/, ',"zz_shard":3}\n')
