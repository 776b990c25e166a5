/** A page about one thing: a title, a few fields, and what to do instead. */
import type { ReactNode } from "react"
import { Panel } from "../design/Panel.tsx"

export const Narrow = (props: {
  readonly title: ReactNode
  readonly lead?: ReactNode
  readonly children: ReactNode
  readonly foot?: ReactNode
}) => (
  <div className="mx-auto w-full max-w-md px-4 py-10 sm:py-16">
    <h1 className="text-xl font-semibold tracking-tight text-balance">{props.title}</h1>
    {props.lead === undefined ? null : <p className="mt-1 text-soft text-pretty">{props.lead}</p>}
    <Panel className="mt-6">{props.children}</Panel>
    {props.foot === undefined ? null : (
      <div className="mt-4 flex flex-wrap gap-x-4 gap-y-1 text-sm text-soft">{props.foot}</div>
    )}
  </div>
)

/** Where to look for a mail that was sent. */
export const MailSent = (props: { readonly email: string; readonly children: ReactNode }) => (
  <div role="status">
    <p className="font-medium">Look into your mail</p>
    <p className="mt-1 text-sm text-soft text-pretty">
      {props.children} It went to <strong className="font-medium text-ink">{props.email}</strong>; open it in this
      browser. On a machine of your own, mails are shown where KalshiBook was started.
    </p>
  </div>
)
