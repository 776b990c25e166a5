/** docs/stream.md is what others write clients by: what it says of messages is what the schemas say. `KALSHIBOOK_WRITE_DOCS=1` writes it. */
import fs from "node:fs"
import path from "node:path"
import { commands } from "@kalshibook/core/contract/stream/StreamCommands"
import { commandSections, messageSections, nameOf } from "@kalshibook/core/contract/stream/StreamDocument"
import { messageExamples } from "@kalshibook/core/contract/stream/StreamExamples"
import { messages } from "@kalshibook/core/contract/stream/StreamMessages"
import { Schema } from "effect"
import { assert, it } from "vitest"

const file = path.resolve(import.meta.dirname, "../../docs/stream.md")
const document = fs.readFileSync(file, "utf8")

const introduction = document.slice(0, document.indexOf("\n## Commands\n"))
const written = `${introduction}
## Commands

Each has an \`id\` of your choice, and is answered by one message with the same \`id\`, or by \`error\`. A frame is a command or an array of them.

${commandSections()}

## Messages

${messageSections()}
`

it("the document has every command and message, each with all its fields as the schemas have them", () => {
  if (process.env["KALSHIBOOK_WRITE_DOCS"] === "1") fs.writeFileSync(file, written)
  assert.strictEqual(fs.readFileSync(file, "utf8"), written)
  for (const schema of [...commands, ...messages]) assert.include(written, `\n### ${nameOf(schema)}\n`)
})

it("the examples are messages", () => {
  assert.deepStrictEqual(Object.keys(messageExamples).toSorted(), messages.map((one) => nameOf(one)).toSorted())
  for (const schema of messages) {
    Schema.decodeUnknownSync(schema as Schema.Decoder<unknown>, { onExcessProperty: "error" })(
      messageExamples[nameOf(schema)]
    )
  }
})
