/** Light, dark, or as the system has it. The choice is kept in this browser. */
import { useSyncExternalStore } from "react"

export type Theme = "system" | "light" | "dark"

const name = "kalshibook.theme"
const listeners = new Set<() => void>()

const theme = (): Theme => {
  const kept = localStorage.getItem(name)
  return kept === "light" || kept === "dark" ? kept : "system"
}

/** Tells the style sheet. Called before anything is drawn. */
export const apply = (): void => {
  const chosen = theme()
  if (chosen === "system") delete document.documentElement.dataset["theme"]
  else document.documentElement.dataset["theme"] = chosen
}

export const setTheme = (chosen: Theme): void => {
  localStorage.setItem(name, chosen)
  apply()
  for (const listener of listeners) listener()
}

const systemIsDark = matchMedia("(prefers-color-scheme: dark)")

const subscribe = (listener: () => void): (() => void) => {
  listeners.add(listener)
  systemIsDark.addEventListener("change", listener)
  return () => {
    listeners.delete(listener)
    systemIsDark.removeEventListener("change", listener)
  }
}

/** What is drawn by hand must know: canvases read the colours again when this changes. */
export const useIsDark = (): boolean =>
  useSyncExternalStore(subscribe, () => (theme() === "system" ? systemIsDark.matches : theme() === "dark"))
