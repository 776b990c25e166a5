// adapter: the browser's storage and clock.
/**
 * Who is signed in, in all tabs of this browser: what the auth client keeps in `localStorage`. The client itself is loaded only where
 * somebody signs in, or to refresh a token that ends; whoever only looks around never loads it.
 */
import { useSyncExternalStore } from "react"

export const storageKey = "kalshibook.session"
const accountKey = "kalshibook.account"

/** A token is refreshed so long before it ends. */
const marginSeconds = 30

export interface SignedIn {
  readonly userId: string
  readonly email: string
  readonly token: string
  /** Unix seconds. */
  readonly expiresAt: number
}

interface Kept {
  readonly access_token?: string
  readonly expires_at?: number
  readonly user?: { readonly id?: string; readonly email?: string } | null
}

const parsed = (text: string): SignedIn | undefined => {
  const { access_token: token, expires_at: expiresAt, user } = read(text)
  if (token === undefined || expiresAt === undefined || user?.id === undefined) return undefined
  return { token, expiresAt, userId: user.id, email: user.email ?? "" }
}

const read = (text: string): Kept => {
  try {
    return (JSON.parse(text) as Kept | null) ?? {}
  } catch {
    return {}
  }
}

const listeners = new Set<() => void>()
let known: { readonly text: string; readonly session: SignedIn | undefined } = { text: "", session: undefined }

const current = (): SignedIn | undefined => {
  const text = localStorage.getItem(storageKey) ?? ""
  if (text !== known.text) known = { text, session: text === "" ? undefined : parsed(text) }
  return known.session
}

/** Somebody has signed in or out. */
export const changed = (): void => {
  for (const listener of listeners) listener()
}

export const subscribe = (listener: () => void): (() => void) => {
  hearOtherTabs()
  listeners.add(listener)
  return () => listeners.delete(listener)
}

let hearsOtherTabs = false

/** The same person in other tabs: a token that was refreshed there is no news. From the first listener on. */
const hearOtherTabs = (): void => {
  if (hearsOtherTabs) return
  hearsOtherTabs = true
  let person = current()?.userId
  addEventListener("storage", ({ key }) => {
    if (key !== storageKey && key !== accountKey && key !== null) return
    const now = current()?.userId
    if (now === person && key === storageKey) return
    person = now
    changed()
  })
}

export const useSession = (): SignedIn | undefined => useSyncExternalStore(subscribe, current)

/** Which account is meant, where somebody is of several; `undefined` for the first. */
export const account = (): string | undefined => localStorage.getItem(accountKey) ?? undefined

export const setAccount = (accountId: string | undefined): void => {
  if (accountId === undefined) localStorage.removeItem(accountKey)
  else localStorage.setItem(accountKey, accountId)
  changed()
}

/** Ends the session in this browser, whatever becomes of it elsewhere. */
export const forget = (): void => {
  localStorage.removeItem(storageKey)
  setAccount(undefined)
}

export const useAccount = (): string | undefined => useSyncExternalStore(subscribe, account)

/** A token that is good now; `undefined` where nobody is signed in. */
export const token = async (): Promise<string | undefined> => {
  const session = current()
  if (session === undefined) return undefined
  if (session.expiresAt - marginSeconds > Date.now() / 1_000) return session.token
  return refresh()
}

type Refresh = () => Promise<string | undefined>
let refresh: Refresh = () => Promise.resolve(undefined)

/** How a token is refreshed: said by whoever puts the site on the page, since that knows this module, too. */
export const refreshBy = (how: Refresh): void => {
  refresh = how
}
