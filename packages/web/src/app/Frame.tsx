/** What is around every page: the way to the others, how times and colours are shown, and the key in use. */
import { useQuery } from "@tanstack/react-query"
import { Link, Outlet, useRouterState } from "@tanstack/react-router"
import { useEffect, useRef, useState } from "react"
import * as Queries from "../api/Queries.ts"
import { Button } from "../design/Button.tsx"
import { setZone, useTimes } from "../format/Zone.ts"
import { useKnown } from "../session/Known.ts"
import * as Session from "../session/Session.ts"
import { Mark } from "./Mark.tsx"
import { setTheme, useIsDark } from "./Theme.ts"

const places = [
  ["/explore", "Explore"],
  ["/coverage", "Coverage"],
  ["/playground", "Playground"],
  ["/downloads", "Downloads"],
  ["/pricing", "Pricing"],
  ["/status", "Status"]
] as const

const item =
  "rounded-md px-2.5 py-1.5 text-sm text-soft hover:bg-hover hover:text-ink [&.active]:bg-hover [&.active]:text-ink"

const Places = () => (
  <>
    {places.map(([to, text]) => (
      <Link key={to} to={to} className={item}>
        {text}
      </Link>
    ))}
    <a href="/docs" className={item}>
      API reference
    </a>
  </>
)

const Settings = () => {
  const times = useTimes()
  const isDark = useIsDark()
  return (
    <>
      <Button
        look="quiet"
        className="px-2 text-xs"
        onClick={() => setZone(times.zone === "utc" ? "local" : "utc")}
        title={times.zone === "utc" ? "Show times in your own zone" : `Show times in UTC, not in ${times.zoneName}`}
      >
        <span className="sr-only">Times are in </span>
        {times.zone === "utc" ? "UTC" : "Local"}
      </Button>
      <Button
        look="quiet"
        className="px-2"
        aria-label={isDark ? "Use light colours" : "Use dark colours"}
        onClick={() => setTheme(isDark ? "light" : "dark")}
      >
        <svg
          aria-hidden="true"
          viewBox="0 0 16 16"
          className="size-4"
          fill="none"
          stroke="currentColor"
          strokeWidth="1.4"
        >
          <circle cx="8" cy="8" r="5.2" />
          <path d="M8 2.8a5.2 5.2 0 0 1 0 10.4z" fill="currentColor" stroke="none" />
        </svg>
      </Button>
    </>
  )
}

/** Who is here: a stranger may come in, by key or in person; whoever is known has his own pages. */
const KeyState = () => {
  const known = useKnown()
  const session = Session.useSession()
  const { data: settings } = useQuery(Queries.settings)
  const canSignIn = settings != null && settings.auth !== null
  return (
    <>
      {known === undefined ? null : (
        <>
          <Link to="/usage" className={item}>
            Usage
          </Link>
          <Link to="/billing" className={item}>
            Billing
          </Link>
        </>
      )}
      <Link to="/keys" className={item}>
        {known === undefined ? "Use a key" : "Keys"}
      </Link>
      {session === undefined ? null : (
        <Link to="/account" className={item} title={session.email}>
          Account
        </Link>
      )}
      {session === undefined && canSignIn ? (
        <Link to="/sign-in" className={`${item} font-medium !text-ink`}>
          Sign in
        </Link>
      ) : null}
    </>
  )
}

export const Frame = () => {
  const [isOpen, setOpen] = useState(false)
  const path = useRouterState({ select: ({ location }) => location.pathname })
  const main = useRef<HTMLElement>(null)
  const before = useRef(path)
  useEffect(() => {
    if (before.current === path) return
    before.current = path
    setOpen(false)
    // Who listens to the page hears where he is.
    main.current?.focus({ preventScroll: true })
  }, [path])
  return (
    <div className="flex min-h-screen flex-col">
      <a
        href="#main"
        className="sr-only z-50 rounded-md bg-accent px-3 py-2 text-on-accent focus:not-sr-only focus:absolute focus:top-2 focus:left-2"
      >
        Skip to the content
      </a>
      <header className="sticky top-0 z-40 border-b border-line bg-page">
        <div className="mx-auto flex min-h-13 max-w-[84rem] items-center gap-2 px-4 sm:px-6">
          <Link to="/" className="-ml-1 flex items-center gap-2 rounded-md px-1 py-1 font-semibold tracking-tight">
            <Mark />
            KalshiBook
          </Link>
          <nav aria-label="Pages" className="ml-4 hidden items-center gap-0.5 lg:flex">
            <Places />
          </nav>
          <div className="ml-auto flex items-center gap-0.5">
            <Settings />
            <div className="hidden sm:flex">
              <KeyState />
            </div>
            <Button
              look="quiet"
              className="px-2 lg:hidden"
              aria-expanded={isOpen}
              aria-controls="menu"
              onClick={() => setOpen(!isOpen)}
            >
              Menu
            </Button>
          </div>
        </div>
        {isOpen ? (
          <nav id="menu" aria-label="Pages" className="grid gap-0.5 border-t border-line px-3 py-2 lg:hidden">
            <Places />
            <div className="grid sm:hidden">
              <KeyState />
            </div>
          </nav>
        ) : null}
      </header>
      <main id="main" ref={main} tabIndex={-1} className="flex-1 outline-none">
        <Outlet />
      </main>
      <Foot />
    </div>
  )
}

const Foot = () => (
  <footer className="border-t border-line">
    <div className="mx-auto flex max-w-[84rem] flex-wrap gap-x-6 gap-y-2 px-4 py-6 text-xs text-faint sm:px-6">
      <span>KalshiBook records and gives back. It is not affiliated with Kalshi.</span>
      <nav aria-label="More" className="flex flex-wrap gap-x-4 gap-y-1 sm:ml-auto">
        <a className="hover:text-ink" href="/docs">
          API reference
        </a>
        <a className="hover:text-ink" href="/openapi.json">
          OpenAPI
        </a>
        <Link className="hover:text-ink" to="/status">
          Status
        </Link>
        <Link className="hover:text-ink" to="/coverage">
          Coverage
        </Link>
      </nav>
    </div>
  </footer>
)
