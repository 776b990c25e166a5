// adapter: the browser's clock, read in this one place.
/** Now, and a component's view of it that goes on by itself. */
import { useEffect, useState } from "react"

export const nowMicros = (): number => Date.now() * 1_000

/** Now, renewed each second or so. */
export const useNowMicros = (everyMillis = 1_000): number => {
  const [now, setNow] = useState(nowMicros)
  useEffect(() => {
    const timer = setInterval(() => setNow(nowMicros()), everyMillis)
    return () => clearInterval(timer)
  }, [everyMillis])
  return now
}
