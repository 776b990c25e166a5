/** The settings as a document: docs/settings.md. It is made of the code alone; `npm run docs` writes it, and a test holds the file to it. */
import type { Setting } from "./Setting.ts"
import * as SettingsOfFiles from "./SettingsOfFiles.ts"
import * as SettingsOfPrograms from "./SettingsOfPrograms.ts"
import * as SettingsOfRecording from "./SettingsOfRecording.ts"
import * as SettingsOfServing from "./SettingsOfServing.ts"
import { simulatorSettings, trialSettings } from "./SettingsOfTrials.ts"

const areas: ReadonlyArray<readonly [title: string, settings: Readonly<Record<string, Setting<unknown>>>]> = [
  ["Every program", SettingsOfPrograms.settings],
  ["API and site", SettingsOfServing.settings],
  ["Recording", SettingsOfRecording.settings],
  ["Files and bucket", SettingsOfFiles.settings],
  ["The simulated exchange", simulatorSettings]
]

const introduction = `# Settings

All settings are environment variables. An empty one counts as absent. Each program looks at its own before anything begins and says all that
is wrong, one sentence for each; secrets are never shown. A variable that begins with \`KALSHIBOOK_\` and is not known is told as a warning,
with the name that is probably meant. \`start\` is \`npm start\`: all programs in one.

This page is made of the code (\`npm run docs\`).
`

const header = `| variable | what it is | without it | read by | meaning |
|---|---|---|---|---|
`

const row = ([name, { expected, isSecret, meaning, otherwise, programs, unit }]: readonly [string, Setting<unknown>]) =>
  `| \`${name}\` | ${expected}${unit === "" ? "" : `, in ${unit}`}${isSecret ? " (**secret**)" : ""} | ${otherwise} | ${programs.join(", ")} | ${meaning} |\n`

/** The whole document. */
export const markdown = (): string =>
  [
    introduction,
    ...areas.map(([title, settings]) => `## ${title}\n\n${header}${Object.entries(settings).map(row).join("")}`),
    `## Tests, benchmarks and examples

Nobody who runs KalshiBook needs them.

| variable | used by | meaning |
|---|---|---|
${Object.entries(trialSettings)
  .map(([name, { meaning, programs }]) => `| \`${name}\` | ${programs.join(", ")} | ${meaning} |`)
  .join("\n")}
`
  ].join("\n")
