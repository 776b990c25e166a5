/** `npm run docs`: writes the documents that are made of the code. */
import { writeFileSync } from "node:fs"
import * as ErrorCatalogue from "@kalshibook/core/contract/ErrorCatalogue"
import * as SettingsDocument from "@kalshibook/core/settings/SettingsDocument"

writeFileSync(new URL("../docs/errors.md", import.meta.url), ErrorCatalogue.markdown())
writeFileSync(new URL("../docs/settings.md", import.meta.url), SettingsDocument.markdown())
