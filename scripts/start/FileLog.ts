/**
 * The log of a start, in a file of the data folder: the terminal shows only what its reader asked for. Bounded: when the file is
 * full it becomes `<name>.1`, in place of the one before.
 */
import fs from "node:fs"
import { type Layer, Logger } from "effect"

/** With its predecessor at most twice this; a calm day writes some kilobytes. */
const fileBytesMax = 16 * 1024 * 1024

/** `json`: one object a line, with all annotations. */
export type LogFormat = "logfmt" | "json"

const formats = { logfmt: Logger.formatLogFmt, json: Logger.formatJson } as const

/** All of Effect's logging goes to this file and nowhere else. */
export const layer = (file: string, format: LogFormat): Layer.Layer<never> => {
  let descriptor = fs.openSync(file, "a", 0o600)
  let bytes = fs.fstatSync(descriptor).size
  const write = (line: string): void => {
    if (bytes >= fileBytesMax) {
      fs.closeSync(descriptor)
      fs.renameSync(file, `${file}.1`)
      descriptor = fs.openSync(file, "a", 0o600)
      bytes = 0
    }
    bytes += fs.writeSync(descriptor, `${line}\n`)
  }
  return Logger.layer([Logger.map(formats[format], write)])
}
