/** Calls of `curl` in a text, read as a shell reads them. */

export interface Call {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
}

/** Each call of a text, lines that go on joined. */
export const callsIn = (text: string): ReadonlyArray<string> =>
  text
    .replaceAll(/\\\n\s*/g, "")
    .split("\n")
    .filter((line) => line.startsWith("curl "))

/** Words between spaces; in double quotes variables are replaced, in single ones nothing is. Dies of what a shell would not take so. */
const wordsOf = (line: string, variables: Readonly<Record<string, string>>): ReadonlyArray<string> => {
  const words: Array<string> = []
  const word = /\s*(?:"([^"]*)"|'([^']*)'|([\w./:=-]+))(?=\s|$)/y
  while (word.lastIndex < line.length) {
    const [whole, double, single, bare] = word.exec(line) ?? []
    if (whole === undefined) return []
    const expanded = double?.replaceAll(/\$(\w+)/g, (_, name: string) => variables[name] ?? "")
    words.push(expanded ?? single ?? bare ?? "")
  }
  return words
}

export const readWords = (line: string, variables: Readonly<Record<string, string>>): Call => {
  const [, ...words] = wordsOf(line, variables)
  const headers: Record<string, string> = {}
  let body: string | undefined
  let url = ""
  let method: string | undefined
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? ""
    if (word === "-H") {
      const [name = "", value = ""] = (words[++at] ?? "").split(": ", 2)
      headers[name] = value
    } else if (word === "-X") method = words[++at]
    else if (word === "-d") body = words[++at]
    else url = word
  }
  return { method: method ?? (body === undefined ? "GET" : "POST"), url, headers, body }
}
