/** A value that changes with every frame, followed only so often: for what is too large to be drawn anew each time. */
import { useEffect, useRef, useState } from "react"

/** The latest value is never older than `millis`, and what comes to rest is shown at once after that. */
export const useSlow = <Value>(value: Value, millis: number): Value => {
  const [shown, setShown] = useState(value)
  const latest = useRef(value)
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  latest.current = value
  useEffect(() => {
    if (Object.is(value, shown) || timer.current !== undefined) return
    timer.current = setTimeout(() => {
      timer.current = undefined
      setShown(latest.current)
    }, millis)
  }, [value, shown, millis])
  useEffect(() => () => clearTimeout(timer.current), [])
  return shown
}
