/** `npm run docs`: writes the documents that are made of the code. */
import { writeFileSync } from "node:fs"
import * as ErrorCatalogue from "@kalshibook/core/contract/ErrorCatalogue"

writeFileSync(new URL("../docs/errors.md", import.meta.url), ErrorCatalogue.markdown())
