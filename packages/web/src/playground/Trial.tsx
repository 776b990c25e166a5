/** One call: its form, its cost beforehand, and its answer. */
import { useMutation } from "@tanstack/react-query"
import { useState } from "react"
import * as Client from "../api/Client.ts"
import { Button, Choice } from "../design/Button.tsx"
import { Code } from "../design/Copy.tsx"
import { SelectField, TextField } from "../design/Field.tsx"
import { Panel } from "../design/Panel.tsx"
import { Refused } from "../design/States.tsx"
import * as Instant from "../format/Instant.ts"
import { middleOf, type ShownMarket, useShowcase } from "../landing/useShowcase.ts"
import * as Snippets from "../market/Snippets.ts"
import { useKnown } from "../session/Known.ts"
import { AnswerView } from "./AnswerView.tsx"
import * as Call from "./Call.ts"
import { CostBefore } from "./CostBefore.tsx"
import * as Json from "./Json.ts"
import type { Operation, Parameter } from "./Operations.ts"

/** Asked by the form itself, not by who fills it in. */
const isOfCost = ({ name }: Parameter): boolean => name === "dry_run"

/** What is filled in from the start: what has to be, and a page that can be read. */
const initialValues = (operation: Operation): Call.Values =>
  Object.fromEntries(
    operation.parameters.flatMap(({ example, isRequired, name }) =>
      isRequired ? [[name, example]] : name === "limit" ? [[name, "20"]] : []
    )
  )

/** With a market that there is, in place of the document's example, as soon as one is known, and moments at which everybody may see it. */
const withMarket = (operation: Operation, values: Call.Values, shown: ShownMarket | undefined): Call.Values => {
  if (shown === undefined || !operation.path.startsWith("/v1/markets/") || !("ticker" in values)) return values
  const { market, part } = shown
  const known = { ...values, ticker: market.ticker }
  if (part === undefined) return known
  const middle = middleOf(part)
  const moments = { at: middle, from: middle, to: middle + minuteMicros }
  const names = new Set(operation.parameters.map(({ name }) => name))
  const asked = Object.entries(moments).filter(([name]) => names.has(name))
  return { ...known, ...Object.fromEntries(asked.map(([name, micros]) => [name, Instant.isoShort(micros)])) }
}

const minuteMicros = 60_000_000

export const Trial = ({ operation }: { readonly operation: Operation }) => {
  const key = useKnown()
  const showcase = useShowcase()
  /** As somebody has them. From the first field that is entered on, nothing changes under the hands of whoever types. */
  const [own, setOwn] = useState<Call.Values>()
  const values = own ?? withMarket(operation, initialValues(operation), showcase.shown)
  const [body, setBody] = useState(operation.body ?? "")
  const [language, setLanguage] = useState<Snippets.Language>("curl")
  const parsed = operation.body === undefined ? undefined : Json.parse(body)
  const lacks = Call.missing(operation, values)
  const question = Call.questionOf(operation, values, parsed?.isJson === true ? parsed.value : undefined)
  const sent = useMutation({ mutationFn: (asked: Client.Question) => Client.whole(asked) })
  const canSend = lacks.length === 0 && parsed?.isJson !== false
  const snippet = Snippets.write(language, {
    method: operation.method,
    url: `${location.origin}${Client.urlOf(question)}`,
    body: question.body,
    isKeyed: key !== undefined
  })
  return (
    <div className="grid min-w-0 grid-cols-[minmax(0,1fr)] gap-4">
      <Panel
        title={operation.summary}
        aside={
          <code className="min-w-0 truncate font-mono text-xs text-soft">
            {operation.method} {operation.path}
          </code>
        }
      >
        <form
          className="grid gap-4"
          onFocus={() => setOwn((before) => before ?? values)}
          onSubmit={(event) => {
            event.preventDefault()
            if (canSend) sent.mutate(question)
          }}
        >
          <p className="max-w-3xl text-sm whitespace-pre-line text-soft">{plain(operation.description)}</p>
          <div className="grid gap-4 sm:grid-cols-2">
            {operation.parameters
              .filter((parameter) => !isOfCost(parameter))
              .map((parameter) => (
                <ParameterField
                  key={parameter.name}
                  parameter={parameter}
                  value={values[parameter.name] ?? ""}
                  onChange={(value) => setOwn((before) => ({ ...(before ?? values), [parameter.name]: value }))}
                />
              ))}
          </div>
          {operation.body === undefined ? null : (
            <div>
              <label htmlFor="body" className="mb-1 block text-xs font-medium text-soft">
                Body, as JSON
              </label>
              <textarea
                id="body"
                value={body}
                onChange={(event) => setBody(event.target.value)}
                rows={Math.min(16, body.split("\n").length + 1)}
                spellCheck={false}
                aria-invalid={parsed?.isJson === false}
                className="w-full rounded-md border border-edge/60 bg-panel p-2.5 font-mono text-xs leading-5"
              />
              {parsed?.isJson === false ? <p className="text-xs text-bad">{parsed.why}</p> : null}
            </div>
          )}
          <div className="flex flex-wrap items-center gap-3">
            <Button type="submit" look="primary" disabled={!canSend || sent.isPending}>
              {sent.isPending ? "Asking …" : "Send"}
            </Button>
            <CostBefore
              operation={operation}
              question={question}
              canAsk={canSend && (own !== undefined || !showcase.isLoading)}
            />
          </div>
        </form>
      </Panel>
      <Panel
        title="The same elsewhere"
        aside={
          <Choice
            label="Language"
            value={language}
            options={Snippets.languages.map((name) => [name, name])}
            onChange={setLanguage}
          />
        }
      >
        <Code label={`The request in ${language}`} text={snippet} />
      </Panel>
      {sent.error === null ? null : (
        <Panel>
          <Refused problem={sent.error} />
        </Panel>
      )}
      {sent.data === undefined ? null : <AnswerView answer={sent.data} />}
    </div>
  )
}

/** Markdown as text that can be read: without fences and marks. */
const plain = (markdown: string): string =>
  markdown
    .replaceAll(/```[\s\S]*?```\n*/g, "")
    .replaceAll(/[`*]/g, "")
    .trim()

const ParameterField = (props: {
  readonly parameter: Parameter
  readonly value: string
  readonly onChange: (value: string) => void
}) => {
  const { description, example, isRequired, name, values } = props.parameter
  const shared = {
    name: (
      <>
        <code className="font-mono">{name}</code>
        {isRequired ? <span className="text-faint"> (required)</span> : null}
      </>
    ),
    hint: plain(description),
    value: props.value
  }
  return values.length > 0 ? (
    <SelectField {...shared} onChange={(event) => props.onChange(event.target.value)}>
      {isRequired ? null : <option value="">not given</option>}
      {values.map((value) => (
        <option key={value}>{value}</option>
      ))}
    </SelectField>
  ) : (
    <TextField {...shared} placeholder={example} onChange={(event) => props.onChange(event.target.value)} />
  )
}
