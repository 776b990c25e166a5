/** The image and the services are of what there is: no Docker here, so every path, name and command of theirs is held to this repository. */
import { spawn, spawnSync } from "node:child_process"
import fs from "node:fs"
import os from "node:os"
import path from "node:path"
import * as Environment from "@kalshibook/core/settings/Environment"
import { assert, it, onTestFinished } from "vitest"

const root = path.resolve(import.meta.dirname, "../..")
const read = (file: string): string => fs.readFileSync(path.join(root, file), "utf8")
const exists = (file: string): boolean => fs.existsSync(path.join(root, file))

/** Instruction and the rest of each line; lines that go on are one. */
const instructions = read("Dockerfile")
  .replaceAll("\\\n", " ")
  .split("\n")
  .flatMap((line) => {
    const [, name, rest] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? []
    return name === undefined || rest === undefined ? [] : [{ name, rest: rest.trim() }]
  })
const all = (name: string): ReadonlyArray<string> =>
  instructions.filter((one) => one.name === name).map(({ rest }) => rest)

/** Folder and program of each service; a recorder is collector and archiver on one disk. */
const services = [
  ["api", "api"],
  ["collector", "recorder"]
] as const
const programs = ["collector", "archiver", "api", "simulator"]

it("the image has the Node of package.json, and every workspace's manifest before anything is installed", () => {
  const { dependencies } = JSON.parse(read("package.json"))
  const stages = all("FROM").map((from) => from.replace(/ AS \w+$/, ""))
  assert.deepStrictEqual([...new Set(stages)].sort(), ["manifests", `node:${dependencies.node}-bookworm-slim`])
  for (const name of fs.readdirSync(path.join(root, "packages"))) {
    assert.include(all("COPY"), `packages/${name}/package.json packages/${name}/`)
  }
})

it("what is copied is there, and not kept away", () => {
  const allowed = read(".dockerignore")
    .split("\n")
    .flatMap((line) => (line.startsWith("!") ? [line.slice(1)] : []))
  for (const copy of all("COPY").filter((one) => !one.startsWith("--from"))) {
    for (const source of copy.split(/\s+/).slice(0, -1)) {
      assert.isTrue(exists(source), source)
      assert.include(allowed, source.split("/")[0])
    }
  }
  for (const run of all("RUN").filter((one) => one.startsWith("npm ci"))) {
    for (const [, workspace = ""] of run.matchAll(/--workspace (\S+)/g))
      assert.isTrue(exists(`${workspace}/package.json`))
  }
})

it("its environment is made of settings, all of them right, and it is not root's", () => {
  const pairs = all("ENV").flatMap((line) => line.split(/\s+/).map((pair) => pair.split("=") as [string, string]))
  const variables = Object.fromEntries(pairs)
  assert.deepStrictEqual(
    Object.keys(variables).filter((name) => !(name in Environment.settings)),
    ["NODE_ENV", "HOME"]
  )
  for (const program of ["api", "archiver", "simulator"] as const) {
    assert.deepStrictEqual(Environment.check(program, variables), { problems: [], warnings: [] })
  }
  assert.strictEqual(variables["KALSHIBOOK_API_PORT"], variables["KALSHIBOOK_METRICS_PORT"])
  assert.include(all("EXPOSE").join(), `${variables["KALSHIBOOK_API_PORT"]} 4710`)
  assert.deepStrictEqual(all("USER"), ["node"])
})

it("it runs one program, in the place of the shell, and nothing else", () => {
  const script = read("deploy/run.sh")
  assert.isAbove(fs.statSync(path.join(root, "deploy/run.sh")).mode & 0o100, 0)
  assert.include(script, `${programs.join(" | ")}) set -- node`)
  assert.include(script, "recorder) set -- node")
  for (const program of programs) assert.isTrue(exists(`packages/${program}/src/main.ts`))
  assert.deepStrictEqual(all("ENTRYPOINT"), ['["/app/deploy/run.sh"]'])
  assert.isTrue(exists("deploy/health.mjs"))
  for (const args of [[], ["sh"], ["../../evil"]]) {
    assert.strictEqual(spawnSync("sh", [path.join(root, "deploy/run.sh"), ...args]).status, 64)
  }
})

it("every service begins its program of the image, and what it watches is there", () => {
  for (const [folder, program] of services) {
    const { build, deploy } = JSON.parse(read(`packages/${folder}/railway.json`))
    assert.strictEqual(build.dockerfilePath, "Dockerfile")
    assert.strictEqual(deploy.startCommand, `/app/deploy/run.sh ${program}`)
    assert.strictEqual(deploy.healthcheckPath, "/healthz")
    for (const pattern of build.watchPatterns) assert.isTrue(exists(pattern.replace(/\/\*\*$/, "")), pattern)
  }
})

it("programs that run together stop together, by a signal or when one of them ends", async () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "kalshibook-together-"))
  onTestFinished(() => fs.rmSync(folder, { recursive: true }))
  const program = (name: string, text: string): string => {
    const file = path.join(folder, `${name}.mjs`)
    fs.writeFileSync(file, text)
    return file
  }
  const told =
    'process.on("SIGTERM", () => { console.log("told", process.env.KALSHIBOOK_METRICS_PORT); process.exit(0) })'
  const runs = JSON.stringify(path.join(folder, "runs"))
  const waits = program(
    "waits",
    `import fs from "node:fs"; ${told}; setInterval(() => {}, 1000); fs.writeFileSync(${runs}, ""); console.log("runs")`
  )
  // As soon as the other can be told.
  const ends = program(
    "ends",
    `import fs from "node:fs"; setInterval(() => fs.existsSync(${runs}) && process.exit(3), 20)`
  )
  const run = (programs: ReadonlyArray<string>, onOutput: (text: string, stop: () => void) => void) =>
    new Promise<{ readonly code: number | null; readonly output: string }>((resolve) => {
      const env = { ...process.env, KALSHIBOOK_METRICS_PORT: "4000" }
      const child = spawn(process.execPath, [path.join(root, "deploy/together.mjs"), ...programs], { env })
      let output = ""
      child.stdout.on("data", (chunk: Buffer) => {
        output += chunk.toString()
        onOutput(output, () => child.kill("SIGTERM"))
      })
      child.once("close", (code) => resolve({ code, output }))
    })
  const one = await run([waits, ends], () => {})
  assert.strictEqual(one.code, 3)
  assert.include(one.output, "told 4000")
  const both = await run([waits, waits], (output, stop) => output.split("runs").length === 3 && stop())
  assert.strictEqual(both.code, 0)
  for (const port of [4000, 4001]) assert.include(both.output, `told ${port}`)
})
