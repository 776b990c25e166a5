/**
 * Readers in a process of their own: plain sockets that count what comes, and look at the time of the oldest record in each frame.
 * `node readers.ts PORT PATH COUNT`; prints `ready`, and for each line on its input one line of JSON with what came since.
 */
import { connect } from "node:net"
import { createInterface } from "node:readline"

const [port = "0", path = "/", count = "0"] = process.argv.slice(2)

let bytes = 0
let open = 0
let lags: Array<number> = []
const mark = Buffer.from('"ts_received":"')

const microsNow = (): number => (performance.timeOrigin + performance.now()) * 1_000
const microsOf = (iso: string): number => Date.parse(`${iso.slice(0, 23)}Z`) * 1_000 + Number(iso.slice(23, 26))

const request = [
  `GET ${path} HTTP/1.1`,
  "Host: bench",
  "Upgrade: websocket",
  "Connection: Upgrade",
  "Sec-WebSocket-Version: 13",
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
  "",
  ""
].join("\r\n")

for (let index = 0; index < Number(count); index++) {
  const socket = connect(Number(port), "127.0.0.1", () => socket.write(request))
  let isOpen = false
  socket.on("data", (chunk) => {
    if (!isOpen) {
      isOpen = true
      if (++open === Number(count)) process.stdout.write("ready\n")
      return
    }
    bytes += chunk.length
    const at = chunk.indexOf(mark)
    if (at >= 0) lags.push(microsNow() - microsOf(chunk.toString("latin1", at + mark.length, at + mark.length + 27)))
  })
}

createInterface(process.stdin).on("line", () => {
  lags.sort((left, right) => left - right)
  const quantile = (share: number) => lags[Math.min(lags.length - 1, Math.floor(lags.length * share))] ?? 0
  process.stdout.write(`${JSON.stringify({ bytes, frames: lags.length, p50: quantile(0.5), p99: quantile(0.99) })}\n`)
  bytes = 0
  lags = []
})
process.stdin.on("end", () => process.exit(0))
