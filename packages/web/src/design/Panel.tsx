/** A page and the framed parts of it. */
import type { ReactNode } from "react"

/** A page's title with what stands beside it; everything below follows in one rhythm. */
export const Page = (props: {
  readonly title: ReactNode
  readonly lead?: ReactNode
  readonly aside?: ReactNode
  readonly children: ReactNode
}) => (
  <div className="mx-auto w-full max-w-[84rem] px-4 py-6 sm:px-6 sm:py-8">
    <div className="mb-6 flex flex-wrap items-end justify-between gap-x-6 gap-y-3">
      <div className="min-w-0 max-w-3xl">
        <h1 className="text-xl font-semibold tracking-tight text-balance">{props.title}</h1>
        {props.lead === undefined ? null : <p className="mt-1 text-soft text-pretty">{props.lead}</p>}
      </div>
      {props.aside}
    </div>
    {props.children}
  </div>
)

export const Panel = (props: {
  readonly title?: ReactNode
  readonly aside?: ReactNode
  readonly children: ReactNode
  readonly className?: string
  /** Tables and charts reach the frame. */
  readonly flush?: boolean
}) => (
  <section className={`min-w-0 rounded-lg border border-line bg-panel ${props.className ?? ""}`}>
    {props.title === undefined ? null : (
      <div className="flex min-h-11 flex-wrap items-center justify-between gap-x-4 gap-y-1 border-b border-line px-4 py-1.5">
        <h2 className="text-sm font-semibold">{props.title}</h2>
        {props.aside}
      </div>
    )}
    <div className={props.flush === true ? "" : "p-4"}>{props.children}</div>
  </section>
)

/** Facts under their names. */
export const Facts = (props: { readonly children: ReactNode; readonly className?: string }) => (
  <dl className={`grid gap-x-6 gap-y-4 ${props.className ?? "grid-cols-2 sm:grid-cols-4"}`}>{props.children}</dl>
)

export const Fact = (props: { readonly name: ReactNode; readonly children: ReactNode; readonly note?: ReactNode }) => (
  <div className="min-w-0">
    <dt className="text-xs text-faint">{props.name}</dt>
    <dd className="mt-0.5 truncate text-base font-medium">{props.children}</dd>
    {props.note === undefined ? null : <dd className="text-xs text-faint">{props.note}</dd>}
  </div>
)

/** A table that scrolls by itself where the screen is narrow, reachable by keyboard. */
export const Table = (props: { readonly label: string; readonly children: ReactNode; readonly className?: string }) => (
  // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable without a mouse
  <section aria-label={props.label} className={`relative overflow-x-auto ${props.className ?? ""}`} tabIndex={0}>
    <table className="w-full border-collapse text-sm [&_td]:border-t [&_td]:border-line [&_td]:px-2.5 [&_td]:py-2 [&_td:first-child]:pl-4 [&_td:last-child]:pr-4 [&_th]:px-2.5 [&_th:first-child]:pl-4 [&_th:last-child]:pr-4 sm:[&_td]:px-4 sm:[&_th]:px-4 [&_th]:py-2 [&_th]:text-xs [&_th]:whitespace-nowrap [&_th]:text-faint [&_tr:hover_td]:bg-hover">
      {props.children}
    </table>
  </section>
)
