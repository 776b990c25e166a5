/** The bounds of downloads, each with its reason. */
import { join } from "node:path"
import * as Environment from "@kalshibook/core/settings/Environment"
import { Config, Option } from "effect"

export interface DownloadSettings {
  /** Where files are made before they are stored. Processes may share it; what a dead one left there is removed. */
  readonly folder: string
  /** How long a signed URL works. Short, since whoever has it needs nothing else; renewing it is a GET. */
  readonly urlSecondsMax: number
  /** How long what was made for a question is kept, and its URLs renewed. */
  readonly keptMicros: number
  /** Of one question: what a worker sorts and writes within the hour. Files that are signed as they are do not count. */
  readonly carvedRowsMax: number
  /** Of one question, all files together: what a disk of this machine has room for. */
  readonly carvedBytesMax: number
  /** Files of one question: a list that is read and answered as a whole. */
  readonly partsMax: number
  /** Events of one market's file of a day: they are in memory, some 100 bytes each. */
  readonly eventsPerFileMax: number
  /** Questions that this process works on at once, each in a process of its own that keeps a core busy and has the memory below. */
  readonly workersMax: number
  /** For the JS objects of such a process; its arrays of events come on top, and DuckDB's buffers. */
  readonly heapMebibytesMax: number
  /** How long the work on one question may take. */
  readonly workMillisMax: number
  /** For DuckDB's buffers while it sorts; beyond, it spills into the folder. */
  readonly duckMebibytes: number
  readonly spillMebibytesMax: number
}

const secondMicros = 1_000_000

export const defaults = {
  urlSecondsMax: Environment.settings.KALSHIBOOK_DOWNLOAD_URL_SECONDS.absent,
  keptMicros: 30 * 86_400 * secondMicros,
  carvedRowsMax: 500_000_000,
  carvedBytesMax: 20 * 2 ** 30,
  partsMax: 20_000,
  eventsPerFileMax: 10_000_000,
  workersMax: Environment.settings.KALSHIBOOK_DOWNLOAD_WORKERS.absent,
  heapMebibytesMax: 1_024,
  workMillisMax: 3_600_000,
  duckMebibytes: 512,
  spillMebibytesMax: 20_480
} satisfies Omit<DownloadSettings, "folder">

/** `KALSHIBOOK_DOWNLOADS_DIR`, `KALSHIBOOK_DOWNLOAD_URL_SECONDS` and `KALSHIBOOK_DOWNLOAD_WORKERS`. */
export const fromEnvironment: Config.Config<DownloadSettings> = Config.all({
  dataFolder: Environment.config("KALSHIBOOK_DATA_DIR"),
  folder: Environment.config("KALSHIBOOK_DOWNLOADS_DIR"),
  urlSecondsMax: Environment.config("KALSHIBOOK_DOWNLOAD_URL_SECONDS"),
  workersMax: Environment.config("KALSHIBOOK_DOWNLOAD_WORKERS")
}).pipe(
  Config.map(({ dataFolder, folder, urlSecondsMax, workersMax }) => ({
    ...defaults,
    folder: Option.getOrElse(folder, () => join(dataFolder, "downloads")),
    urlSecondsMax,
    workersMax
  }))
)
