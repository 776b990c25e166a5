/** Where somebody goes who has signed in: to what he came for, which is a page of this site; else to the welcome. */
const welcome = "/welcome"

/** Never to another site, whatever the address says. */
export const of = (search: Readonly<Record<string, string>>): string => {
  const { next = welcome } = search
  return /^\/(?![/\\])/.test(next) ? next : welcome
}
