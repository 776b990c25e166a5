/** The request of the shown book beside its JSON, and a check of the levels that are shown against the API's own answer. */
import { useQueryClient } from "@tanstack/react-query"
import { memo, useState } from "react"
import * as Queries from "../api/Queries.ts"
import * as ShownBook from "../book/ShownBook.ts"
import { Button, Choice } from "../design/Button.tsx"
import { Code } from "../design/Copy.tsx"
import { Panel } from "../design/Panel.tsx"
import * as Instant from "../format/Instant.ts"
import * as Numbers from "../format/Numbers.ts"
import * as Snippets from "./Snippets.ts"
import type { FoundBook } from "./useBook.ts"

const sources: Readonly<Record<FoundBook["source"], string>> = {
  answer: "answered by the API for this moment",
  records: "folded in this browser from the log's records",
  sample: "the sample of this moment",
  stream: "folded in this browser from the stream's records",
  asked: "the book now, asked once a second"
}

type Check =
  | { readonly state: "none" | "asking" }
  | { readonly state: "same"; readonly levels: number; readonly atMicros: number; readonly hash: string }
  | { readonly state: "differs"; readonly levels: number; readonly atMicros: number }

const decimal = (units: number, decimals: number): string => (units / 10 ** decimals).toFixed(decimals)

/** In the API's own shape, so that both can be compared by eye. */
const jsonOf = (ticker: string, book: ShownBook.ShownBook): string => {
  const ladder = (levels: ReadonlyArray<ShownBook.Level>) =>
    [...levels].reverse().map(({ priceE4, sizeE2 }) => [decimal(priceE4, 4), decimal(sizeE2, 2)])
  const whole = {
    market_ticker: ticker,
    at: Instant.iso(book.atMicros),
    orderbook_fp: { yes_dollars: ladder(book.yes), no_dollars: ladder(book.no) },
    trust: book.trust.state,
    offset: book.offset
  }
  // A level a line.
  return JSON.stringify(whole, undefined, 2).replaceAll(/\[\s+("[\d.]+"),\s+("[\d.]+")\s+\]/g, "[$1, $2]")
}

interface Props {
  readonly ticker: string
  readonly found: FoundBook
  readonly isOpen: boolean
}

export const RequestPanel = memo((props: Props) => {
  const { found, ticker } = props
  const client = useQueryClient()
  const [language, setLanguage] = useState<Snippets.Language>("curl")
  const [check, setCheck] = useState<Check>({ state: "none" })
  const { book } = found
  const at = book === undefined ? "" : Instant.isoShort(book.atMicros)
  const path = `${Queries.marketPath(ticker, "/orderbook")}${at === "" ? "" : `?at=${at}`}`
  const snippet = Snippets.write(language, { url: `${location.origin}${path}`, isKeyed: !props.isOpen })
  const compare = () => {
    if (book === undefined) return
    setCheck({ state: "asking" })
    client.fetchQuery({ ...Queries.bookAt(ticker, Instant.iso(book.atMicros)), staleTime: 0 }).then(
      (answer) => {
        const theirs = ShownBook.ofAnswer(answer)
        const wrong = ShownBook.differences(book, theirs)
        const { atMicros } = book
        if (wrong > 0) return setCheck({ state: "differs", levels: wrong, atMicros })
        setCheck({ state: "same", levels: theirs.yes.length + theirs.no.length, atMicros, hash: answer.book_hash })
      },
      () => setCheck({ state: "none" })
    )
  }
  const isCurrent = "atMicros" in check && check.atMicros === book?.atMicros
  return (
    <Panel
      title="Request and answer"
      aside={
        <Choice
          label="Language"
          value={language}
          options={Snippets.languages.map((name) => [name, name])}
          onChange={setLanguage}
        />
      }
    >
      <div className="grid grid-cols-[minmax(0,1fr)] gap-4">
        <Code label={`The request in ${language}`} text={snippet} />
        {book === undefined ? null : (
          <>
            <div className="flex flex-wrap items-center justify-between gap-2 text-xs text-soft">
              <span>
                Levels: {sources[found.source]}
                {found.isPending ? ", exact answer on its way" : ""}
              </span>
              {found.source === "asked" ? null : (
                <Button className="min-h-7 text-xs" disabled={check.state === "asking"} onClick={compare}>
                  Check against the API
                </Button>
              )}
            </div>
            <p aria-live="polite" className="-mt-2 text-xs empty:hidden" data-check={isCurrent ? check.state : "none"}>
              {isCurrent && check.state === "same" ? (
                <span className="text-good">
                  All {Numbers.count(check.levels)} levels are the API's own. book_hash {check.hash}
                </span>
              ) : isCurrent && check.state === "differs" ? (
                <span className="text-bad">{Numbers.count(check.levels)} levels differ from the API's answer.</span>
              ) : null}
            </p>
            <Code label="The answer as JSON" text={jsonOf(ticker, book)} className="[&_[data-scrolls]]:max-h-72" />
          </>
        )}
      </div>
    </Panel>
  )
})
