/**
 * Where whoever has signed in arrives: the first time the account is opened here, and its key shown, this once; later it leads on to the
 * account.
 */
import { useQuery } from "@tanstack/react-query"
import { Link, Navigate } from "@tanstack/react-router"
import { useState } from "react"
import type { OpenedAccount } from "../api/Answers.ts"
import * as Client from "../api/Client.ts"
import { buttonClass } from "../design/Button.tsx"
import { Code } from "../design/Copy.tsx"
import { Page } from "../design/Panel.tsx"
import { Loading, Refused } from "../design/States.tsx"
import { AuthProblem } from "../people/AuthFields.tsx"
import { Narrow } from "../people/Narrow.tsx"
import { useRedeemed } from "../people/useRedeemed.ts"
import * as Session from "../session/Session.ts"

export const Welcome = () => {
  const { isReady, problem } = useRedeemed()
  const session = Session.useSession()
  if (!isReady) return <Loading />
  if (session !== undefined) return <Opened userId={session.userId} />
  return (
    <Narrow title="You are not signed in">
      <div className="grid gap-4">
        <AuthProblem problem={problem} />
        <p className="text-sm text-soft text-pretty">
          A link of a mail is good once, for an hour, in the browser that asked for it. Your address may be confirmed
          all the same:{" "}
          <Link to="/sign-in" className="link">
            sign in
          </Link>
          .
        </p>
      </div>
    </Narrow>
  )
}

/** Asked for once for each person; the answer that has the key is kept while the page stands. */
const opening = new Map<string, Promise<OpenedAccount>>()

const open = (userId: string): Promise<OpenedAccount> => {
  const running = opening.get(userId)
  if (running !== undefined) return running
  const asked = Client.ask<OpenedAccount>({ method: "POST", path: "/v1/accounts", inPerson: true })
  opening.set(userId, asked)
  asked.catch(() => opening.delete(userId))
  return asked
}

const Opened = ({ userId }: { readonly userId: string }) => {
  const [isSeen, setSeen] = useState(false)
  const opened = useQuery({
    queryKey: ["opened", userId],
    queryFn: () => open(userId),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0
  })
  if (opened.error !== null) return <Refused problem={opened.error} onRetry={() => void opened.refetch()} />
  if (opened.data === undefined) return <Loading />
  const { secret } = opened.data
  if (secret === null || isSeen) return <Navigate to="/account" replace />
  return (
    <Page title="Welcome" lead="Your account is open: a thousand credits a month, and this is its first key.">
      <section aria-label="The first key" className="max-w-3xl rounded-lg border border-accent bg-panel p-4">
        <h2 className="font-semibold">Copy it now</h2>
        <p className="mt-1 mb-3 text-sm text-soft text-pretty">
          It is shown this once: we keep a hash of it. You can make others at any time.
        </p>
        <Code text={secret} label="The key" />
        <p className="mt-4 mb-2 text-sm text-soft">The first call:</p>
        <Code
          label="A call with the key"
          text={`curl "${location.origin}/v1/markets?status=active&limit=5" \\\n  -H "Authorization: Bearer ${secret}"`}
        />
        <div className="mt-4 flex flex-wrap gap-2">
          <Link
            to="/explore"
            className={buttonClass("primary", "min-h-9 px-4")}
            onClick={() => {
              opening.delete(userId)
              setSeen(true)
            }}
          >
            I have it: explore the data
          </Link>
          <Link to="/account" className={buttonClass("plain", "min-h-9 px-4")} onClick={() => opening.delete(userId)}>
            Your account
          </Link>
        </div>
      </section>
    </Page>
  )
}
