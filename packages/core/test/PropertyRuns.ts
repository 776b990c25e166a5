/**
 * How many random cases a property is tried with: few enough for every `npm test`, more by `KALSHIBOOK_PROPERTY_FACTOR`.
 * Gotcha: arrays of fast-check have ten entries at most, whatever their `maxLength`, unless it is told to mean it.
 */
import fc from "fast-check"

fc.configureGlobal({ ...fc.readConfigureGlobal(), defaultSizeToMaxWhenMaxSpecified: true })

const factor = Math.max(1, Math.floor(Number(process.env["KALSHIBOOK_PROPERTY_FACTOR"] ?? "1")) || 1)

/** Options of `fc.assert`: `runs` cases, times the factor of the environment. */
export const propertyRuns = (runs: number): { readonly numRuns: number } => ({ numRuns: runs * factor })
