/** The keys of an account: made and shown once, changed, replaced, revoked; and the key that this tab uses. */
import { useQuery } from "@tanstack/react-query"
import { Link } from "@tanstack/react-router"
import { useState } from "react"
import type { NewKey } from "../api/Answers.ts"
import * as Queries from "../api/Queries.ts"
import { Button } from "../design/Button.tsx"
import { Page, Panel } from "../design/Panel.tsx"
import { Answered } from "../design/States.tsx"
import { KeyTable } from "../keys/KeyTable.tsx"
import { NewKeyForm } from "../keys/NewKeyForm.tsx"
import { Secret } from "../keys/Secret.tsx"
import * as ApiKey from "../session/ApiKey.ts"
import { KeyEntry } from "../session/KeyEntry.tsx"
import { useKnown } from "../session/Known.ts"

export const Keys = () => {
  const key = ApiKey.useApiKey()
  const known = useKnown()
  return (
    <Page
      title="Keys"
      lead="A key is who you are to the API. It goes into a header of each request, never into an address."
    >
      {known === undefined ? (
        <Panel>
          <KeyEntry lead="Enter one to look at every market, ask in the playground and see what was used. A key with the scope admin also makes others." />
        </Panel>
      ) : (
        <div className="grid grid-cols-[minmax(0,1fr)] gap-4">
          {key === undefined ? null : <InUse value={key} />}
          <Managed />
        </div>
      )}
    </Page>
  )
}

const InUse = ({ value }: { readonly value: string }) => (
  <Panel>
    <div className="flex flex-wrap items-center justify-between gap-4">
      <p>
        This tab uses <code className="font-mono">{ApiKey.shown(value)}</code>, and forgets it when it is closed.{" "}
        <Link to="/usage" className="link">
          What was used
        </Link>
      </p>
      <Button onClick={() => ApiKey.set(undefined)}>Forget it now</Button>
    </div>
  </Panel>
)

const Managed = () => {
  const [made, setMade] = useState<NewKey>()
  const [isMaking, setMaking] = useState(false)
  return (
    <>
      {made === undefined ? null : <Secret made={made} onDone={() => setMade(undefined)} />}
      <Panel
        flush
        title="Keys of the account"
        aside={
          <Button look="primary" aria-expanded={isMaking} onClick={() => setMaking(!isMaking)}>
            Make a key
          </Button>
        }
      >
        {isMaking ? (
          <div className="border-b border-line p-4">
            <NewKeyForm
              onMade={(answer) => {
                setMade(answer)
                setMaking(false)
              }}
              onCancel={() => setMaking(false)}
            />
          </div>
        ) : null}
        <Answered query={useQuery(Queries.keys)}>{({ keys }) => <KeyTable keys={keys} onMade={setMade} />}</Answered>
      </Panel>
    </>
  )
}
