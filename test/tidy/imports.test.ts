/** Who may import whom: the house of DESIGN.md, as a rule over every import. */
import path from "node:path"
import { assert, it } from "vitest"
import { importsOf } from "./Code.ts"
import { packageOf, programs, read, sources } from "./Repository.ts"

/** Packages of the house that the source of each package may import; `core` may use nothing but `effect` besides. */
const mayImport: Record<string, ReadonlyArray<RegExp>> = {
  core: [],
  store: [/^core\//],
  collector: [/^core\//, /^store\//],
  archiver: [/^core\//, /^store\//],
  api: [/^core\//, /^store\//, /^auth\//],
  auth: [/^core\//, /^store\//],
  simulator: [/^core\//],
  "stripe-stand-in": [],
  web: [/^core\/contract\//, /^core\/Units$/]
}

const imports = (files: ReadonlyArray<string>) =>
  files.flatMap((file) => importsOf(read(file)).map((module) => ({ file, module })))

const show = (found: ReadonlyArray<{ file: string; module: string }>) =>
  found.map(({ file, module }) => `${file}: ${module}`)

it("every package has its place in the house", () => {
  const unknown = [...new Set(sources.map(packageOf))].filter((name) => mayImport[name] === undefined)
  assert.deepStrictEqual(unknown, [])
})

it("a package imports only the packages below it", () => {
  const wrong = imports(sources).filter(({ file, module }) => {
    const inner = /^@kalshibook\/(.*)/.exec(module)?.[1]
    return inner !== undefined && !mayImport[packageOf(file)]?.some((allowed) => allowed.test(inner))
  })
  assert.deepStrictEqual(show(wrong), [])
})

it("web takes nothing but types from the contract, so that none of it reaches a browser", () => {
  const wrong = sources
    .filter((file) => packageOf(file) === "web")
    .flatMap((file) =>
      [...read(file).matchAll(/^(?:import|export)\s+(?!type\b)[^"']*["']((?:@kalshibook\/|effect)[^"']*)["']/gm)].map(
        ([, module = ""]) => ({ file, module })
      )
    )
  assert.deepStrictEqual(show(wrong), [])
})

it("core imports effect alone", () => {
  const wrong = imports(sources.filter((file) => packageOf(file) === "core")).filter(
    ({ module }) => !/^(\.|effect$|effect\/)/.test(module)
  )
  assert.deepStrictEqual(show(wrong), [])
})

it("sources import other packages by name, never by path", () => {
  const wrong = imports(sources).filter(
    ({ file, module }) =>
      module.startsWith(".") && packageOf(path.posix.join(path.posix.dirname(file), module)) !== packageOf(file)
  )
  assert.deepStrictEqual(show(wrong), [])
})

it("relative imports name the file with its extension", () => {
  const wrong = imports(programs).filter(
    ({ module }) => module.startsWith(".") && !/\.(ts|tsx|mjs|css|json|svg|sql)(\?\w+)?$/.test(module)
  )
  assert.deepStrictEqual(show(wrong), [])
})

it("programs that serve or record set the engine before they load anything else", () => {
  const found = [
    "packages/api/src/main.ts",
    "packages/archiver/src/main.ts",
    "packages/collector/src/main.ts",
    "scripts/start.ts"
  ]
  const first = found.map((file) => [file, imports([file])[0]?.module])
  assert.deepStrictEqual(
    first,
    found.map((file) => [file, "@kalshibook/store/ProgramEngine"])
  )
})

it("no source imports a test", () => {
  const wrong = imports(sources).filter(({ module }) => /(^|\/)test\//.test(module))
  assert.deepStrictEqual(show(wrong), [])
})
