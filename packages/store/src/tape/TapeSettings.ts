/** Every bound and interval of the tape, with its reason. */

import * as Environment from "@kalshibook/core/settings/Environment"

export interface TapeSettings {
  /** Name and version of the program that writes, for whoever reads the files later. */
  readonly program: string
  /**
   * Entries gather in memory for so long, or until there are so many bytes, before they are given to the system: that much a
   * process that is killed loses. Shorter costs a system call for every few frames.
   */
  readonly writeMillisMax: number
  readonly writeBytesMax: number
  /** Entries that were appended so long ago are being synced to the disk: that much (and the sync itself) a machine that dies loses. */
  readonly syncMillisMax: number
  /** Entries share a block, and its checksum, up to this many bytes; a larger entry has one alone. */
  readonly blockBytesMax: number
  /** What waits in memory for a disk that takes nothing; more, and the tape fails. At 150,000 frames/s about three seconds. */
  readonly bufferBytesMax: number
  /** A segment is due to be closed when it has so many bytes, or is so old. */
  readonly segmentBytesMax: number
  readonly segmentMillisMax: number
  /** Below the first the status alarms; below the second the tape fails as full, so that others who need the disk go on. */
  readonly freeBytesAlarm: number
  readonly freeBytesMin: number
  readonly freePollMillis: number
  /** zstd's level for closed segments: more costs much and gains little. */
  readonly compressionLevel: number
  /** How long the last write and sync may take when the tape is closed. */
  readonly closeMillisMax: number
}

const mebibyte = 1024 * 1024

export const defaults: TapeSettings = {
  program: "kalshibook",
  writeMillisMax: 5,
  writeBytesMax: 256 * 1024,
  syncMillisMax: Environment.settings.KALSHIBOOK_TAPE_SYNC_MILLIS.absent,
  blockBytesMax: 256 * 1024,
  bufferBytesMax: 128 * mebibyte,
  segmentBytesMax: 256 * mebibyte,
  segmentMillisMax: 3_600_000,
  freeBytesAlarm: Environment.settings.KALSHIBOOK_TAPE_FREE_MEBIBYTES_ALARM.absent * mebibyte,
  freeBytesMin: Environment.settings.KALSHIBOOK_TAPE_FREE_MEBIBYTES_MIN.absent * mebibyte,
  freePollMillis: 1_000,
  compressionLevel: 3,
  closeMillisMax: 10_000
}
