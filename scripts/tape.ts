/** `npm run tape`: prints, filters and verifies tapes, also one that is being written. The format is in docs/tape-format.md. */
import { once } from "node:events"
import type { TapeEntry } from "@kalshibook/core/TapeEntry"
import { folderOf, type SegmentFile } from "@kalshibook/store/tape/TapeFolder"
import { kindBitsOf } from "@kalshibook/store/tape/TapeFormat"
import * as TapeLock from "@kalshibook/store/tape/TapeLock"
import * as TapeReader from "@kalshibook/store/tape/TapeReader"
import { Result } from "effect"
import * as TapeArguments from "./tape/TapeArguments.ts"
import * as TapePaths from "./tape/TapePaths.ts"
import * as TapeText from "./tape/TapeText.ts"

/** Lines are written together: one by one they cost more than reading. */
const outputBytes = 64 * 1024

/** Whoever reads us may have had enough (`| head`): that is no failure. */
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1))

const refuse = (problem: string): never => {
  process.stderr.write(`${problem}.\n`)
  process.exit(2)
}

let output = ""
const print = (line: string): void => {
  output += `${line}\n`
}
const flush = async (bytesMin: number): Promise<void> => {
  if (output.length < bytesMin) return
  const text = output
  output = ""
  if (!process.stdout.write(text)) await once(process.stdout, "drain")
}

const settings = Result.getOrElse(TapeArguments.parse(process.argv.slice(2)), (problem) =>
  refuse(`${problem}. See: npm run tape -- --help`)
)

const isWanted = ({ body, epoch }: TapeEntry): boolean => {
  if (settings.epoch !== undefined && epoch !== settings.epoch) return false
  if (settings.texts.length === 0) return true
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  return settings.texts.every((text) => bytes.includes(text))
}

/** The end of the last segment is torn also while somebody writes there. */
const isBeingWritten = async (segments: ReadonlyArray<SegmentFile>): Promise<boolean> => {
  const last = segments.at(-1)
  return last !== undefined && !last.isCompressed && (await TapeLock.isTaken(folderOf(last)))
}

const run = async (): Promise<void> => {
  const segments = await TapePaths.segmentsOf(settings.paths)
  const summary = TapeText.makeSummary()
  const isPrinting = !settings.isSummary && !settings.isVerifying
  const isTornAllowed = await isBeingWritten(segments)
  const readings = TapeReader.read(segments, {
    fromEntry: settings.fromEntry,
    toEntry: settings.toEntry,
    kindBits: kindBitsOf(settings.kinds),
    tapeId: undefined,
    isVerifying: settings.isVerifying
  })
  for await (const reading of readings) {
    if (reading._tag === "segment") {
      summary.tapes.add(reading.header.tape_id)
      summary.segments.add(reading.path)
    } else if (reading._tag === "finding") {
      const { finding } = reading
      if (finding.kind === "torn_tail" && isTornAllowed) continue
      summary.problems++
      if (finding.entriesMissing !== null)
        summary.entriesMissing += finding.entriesMissing.to - finding.entriesMissing.from + 1
      if (isPrinting) process.stderr.write(`${TapeText.findingLine(finding)}\n`)
      else if (!settings.isJson) print(TapeText.findingLine(finding))
    } else {
      for (const entry of reading.entries) {
        if (!isWanted(entry)) continue
        TapeText.count(summary, entry)
        if (!isPrinting) continue
        print(settings.isJson ? TapeText.jsonOf(entry) : TapeText.lineOf(entry))
        await flush(outputBytes)
      }
    }
    await flush(outputBytes)
  }
  if (settings.isSummary) {
    if (settings.isJson) print(TapeText.summaryJson(summary))
    else for (const line of TapeText.summaryLines(summary)) print(line)
  }
  if (settings.isVerifying) print(TapeText.verdictOf(summary))
  await flush(0)
  if (settings.isVerifying && summary.problems > 0) process.exitCode = 1
}

if (settings.isHelp) process.stdout.write(`${TapeArguments.usage}\n`)
else {
  await run().catch((cause: unknown) =>
    refuse(cause instanceof TapePaths.UnusablePath ? cause.message : `The tape cannot be read: ${String(cause)}`)
  )
}
