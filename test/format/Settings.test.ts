/** docs/settings.md has every variable that any program reads, and none that no program reads. */
import fs from "node:fs"
import path from "node:path"
import * as Environment from "@kalshibook/core/settings/Environment"
import * as SettingsDocument from "@kalshibook/core/settings/SettingsDocument"
import { assert, it } from "vitest"
import { files, read } from "../tidy/Repository.ts"

/** Where names are only told of: the table itself, and tests of names that are none. */
const tables = /^packages\/core\/(src|test)\/settings\/|^test\/format\/Settings\.test\.ts$/
const code = files.filter((file) => /\.(ts|tsx|mjs|py)$|(^|\/)Dockerfile$|\.sh$/.test(file) && !tables.test(file))

/** What begins like a setting. */
const settingName = /\b(?:(?:KALSHIBOOK|KALSHI|SUPABASE|STRIPE|OTEL)_[A-Z0-9_]*[A-Z0-9]|DATABASE_URL)\b/g
const processName = /\bprocess\.env(?:\.([A-Z_]\w*)|\["([^"]+)"\])/g

/** The system's and the tools' own, which nobody sets for us. */
const foreign = new Set(["PATH", "HOME", "TMPDIR", "NODE_ENV", "INIT_CWD", "XDG_CACHE_HOME"])

const namesOf = (file: string): ReadonlyArray<string> => [
  ...(read(file).match(settingName) ?? []),
  ...[...read(file).matchAll(processName)].map(([, dotted, quoted]) => dotted ?? quoted ?? "")
]

const used = new Map<string, string>()
for (const file of code) for (const name of namesOf(file)) if (!used.has(name)) used.set(name, file)

it("docs/settings.md is the table of the code: `npm run docs` writes it", () => {
  const written = fs.readFileSync(path.resolve(import.meta.dirname, "../../docs/settings.md"), "utf8")
  assert.strictEqual(written, SettingsDocument.markdown())
  for (const name of Object.keys(Environment.settings)) assert.include(written, `| \`${name}\` |`)
})

it("every variable that a source names has its row", () => {
  const missing = [...used].filter(([name]) => !(name in Environment.settings) && !foreign.has(name))
  assert.deepStrictEqual(missing, [])
})

it("every row is of a variable that something reads", () => {
  assert.deepStrictEqual(
    Object.keys(Environment.settings).filter((name) => !used.has(name)),
    []
  )
})

it("settings are read through the table alone, by the rules that are checked at the start", () => {
  const past = code.filter(
    (file) => /^packages\/[^/]+\/src\//.test(file) && /\bConfig\.(?:[A-Z]\w*)\(\s*["'`]/.test(read(file))
  )
  assert.deepStrictEqual(past, [])
})
