/** Settings of files: how hours are sealed, the bucket that keeps them, and what is kept of it on a machine. */
import type { Program } from "./Setting.ts"
import * as Setting from "./Setting.ts"

const archiver: ReadonlyArray<Program> = ["archiver", "start"]
const bucket: ReadonlyArray<Program> = ["archiver", "api", "start"]
const reader: ReadonlyArray<Program> = ["api", "start"]
const mebibytesMax = 1_000_000_000

export const settings = {
  KALSHIBOOK_HOT_HOURS: Setting.withDefault(Setting.whole(2, 1_000_000), 48, {
    programs: archiver,
    unit: "hours",
    meaning: "how long records stay in Postgres once they are sealed"
  }),
  KALSHIBOOK_SEAL_SETTLE_MINUTES: Setting.withDefault(Setting.whole(0, 1_440), 5, {
    programs: archiver,
    unit: "minutes",
    meaning: "how long after its end an hour is sealed"
  }),
  KALSHIBOOK_SEGMENT_FILE_MEBIBYTES: Setting.withDefault(Setting.whole(1, 1_024), 32, {
    programs: archiver,
    unit: "MiB",
    meaning: "how large a file of a sealed hour becomes, unless one market alone is larger"
  }),
  KALSHIBOOK_TAPE_KEEP_HOURS: Setting.withDefault(Setting.whole(1, 1_000_000), 72, {
    programs: archiver,
    unit: "hours",
    meaning: "how long uploaded tapes stay on the disk: as far back as a restored database can be made whole from it"
  }),
  KALSHIBOOK_SWEEP_HOURS: Setting.withDefault(Setting.whole(1, 1_000_000), 24, {
    programs: archiver,
    unit: "hours",
    meaning: "how old must be what nothing refers to, to be removed"
  }),
  KALSHIBOOK_REVISION: Setting.withDefault(Setting.text, "unknown", {
    programs: archiver,
    meaning: "of the code, as manifests name it: a commit"
  }),
  KALSHIBOOK_S3_BUCKET: Setting.optional(Setting.text, {
    programs: bucket,
    otherwise: "a folder takes its place",
    meaning: "a bucket that exists, on AWS, Supabase Storage, R2, MinIO or another server that speaks S3"
  }),
  KALSHIBOOK_S3_ENDPOINT: Setting.optional(Setting.url("http"), {
    programs: bucket,
    otherwise: "AWS",
    meaning: "where the server is, without the bucket"
  }),
  KALSHIBOOK_S3_REGION: Setting.withDefault(Setting.text, "us-east-1", {
    programs: bucket,
    meaning: "part of every signature; of R2 `auto`"
  }),
  KALSHIBOOK_S3_ACCESS_KEY_ID: Setting.optional(Setting.text, {
    programs: bucket,
    otherwise: "what the AWS SDK finds",
    meaning: "may read, write, remove and list in the bucket"
  }),
  KALSHIBOOK_S3_SECRET_ACCESS_KEY: Setting.optional(Setting.secret(), {
    programs: bucket,
    meaning: "belongs to it"
  }),
  KALSHIBOOK_S3_FORCE_PATH_STYLE: Setting.optional(Setting.flag, {
    programs: bucket,
    otherwise: "`true` with an endpoint",
    meaning: "whether the bucket is in the path, and not in the host's name"
  }),
  KALSHIBOOK_S3_CONNECT_MILLIS: Setting.withDefault(Setting.whole(1, 600_000), 5_000, {
    programs: bucket,
    unit: "ms",
    meaning: "how long a connection may take to be made"
  }),
  KALSHIBOOK_S3_REQUEST_MILLIS: Setting.withDefault(Setting.whole(1, 3_600_000), 30_000, {
    programs: bucket,
    unit: "ms",
    meaning: "how long it may be silent"
  }),
  KALSHIBOOK_S3_ATTEMPTS: Setting.withDefault(Setting.whole(1, 100), 5, {
    programs: bucket,
    meaning: "how often a request is made before it is given up"
  }),
  KALSHIBOOK_OBJECTS_DIR: Setting.optional(Setting.folder, {
    programs: bucket,
    otherwise: "`objects` in the data folder",
    meaning: "where objects lie without a bucket"
  }),
  KALSHIBOOK_OBJECTS_URL: Setting.optional(Setting.url("http"), {
    programs: bucket,
    otherwise: "`/v1/objects` of the API",
    meaning: "where they are served from there"
  }),
  KALSHIBOOK_OBJECTS_SECRET: Setting.optional(Setting.secret(), {
    programs: bucket,
    otherwise: "made once, and kept in the folder",
    meaning: "what signs their URLs"
  }),
  KALSHIBOOK_CACHE_DIR: Setting.optional(Setting.folder, {
    programs: reader,
    otherwise: "`cache` in the data folder",
    meaning: "where sealed files that were read are kept on this machine"
  }),
  KALSHIBOOK_CACHE_MEBIBYTES: Setting.withDefault(Setting.whole(1, mebibytesMax), 4_096, {
    programs: reader,
    unit: "MiB",
    meaning: "how much of them; a day of the whole exchange takes about 2000"
  }),
  KALSHIBOOK_COLD_MEMORY_MEBIBYTES: Setting.withDefault(Setting.whole(16, mebibytesMax), 256, {
    programs: reader,
    unit: "MiB",
    meaning: "memory for reading sealed files"
  }),
  KALSHIBOOK_DOWNLOADS_DIR: Setting.optional(Setting.folder, {
    programs: reader,
    otherwise: "`downloads` in the data folder",
    meaning: "where files of downloads are made before they are stored"
  }),
  KALSHIBOOK_DOWNLOAD_URL_SECONDS: Setting.withDefault(Setting.whole(1, 604_800), 900, {
    programs: reader,
    unit: "s",
    meaning: "how long a signed URL works"
  }),
  KALSHIBOOK_DOWNLOAD_WORKERS: Setting.withDefault(Setting.whole(1, 1_000), 1, {
    programs: reader,
    meaning: "downloads that are made at once, each in a process of its own"
  })
}
