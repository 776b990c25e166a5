import { assert, describe, it } from "@effect/vitest"
import { llmsFullText, llmsText } from "@kalshibook/core/contract/LlmsText"
import { operationsOf } from "@kalshibook/core/contract/OpenApiAccess"
import {
  operations as allOperations,
  document,
  operationsOfKeys as operations
} from "@kalshibook/core/contract/OperationTable"
import { problems } from "@kalshibook/core/contract/Problems"

const short = llmsText()
const full = llmsFullText()

/** The part of a text under a heading, without the heading. */
const under = (text: string, heading: string): string => {
  const level = heading.indexOf(" ")
  const [, after = ""] = text.split(`\n${heading}\n`)
  return after.split(new RegExp(`\n#{1,${level}} `))[0] ?? ""
}

describe("/llms.txt", () => {
  it("has the form of llmstxt.org: a title, one sentence, words, and lists of links under headings", () => {
    const lines = short.split("\n")
    assert.strictEqual(lines[0], "# KalshiBook")
    assert.match(lines[2] ?? "", /^> \S.*\.$/)
    assert.lengthOf(
      lines.filter((line) => line.startsWith("# ")),
      1
    )
    for (const heading of ["## Docs", "## Optional"]) {
      const links = under(short, heading)
        .split("\n")
        .filter((line) => line !== "")
      assert.isAbove(links.length, 1)
      for (const link of links) assert.match(link, /^- \[[^\]]+\]\(\/[^)]+\): \S/)
    }
  })

  it("names every operation for keys with its price, and fits into a glance of a model", () => {
    for (const { method, path, summary } of operations) assert.include(short, `- ${method} \`${path}\`: ${summary} (`)
    assert.isBelow(short.length, 12_000)
  })
})

describe("/llms-full.txt", () => {
  it("has every operation for keys with its parameters, its answer, an example and a call", () => {
    const ids = Object.values(document.paths).flatMap(operationsOf)
    assert.sameMembers(
      allOperations.map(({ id }) => id),
      ids.map(({ operationId }) => operationId)
    )
    for (const { example, method, parameters, path } of operations) {
      const text = under(full, `### ${method} ${path}`)
      for (const { name } of parameters) assert.include(text, `- \`${name}\` (`, path)
      assert.include(text, "\ncurl ", path)
      assert.include(text, "Answer: ", path)
      if (example !== undefined) assert.include(text, JSON.stringify(example), path)
    }
  })

  it("says what every field of every object and every code of an error means", () => {
    for (const { answer } of operations) {
      const name = String(answer?.["$ref"] ?? "")
        .split("/")
        .at(-1)
      if (name === undefined || name === "") continue
      const text = under(full, `### ${name}`)
      assert.notStrictEqual(text, "", name)
      const { properties = {} } = document.components.schemas[name] as { properties?: object }
      for (const field of Object.keys(properties)) {
        if (["usage", "request_id", "response_time"].includes(field)) continue
        assert.include(text, `- \`${field}\` (`, name)
      }
    }
    const fields = under(full, "## Answers").matchAll(/^ *- `\w+` \((?:list of )?`([A-Z]\w+)`[,) ]/gm)
    const referred = new Set(
      [...fields].flatMap(([, name = ""]) => (name in document.components.schemas ? [name] : []))
    )
    assert.isAbove(referred.size, 20)
    for (const name of referred) assert.include(full, `\n### ${name}\n`)
    for (const [code, { meaning }] of Object.entries(problems)) {
      assert.include(under(full, "## Errors"), `- \`${code}\` (`)
      assert.include(full, meaning)
    }
  })
})
