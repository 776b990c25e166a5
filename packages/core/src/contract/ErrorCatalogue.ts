/**
 * The catalogue of errors as a document: docs/errors.md, which the server shows at the path that `docs` of every problem names. It is made
 * of the code alone; `npm run docs` writes it, and a test holds the file to it.
 */
import { problemExample } from "./ProblemExamples.ts"
import type * as ProblemKind from "./ProblemKind.ts"
import { type ProblemCode, problemClasses } from "./Problems.ts"
import * as ProblemsOfAccess from "./ProblemsOfAccess.ts"
import * as ProblemsOfBilling from "./ProblemsOfBilling.ts"
import * as ProblemsOfFiles from "./ProblemsOfFiles.ts"
import * as ProblemsOfPeople from "./ProblemsOfPeople.ts"
import * as ProblemsOfQuestions from "./ProblemsOfQuestions.ts"
import * as ProblemsOfServer from "./ProblemsOfServer.ts"

const areas: ReadonlyArray<readonly [title: string, kinds: ProblemKind.Kinds]> = [
  ["The question", ProblemsOfQuestions.kinds],
  ["Keys, credits and limits", ProblemsOfAccess.kinds],
  ["Paying", ProblemsOfBilling.kinds],
  ["People and accounts", ProblemsOfPeople.kinds],
  ["Files and downloads", ProblemsOfFiles.kinds],
  ["The server", ProblemsOfServer.kinds]
]

const introduction = `# Errors

Every error of the API is a problem document (RFC 9457, \`application/problem+json\`) with these members:

| member | meaning |
|---|---|
| \`type\` | a path of the API that describes the kind of problem |
| \`title\`, \`status\` | the kind of problem in a few words, and the HTTP status |
| \`detail\` | what happened with this request, for a person |
| \`code\` | the kind of problem, for a program: one of those below |
| \`request_id\` | names the request in our logs; also in the header \`X-Request-Id\` |
| \`docs\` | the section of this page |
| \`suggestion\` | path and query of the next call that would work; absent where there is none |

Some have members of their own, which the examples show. Errors cost nothing. Codes are never given another meaning.

This page is made of the code (\`npm run docs\`).
`

const common: ReadonlySet<string> = new Set([
  ...["type", "title", "status", "detail", "code", "request_id", "docs", "suggestion", "instance"]
])

const section = (code: ProblemCode, { meaning, status, title }: ProblemKind.Kind): string => {
  const own = Object.keys(problemClasses[code].fields).filter((name) => !common.has(name))
  const members = own.length === 0 ? "" : ` Members of its own: ${own.map((name) => `\`${name}\``).join(", ")}.`
  const example = JSON.stringify(problemExample(code), null, 2)
  return `### ${code}\n\n**${status}** ${title}. ${meaning}${members}\n\n\`\`\`json\n${example}\n\`\`\`\n`
}

/** The whole document. */
export const markdown = (): string =>
  [
    introduction,
    ...areas.map(([title, kinds]) =>
      [`## ${title}\n`, ...Object.entries(kinds).map(([code, kind]) => section(code as ProblemCode, kind))].join("\n")
    )
  ].join("\n")
