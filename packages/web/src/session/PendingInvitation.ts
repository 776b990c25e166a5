/** An invitation that somebody has opened, kept for this tab and its mails' links while they sign in. */
const name = "kalshibook.invitation"

/** The one that the address has brought, which then stands there no more; else the one from before. */
export const taken = (): string | undefined => {
  const [, token] = /^#([\w-]{10,100})$/.exec(location.hash) ?? []
  if (token !== undefined) {
    localStorage.setItem(name, token)
    history.replaceState(history.state, "", location.pathname + location.search)
  }
  return localStorage.getItem(name) ?? undefined
}

export const forget = (): void => localStorage.removeItem(name)
