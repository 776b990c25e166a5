/** What a start shows: few calm lines, each with a word in front that says what it is about. */

import path from "node:path"

const wordColumns = 10

/** A path as its reader would type it: relative where it lies below the current folder. */
export const shown = (file: string): string => {
  const relative = path.relative("", file)
  return relative.startsWith("..") ? file : relative
}

export const line = (text = ""): void => {
  process.stdout.write(`${text}\n`)
}

/** `  database   embedded Postgres in .kalshibook` */
export const fact = (word: string, text: string): void => line(`  ${word.padEnd(wordColumns)} ${text}`)

/** Something that went wrong or changed while running, with the time of day (UTC) in front. */
export const news = (text: string): void => line(`  ${new Date().toISOString().slice(11, 19)}   ${text}`)

/** A mail of the embedded auth server: its subject, then what it leads to, whole, to be clicked. */
export const mail = ([subject = "", ...lines]: ReadonlyArray<string>): void => {
  news(subject)
  for (const text of lines) line(`             ${text}`)
}

export const problem = (text: string): void => {
  process.stderr.write(`${text}\n`)
}
