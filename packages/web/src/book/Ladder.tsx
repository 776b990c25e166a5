/**
 * The book as a ladder on the yes scale: what yes can be bought for above, what is bid for it below. The asks are the bids for no, seen from
 * the other side, and are named so. Always the same number of rows, so that nothing jumps while time passes.
 */
import { memo } from "react"
import * as Numbers from "../format/Numbers.ts"
import * as ShownBook from "./ShownBook.ts"

interface Row {
  /** On the yes scale, 1/10,000 dollar. */
  readonly priceE4: number
  readonly sizeE2: number
  /** All that stands between here and the best, this level included. */
  readonly totalE2: number
}

const rowsOf = (levels: ReadonlyArray<ShownBook.Level>, rowsMax: number, isAsk: boolean): ReadonlyArray<Row> => {
  let totalE2 = 0
  return levels.slice(0, rowsMax).map(({ priceE4, sizeE2 }) => {
    totalE2 += sizeE2
    return { priceE4: isAsk ? ShownBook.dollarE4 - priceE4 : priceE4, sizeE2, totalE2 }
  })
}

const sideClass = {
  yes: { bar: "bg-yes-fill", text: "text-yes" },
  no: { bar: "bg-no-fill", text: "text-no" }
} as const

const LadderRow = memo(
  (props: { readonly row: Row | undefined; readonly side: "yes" | "no"; readonly share: number }) => {
    const { row, side } = props
    if (row === undefined) {
      return (
        <tr className="h-6">
          <td colSpan={3} aria-hidden />
        </tr>
      )
    }
    return (
      <tr
        className="relative h-6"
        data-level={side}
        data-price={side === "yes" ? row.priceE4 : ShownBook.dollarE4 - row.priceE4}
        data-size={row.sizeE2}
      >
        <td className={`relative w-[28%] pl-4 font-medium ${sideClass[side].text}`}>{Numbers.cents(row.priceE4)}</td>
        <td className="relative w-[36%] text-right">{Numbers.contracts(row.sizeE2)}</td>
        <td className="relative w-[36%] pr-4 text-right text-soft">
          <span
            aria-hidden="true"
            className={`absolute inset-y-0.5 right-0 -z-10 rounded-l-sm ${sideClass[side].bar}`}
            style={{ width: `${Math.max(1, props.share * 270)}%` }}
          />
          {Numbers.count(Math.round(row.totalE2 / 100))}
        </td>
      </tr>
    )
  },
  (before, after) =>
    before.share === after.share &&
    before.side === after.side &&
    before.row?.priceE4 === after.row?.priceE4 &&
    before.row?.sizeE2 === after.row?.sizeE2 &&
    before.row?.totalE2 === after.row?.totalE2
)

const Spread = ({ book }: { readonly book: ShownBook.ShownBook }) => {
  const { askImpliedE4, bidE4 } = ShownBook.best(book)
  const text =
    bidE4 === undefined || askImpliedE4 === undefined
      ? "One side is empty"
      : `Spread ${Numbers.cents(askImpliedE4 - bidE4)} ¢ · Mid ${Numbers.cents((askImpliedE4 + bidE4) / 2)} ¢`
  return (
    <tr className="h-8">
      <td colSpan={3} className="border-y border-line bg-sunk px-4 text-center text-xs text-soft">
        {text}
      </td>
    </tr>
  )
}

/** Of the table's head and the line of the spread together, and of a level. */
const headRem = 4
const rowRem = 1.5

export const Ladder = (props: { readonly book: ShownBook.ShownBook; readonly rows: number }) => {
  const { book, rows } = props
  const asks = rowsOf(book.no, rows, true)
  const bids = rowsOf(book.yes, rows, false)
  const most = Math.max(1, asks.at(-1)?.totalE2 ?? 0, bids.at(-1)?.totalE2 ?? 0)
  const isTrusted = book.trust.state === "trusted"
  const places = Array.from({ length: rows }, (_, place) => place)
  return (
    // Of a known height, so that a book that changes with each frame moves nothing else.
    <div className="contain-strict" style={{ height: `${headRem + 2 * rows * rowRem}rem` }}>
      <table
        className={`isolate w-full table-fixed border-collapse text-sm leading-6 ${isTrusted ? "" : "opacity-45 grayscale"}`}
        data-offset={book.offset}
        data-at={book.atMicros}
      >
        <caption className="sr-only">
          The order book: asks above, bids below, prices in cents, sizes in contracts.{" "}
          {isTrusted ? "" : "It is not known at this moment; these are the last good levels."}
        </caption>
        <thead>
          <tr className="h-8 text-xs text-faint">
            <th className="pl-4">Yes price, ¢</th>
            <th className="text-right">Contracts</th>
            <th className="pr-4 text-right">Total</th>
          </tr>
        </thead>
        <tbody>
          {places.map((place) => {
            const row = asks[rows - 1 - place]
            return <LadderRow key={`no-${place}`} side="no" row={row} share={(row?.totalE2 ?? 0) / most} />
          })}
          <Spread book={book} />
          {places.map((place) => {
            const row = bids[place]
            return <LadderRow key={`yes-${place}`} side="yes" row={row} share={(row?.totalE2 ?? 0) / most} />
          })}
        </tbody>
      </table>
    </div>
  )
}
