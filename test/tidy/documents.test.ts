/** Links in the documents lead somewhere. */
import path from "node:path"
import { assert, it } from "vitest"
import { exists, files, read } from "./Repository.ts"

const documents = files.filter((file) => file.endsWith(".md"))

const withoutCode = (text: string): string => text.replace(/^(```|~~~)[\s\S]*?^\1/gm, "").replace(/`[^`\n]*`/g, "")

/** The anchors of a document's headings, as GitHub derives them. */
const anchorsOf = (text: string): ReadonlySet<string> => {
  const seen = new Map<string, number>()
  const anchors = new Set<string>()
  for (const [, heading = ""] of text.replace(/^(```|~~~)[\s\S]*?^\1/gm, "").matchAll(/^#{1,6}\s+(.+?)\s*#*$/gm)) {
    const words = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").toLowerCase()
    const slug = words.replace(/[^\p{L}\p{N}\s_-]/gu, "").replace(/\s/g, "-")
    const count = seen.get(slug) ?? 0
    seen.set(slug, count + 1)
    anchors.add(count === 0 ? slug : `${slug}-${count}`)
  }
  return anchors
}

const linksOf = (text: string): ReadonlyArray<string> =>
  [...withoutCode(text).matchAll(/\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)|^\[[^\]]+\]:\s*(\S+)/gm)].map(
    ([, inline, reference]) => inline ?? reference ?? ""
  )

it("every relative link and anchor of the documents exists", () => {
  const dead = documents.flatMap((document) =>
    linksOf(read(document)).flatMap((link) => {
      if (/^[a-z][a-z0-9+.-]*:/i.test(link)) return []
      const [file = "", anchor] = link.split("#")
      const target = file === "" ? document : path.posix.join(path.posix.dirname(document), decodeURI(file))
      const isAlive =
        exists(target) && (anchor === undefined || !target.endsWith(".md") || anchorsOf(read(target)).has(anchor))
      return isAlive ? [] : [`${document}: ${link}`]
    })
  )
  assert.deepStrictEqual(dead, [])
})
