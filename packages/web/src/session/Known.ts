/** Whether the server knows who asks: by a key that this tab sends, or because somebody is signed in. */
import * as ApiKey from "./ApiKey.ts"
import * as Session from "./Session.ts"

/** Changes with whoever it is; `undefined` for a stranger. */
export const useKnown = (): string | undefined => {
  const key = ApiKey.useApiKey()
  const session = Session.useSession()
  return key ?? session?.userId
}

export const subscribe = (listener: () => void): void => {
  ApiKey.subscribe(listener)
  Session.subscribe(listener)
}
