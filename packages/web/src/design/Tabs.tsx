/** Parts of a page of which one is shown: with arrow keys, as tabs are. */
import type { ReactNode } from "react"
import { useId, useRef, useState } from "react"

export interface Tab {
  readonly name: string
  readonly content: () => ReactNode
}

export const Tabs = (props: { readonly label: string; readonly tabs: ReadonlyArray<Tab> }) => {
  const [chosen, setChosen] = useState(0)
  const id = useId()
  const list = useRef<HTMLDivElement>(null)
  const count = props.tabs.length
  const go = (place: number) => {
    const wanted = (place + count) % count
    setChosen(wanted)
    list.current?.querySelectorAll<HTMLButtonElement>("[role=tab]")[wanted]?.focus()
  }
  return (
    <div className="min-w-0 rounded-lg border border-line bg-panel">
      <div
        ref={list}
        role="tablist"
        aria-label={props.label}
        className="flex overflow-x-auto border-b border-line px-2"
        onKeyDown={(event) => {
          if (event.key === "ArrowRight") go(chosen + 1)
          if (event.key === "ArrowLeft") go(chosen - 1)
        }}
      >
        {props.tabs.map(({ name }, place) => (
          <button
            key={name}
            type="button"
            role="tab"
            id={`${id}-tab-${place}`}
            aria-selected={place === chosen}
            aria-controls={`${id}-panel`}
            tabIndex={place === chosen ? 0 : -1}
            onClick={() => setChosen(place)}
            className="-mb-px min-h-11 border-b-2 border-transparent px-3 text-sm font-medium whitespace-nowrap text-soft hover:text-ink aria-selected:border-accent aria-selected:text-ink"
          >
            {name}
          </button>
        ))}
      </div>
      <div id={`${id}-panel`} role="tabpanel" aria-labelledby={`${id}-tab-${chosen}`}>
        {props.tabs[chosen]?.content()}
      </div>
    </div>
  )
}
