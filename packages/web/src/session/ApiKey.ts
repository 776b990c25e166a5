/**
 * The key that this browser tab sends, if somebody has entered one: kept for the tab alone (`sessionStorage`), gone when it is closed.
 */
import { useSyncExternalStore } from "react"

const name = "kalshibook.key"
const listeners = new Set<() => void>()

/** Whether a text has the form of a key; whether there is such a key the server says. */
export const looksLikeKey = (text: string): boolean => /^kb_live_[A-Za-z0-9_]{20,}$/.test(text)

export const current = (): string | undefined => sessionStorage.getItem(name) ?? undefined

export const set = (key: string | undefined): void => {
  if (key === undefined) sessionStorage.removeItem(name)
  else sessionStorage.setItem(name, key)
  for (const listener of listeners) listener()
}

export const subscribe = (listener: () => void): (() => void) => {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export const useApiKey = (): string | undefined => useSyncExternalStore(subscribe, current)

/** What may be shown of a key: enough to know it again. */
export const shown = (key: string): string => `${key.slice(0, 18)}…`
