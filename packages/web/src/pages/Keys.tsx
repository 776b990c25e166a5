/** The key that this tab uses, until people sign in here. */
import { Link } from "@tanstack/react-router"
import { Button } from "../design/Button.tsx"
import { Page, Panel } from "../design/Panel.tsx"
import * as ApiKey from "../session/ApiKey.ts"
import { KeyEntry } from "../session/KeyEntry.tsx"

export const Keys = () => {
  const key = ApiKey.useApiKey()
  return (
    <Page
      title="Your key"
      lead="A key is who you are to the API. It goes into a header of each request, never into an address."
    >
      <Panel>
        {key === undefined ? (
          <KeyEntry lead="Enter one to look at every market, ask in the playground and see what was used. npm start tells one when it begins; npm run accounts -- key makes another." />
        ) : (
          <div className="flex flex-wrap items-center justify-between gap-4">
            <div>
              <p>
                This tab uses <code className="font-mono">{ApiKey.shown(key)}</code>
              </p>
              <p className="text-sm text-soft">
                It is forgotten when the tab is closed.{" "}
                <Link to="/usage" className="link">
                  What it used
                </Link>
              </p>
            </div>
            <Button onClick={() => ApiKey.set(undefined)}>Forget it</Button>
          </div>
        )}
      </Panel>
    </Page>
  )
}
