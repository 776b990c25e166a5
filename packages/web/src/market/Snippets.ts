/** The request that gives what is shown, as lines to paste elsewhere. */

export const languages = ["curl", "TypeScript", "Python"] as const
export type Language = (typeof languages)[number]

export interface Request {
  readonly method?: string
  /** Whole, with its origin. */
  readonly url: string
  readonly body?: unknown
  /** Whether it needs a key. */
  readonly isKeyed: boolean
}

const curl = ({ body, isKeyed, method, url }: Request): string =>
  [
    "curl",
    ...(method === undefined || method === "GET" || (method === "POST" && body !== undefined) ? [] : [`-X ${method}`]),
    ...(isKeyed ? ['-H "X-API-Key: $KALSHIBOOK_KEY"'] : []),
    ...(body === undefined ? [] : ["-H 'Content-Type: application/json'", `-d '${JSON.stringify(body)}'`]),
    `"${url}"`
  ].join(" ")

const typescript = ({ body, isKeyed, method = "GET", url }: Request): string => {
  const headers = [
    ...(isKeyed ? ['    "X-API-Key": process.env.KALSHIBOOK_KEY'] : []),
    ...(body === undefined ? [] : ['    "Content-Type": "application/json"'])
  ]
  const options = [
    ...(method === "GET" ? [] : [`  method: "${method}"`]),
    ...(headers.length === 0 ? [] : [`  headers: {\n${headers.join(",\n")}\n  }`]),
    ...(body === undefined ? [] : [`  body: JSON.stringify(${JSON.stringify(body)})`])
  ]
  const second = options.length === 0 ? "" : `, {\n${options.join(",\n")}\n}`
  return `const response = await fetch("${url}"${second})\nconst answer = await response.json()`
}

const python = ({ body, isKeyed, method = "GET", url }: Request): string =>
  [
    ...(isKeyed ? ["import os"] : []),
    "import requests",
    "",
    `answer = requests.${method.toLowerCase()}(`,
    `    "${url}",`,
    ...(isKeyed ? ['    headers={"X-API-Key": os.environ["KALSHIBOOK_KEY"]},'] : []),
    ...(body === undefined ? [] : [`    json=${pythonOf(body)},`]),
    ").json()"
  ].join("\n")

const pythonOf = (value: unknown): string =>
  JSON.stringify(value).replaceAll(":true", ":True").replaceAll(":false", ":False").replaceAll(":null", ":None")

const writers: Readonly<Record<Language, (request: Request) => string>> = {
  curl,
  TypeScript: typescript,
  Python: python
}

export const write = (language: Language, request: Request): string => writers[language](request)
