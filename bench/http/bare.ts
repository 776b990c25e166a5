/** A bare server of `node:http` that answers everything with the JSON of its first line of input. Says its port. */
import { createServer } from "node:http"
import { createInterface } from "node:readline"

const [line = "{}"] = await new Promise<Array<string>>((resolve) =>
  createInterface(process.stdin).once("line", (first) => resolve([first]))
)
const answer: unknown = JSON.parse(line)
const server = createServer((_, response) => {
  const body = JSON.stringify(answer)
  response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(body) })
  response.end(body)
})
server.listen(0, "127.0.0.1", () => {
  const address = server.address()
  process.stdout.write(`${JSON.stringify({ port: typeof address === "object" ? address?.port : 0 })}\n`)
})
process.stdin.once("end", () => process.exit(0)).resume()
