/** `/llms.txt` and `/llms-full.txt`. Made once: only a new version of the server changes them. */
import { llmsFullText, llmsText } from "@kalshibook/core/contract/LlmsText"
import { Layer } from "effect"
import { HttpRouter, HttpServerResponse } from "effect/http"
import { llmsFullPath, llmsPath } from "./RouteTable.ts"

const contentType = "text/plain; charset=utf-8"

const route = (path: typeof llmsPath | typeof llmsFullPath, text: string) =>
  HttpRouter.add("GET", path, HttpServerResponse.text(text, { contentType }))

export const layer = Layer.mergeAll(route(llmsPath, llmsText()), route(llmsFullPath, llmsFullText()))
