/**
 * A program's text with its comments, or its comments and strings, blanked out, so that rules about code do not trip over prose.
 * Lines and columns stay where they were. A scanner, not a parser: it knows comments, strings, templates and regular expressions.
 */

/** What a `/` begins a regular expression after; after anything else it divides. */
const beforeRegExp = /(?:^|[([{,;:=!&|?+*%~^<>-]|\b(?:return|typeof|case|in|of|yield))\s*$/

const token = new RegExp(
  [
    String.raw`(?<comment>\/\/[^\n]*|\/\*[\s\S]*?\*\/)`,
    String.raw`(?<text>"(?:[^"\\\n]|\\[\s\S])*"|'(?:[^'\\\n]|\\[\s\S])*')`,
    String.raw`(?<quote>\`)`,
    String.raw`(?<regexp>\/(?:[^/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*)`
  ].join("|"),
  "y"
)

const blank = (text: string): string => text.replace(/[^\n]/g, " ")

/** The index behind a template that begins at `start`. Expressions inside it count as part of it. */
const templateEnd = (code: string, start: number): number => {
  let depth = 0
  for (let index = start + 1; index < code.length; index++) {
    const char = code[index]
    if (char === "\\") index++
    else if (char === "$" && code[index + 1] === "{") depth++
    else if (char === "}" && depth > 0) depth--
    else if (char === "`" && depth === 0) return index + 1
    else if (char === "`") index = templateEnd(code, index) - 1
  }
  return code.length
}

const scan = (code: string, keepsStrings: boolean): string => {
  let result = ""
  for (let index = 0; index < code.length; ) {
    token.lastIndex = index
    const groups = token.exec(code)?.groups
    let end = index + 1
    let kept = true
    if (groups?.comment !== undefined) {
      end = index + groups.comment.length
      kept = false
    } else if (groups?.text !== undefined) {
      end = index + groups.text.length
      kept = keepsStrings
    } else if (groups?.quote !== undefined) {
      end = templateEnd(code, index)
      kept = keepsStrings
    } else if (groups?.regexp !== undefined && beforeRegExp.test(result.slice(-20))) {
      end = index + groups.regexp.length
      kept = keepsStrings
    }
    const piece = code.slice(index, end)
    result += kept ? piece : blank(piece)
    index = end
  }
  return result
}

const withoutComments = (code: string): string => scan(code, true)

export const withoutCommentsAndStrings = (code: string): string => scan(code, false)

/** The modules a program imports, re-exports from or loads on demand. */
export const importsOf = (code: string): ReadonlyArray<string> =>
  [...withoutComments(code).matchAll(/\b(?:from|import)\s*\(?\s*["']([^"'\n]+)["']/g)].map((match) => match[1] ?? "")

/** 1-based line of an index. */
export const lineOf = (code: string, index: number): number => code.slice(0, index).split("\n").length
