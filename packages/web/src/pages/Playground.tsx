/** Every call of the API with a form made from its own document: what it would cost, the answer pretty and raw, the lines to take along. */
import { useNavigate, useSearch } from "@tanstack/react-router"
import { SelectField } from "../design/Field.tsx"
import { Page, Panel } from "../design/Panel.tsx"
import { Answered, Empty } from "../design/States.tsx"
import { type Operation, useOperations } from "../playground/Operations.ts"
import { Trial } from "../playground/Trial.tsx"

const first = "getOrderbook"

export const Playground = () => {
  const { op = first } = useSearch({ from: "/playground" })
  const navigate = useNavigate({ from: "/playground" })
  const choose = (id: string) => void navigate({ search: { op: id }, replace: true })
  return (
    <Page
      title="Playground"
      lead="Every call of the API, against this server. What a call would cost is asked before it is sent."
    >
      <Answered query={useOperations()} lines={12}>
        {(operations) => {
          const chosen = operations.find(({ id }) => id === op)
          const groups = [...Map.groupBy(operations, ({ group }) => group)]
          return (
            <div className="grid items-start gap-4 lg:grid-cols-[15rem_minmax(0,1fr)]">
              <div className="lg:hidden">
                <SelectField name="Call" value={op} onChange={(event) => choose(event.target.value)}>
                  {groups.map(([group, own]) => (
                    <optgroup key={group} label={group}>
                      {own.map(({ id, summary }) => (
                        <option key={id} value={id}>
                          {summary}
                        </option>
                      ))}
                    </optgroup>
                  ))}
                </SelectField>
              </div>
              <nav
                aria-label="Calls"
                className="sticky top-17 hidden max-h-[calc(100vh-6rem)] overflow-y-auto rounded-lg border border-line bg-panel p-2 lg:block"
              >
                {groups.map(([group, own]) => (
                  <Group key={group} name={group} operations={own} chosen={op} onChoose={choose} />
                ))}
              </nav>
              {chosen === undefined ? (
                <Panel>
                  <Empty title="There is no such call">Choose one of the list.</Empty>
                </Panel>
              ) : (
                <Trial key={chosen.id} operation={chosen} />
              )}
            </div>
          )
        }}
      </Answered>
    </Page>
  )
}

const Group = (props: {
  readonly name: string
  readonly operations: ReadonlyArray<Operation>
  readonly chosen: string
  readonly onChoose: (id: string) => void
}) => (
  <div className="mb-2">
    <h2 className="px-2 py-1 text-xs text-faint">{props.name}</h2>
    <ul>
      {props.operations.map(({ id, summary }) => (
        <li key={id}>
          <button
            type="button"
            aria-current={id === props.chosen ? "true" : undefined}
            onClick={() => props.onChoose(id)}
            className="w-full rounded-md px-2 py-1 text-left text-sm text-soft hover:bg-hover hover:text-ink aria-[current=true]:bg-hover aria-[current=true]:font-medium aria-[current=true]:text-ink"
          >
            {summary}
          </button>
        </li>
      ))}
    </ul>
  </div>
)
