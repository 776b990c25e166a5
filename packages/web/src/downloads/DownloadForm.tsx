/** What is wanted, and what it would be: files, rows, bytes and credits, asked of the server at every change. */
import { useMutation, useQuery } from "@tanstack/react-query"
import { useEffect, useState } from "react"
import type { Download } from "../api/Answers.ts"
import * as Client from "../api/Client.ts"
import { Button } from "../design/Button.tsx"
import { CheckField, SelectField, TextField } from "../design/Field.tsx"
import { Fact, Facts } from "../design/Panel.tsx"
import { Loading, Refused } from "../design/States.tsx"
import * as Numbers from "../format/Numbers.ts"
import * as Wanted from "./Wanted.ts"

const settleMillis = 400

const create = (body: object) => Client.ask<Download>({ method: "POST", path: "/v1/downloads", body })

export const DownloadForm = (props: {
  readonly days: ReadonlyArray<string>
  readonly onMade: (id: string) => void
}) => {
  const [wanted, setWanted] = useState(() => Wanted.initial(props.days))
  const change = (part: Partial<Wanted.Wanted>) => setWanted({ ...wanted, ...part })
  const body = Wanted.bodyOf(wanted)
  const text = JSON.stringify(body)
  const [settled, setSettled] = useState("")
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), settleMillis)
    return () => clearTimeout(timer)
  }, [text])
  const isComplete = Wanted.isComplete(wanted)
  const quote = useQuery({
    queryKey: ["quote", settled],
    queryFn: () => create({ ...body, dry_run: true }),
    enabled: isComplete && settled === text,
    retry: false
  })
  const made = useMutation({
    mutationFn: (max: number) => create({ ...body, max_credits: max }),
    onSuccess: ({ id }) => (id === null ? undefined : props.onMade(id))
  })
  const engine = Wanted.isEngine(wanted.format)
  const credits = quote.data?.quote?.credits
  return (
    <form
      className="grid grid-cols-[minmax(0,1fr)] gap-4"
      onSubmit={(event) => {
        event.preventDefault()
        if (credits !== undefined) made.mutate(credits)
      }}
    >
      <div className="grid gap-4 sm:grid-cols-2">
        <TextField
          name="First day (UTC)"
          type="date"
          value={wanted.firstDay}
          onChange={(event) => change({ firstDay: event.target.value })}
        />
        <TextField
          name="Last day (UTC)"
          type="date"
          value={wanted.lastDay}
          onChange={(event) => change({ lastDay: event.target.value })}
        />
        <SelectField
          name="Format"
          value={wanted.format}
          onChange={(event) => change({ format: event.target.value as Wanted.Format })}
          hint={Wanted.formats[wanted.format]}
        >
          {Object.keys(Wanted.formats).map((format) => (
            <option key={format}>{format}</option>
          ))}
        </SelectField>
        <SelectField
          name="Of which markets"
          value={wanted.filter}
          onChange={(event) => change({ filter: event.target.value as Wanted.Filter })}
        >
          {Object.entries(Wanted.filters).map(([filter, name]) => (
            <option key={filter} value={filter}>
              {name}
            </option>
          ))}
        </SelectField>
      </div>
      {wanted.filter === "all" ? null : (
        <TextField
          name="Tickers, separated by commas or spaces"
          value={wanted.names}
          placeholder={wanted.filter === "series" ? "KXBTC15M" : "KXBTC15M-26NOV211415"}
          onChange={(event) => change({ names: event.target.value })}
        />
      )}
      <fieldset>
        <legend className="mb-1 text-xs font-medium text-soft">Kinds</legend>
        <div className="grid grid-cols-2 gap-x-4 sm:grid-cols-3">
          {Wanted.kinds.map((kind) =>
            engine && !Wanted.engineKinds.has(kind) ? null : (
              <CheckField
                key={kind}
                name={kind.replaceAll("_", " ")}
                isChecked={wanted.kinds.includes(kind)}
                onChange={(isChecked) =>
                  change({
                    kinds: isChecked ? [...wanted.kinds, kind] : wanted.kinds.filter((one) => one !== kind)
                  })
                }
              />
            )
          )}
        </div>
      </fieldset>
      <div className="rounded-md border border-line bg-sunk p-4" aria-live="polite">
        {!isComplete ? (
          <p className="text-sm text-soft">Choose days and at least one kind to see what it costs.</p>
        ) : quote.error !== null ? (
          <Refused problem={quote.error} onRetry={() => void quote.refetch()} />
        ) : quote.data?.quote == null ? (
          <Loading lines={2} label="Asking what it would be" />
        ) : (
          <Facts>
            <Fact name="Files">{Numbers.count(quote.data.quote.files)}</Fact>
            <Fact name="Rows">{Numbers.count(quote.data.quote.rows)}</Fact>
            <Fact name="Size" note={quote.data.quote.is_exact ? "exactly" : "expected"}>
              {Numbers.bytes(quote.data.quote.bytes)}
            </Fact>
            <Fact name="Price" note={quote.data.quote.is_exact ? "exactly, paid once" : "at most, paid once"}>
              {Numbers.count(quote.data.quote.credits)} credits
            </Fact>
          </Facts>
        )}
      </div>
      {made.error === null ? null : <Refused problem={made.error} />}
      <div>
        <Button type="submit" look="primary" disabled={credits === undefined || made.isPending}>
          {made.isPending
            ? "Asking …"
            : credits === undefined
              ? "Download"
              : `Download for ${Numbers.count(credits)} credits`}
        </Button>
      </div>
    </form>
  )
}
