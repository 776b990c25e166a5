/**
 * As whom Postgres runs. It refuses to run as root, but the one who types the command in a container often is root, with a
 * project and data folder that nobody else may enter.
 *
 * Two ways out, the first that works is taken:
 *
 * 1. A user namespace in which root goes by another number. Files stay root's, nothing is copied, no user is needed.
 * 2. Where namespaces are forbidden (containers by default): another user of the machine who may read and write every file
 *    (CAP_DAC_OVERRIDE and nothing else); the database's folder then belongs to that user. `no_setuid_fixup` keeps the
 *    capability in force for `access(2)`, too, by which Postgres looks at its own programs.
 *
 * A folder that already belongs to another user stays theirs: Postgres runs as them, the second way.
 */
import { execFile } from "node:child_process"
import { readFile, stat } from "node:fs/promises"
import { Data, Effect } from "effect"

/** Postgres cannot run as the user who started us. */
export class PostgresUserError extends Data.TaggedError("PostgresUserError")<{ readonly message: string }> {}

/** How to run a program of Postgres. */
export interface PostgresUser {
  /** What to put before the command. */
  readonly prefix: ReadonlyArray<string>
  /** To whom the database's folder must belong; `null`: to us, as it does. */
  readonly owner: { readonly uid: number; readonly gid: number } | null
}

const ourselves: PostgresUser = { prefix: [], owner: null }

interface Account {
  readonly uid: number
  readonly gid: number
}

/** Whoever has one of these names; `initdb` wants a number that has a name. */
const accountNames = ["postgres", "nobody", "daemon"]

/** The first way: root, under the account's number. */
export const renumbered = ({ uid, gid }: Account): PostgresUser => ({
  prefix: ["unshare", "--user", `--map-user=${uid}`, `--map-group=${gid}`, "--"],
  owner: null
})

/** The second way: as the account. */
export const another = ({ uid, gid }: Account): PostgresUser => ({
  prefix: [
    "setpriv",
    `--reuid=${uid}`,
    `--regid=${gid}`,
    "--clear-groups",
    "--inh-caps=-all,+dac_override",
    "--ambient-caps=-all,+dac_override",
    "--securebits=+no_setuid_fixup",
    "--"
  ],
  owner: { uid, gid }
})

/** An account of this machine that is not root. */
export const accountForRoot: Effect.Effect<Account, PostgresUserError> = Effect.gen(function* () {
  const passwd = yield* Effect.promise(() => readFile("/etc/passwd", "utf8").catch(() => ""))
  for (const name of accountNames) {
    const fields = passwd
      .split("\n")
      .map((line) => line.split(":"))
      .find((line) => line[0] === name)
    const [uid, gid] = [Number(fields?.[2]), Number(fields?.[3])]
    if (uid > 0 && gid > 0) return { uid, gid }
  }
  return yield* new PostgresUserError({
    message: `Postgres refuses to run as root, and this machine has none of the users ${accountNames.join(", ")}.`
  })
})

/** How to run `binary` over a database in `folder`: as we are, or as root by the first way that works. */
export const choose = Effect.fn("PostgresUser.choose")(function* (binary: string, folder: string) {
  if (process.getuid?.() !== 0) return ourselves
  for (const way of process.platform === "linux" ? yield* waysFor(folder) : []) {
    if (yield* works(way, binary, folder)) return way
  }
  return yield* new PostgresUserError({
    message:
      "Postgres refuses to run as root, and neither a user namespace (unshare) nor another user (setpriv) can be used here. " +
      "Start as another user, or set DATABASE_URL to a Postgres that runs elsewhere."
  })
})

const waysFor = Effect.fnUntraced(function* (folder: string) {
  const { uid, gid } = yield* Effect.promise(() => stat(folder))
  if (uid !== 0) return [another({ uid, gid })]
  const account = yield* accountForRoot
  return [renumbered(account), another(account)]
})

/** Whether that way can start programs, reach the binary and write into the folder. */
const works = (way: PostgresUser, binary: string, folder: string): Effect.Effect<boolean> =>
  Effect.callback<boolean>((resume) => {
    const script = '"$0" --version && test -w "$1" && test -x "$1"'
    const [command = "sh", ...args] = [...way.prefix, "sh", "-c", script, binary, folder]
    execFile(command, args, (error) => resume(Effect.succeed(error === null)))
  })
