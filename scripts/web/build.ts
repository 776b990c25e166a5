/** `npm run build -w packages/web`: the site as files for any static host, packed beside each for servers that hand them out as they are. */
import fs from "node:fs"
import path from "node:path"
import { brotliCompressSync, constants, gzipSync } from "node:zlib"
import { build } from "vite"
import { pagePaths } from "../../packages/web/src/app/PagePaths.ts"
import { buildFolder, digest, packageFolder, siteFolder, stampName } from "./WebBuild.ts"

/** Below, packing saves no packet. */
const packedBytesMin = 1_024
const brotliQuality = 9

process.env["NODE_ENV"] = "production"
// Where no other program looks for sources meanwhile.
const aside = path.join(buildFolder, String(process.pid))
const stamp = digest()
process.once("exit", () => fs.rmSync(aside, { recursive: true, force: true }))
await build({
  root: packageFolder,
  configFile: path.join(packageFolder, "vite.config.ts"),
  logLevel: "warn",
  build: { outDir: aside }
})

for (const name of fs.readdirSync(aside, { recursive: true, encoding: "utf8" })) {
  const file = path.join(aside, name)
  if (!/\.(js|css|html|svg|txt)$/.test(name) || fs.statSync(file).size < packedBytesMin) continue
  const bytes = fs.readFileSync(file)
  const params = { [constants.BROTLI_PARAM_QUALITY]: brotliQuality }
  fs.writeFileSync(`${file}.br`, brotliCompressSync(bytes, { params }))
  fs.writeFileSync(`${file}.gz`, gzipSync(bytes, { level: 9 }))
}
fs.writeFileSync(
  path.join(aside, "pages.json"),
  JSON.stringify(Object.values(pagePaths).map((page) => page.replaceAll("$", ":")))
)
fs.writeFileSync(path.join(aside, stampName), stamp)
const before = `${aside}-before`
if (fs.existsSync(siteFolder)) fs.renameSync(siteFolder, before)
fs.renameSync(aside, siteFolder)
fs.rmSync(before, { recursive: true, force: true })
