/** What is typed or chosen, each with its name above it. */
import type { InputHTMLAttributes, ReactNode, SelectHTMLAttributes } from "react"
import { useId } from "react"

const control =
  "w-full min-h-9 rounded-md border border-edge/60 bg-panel px-2.5 text-sm text-ink placeholder:text-faint hover:border-edge"

const Named = (props: {
  readonly id: string
  readonly name: ReactNode
  readonly hint: ReactNode
  readonly isNameHidden: boolean
  readonly children: ReactNode
}) => (
  <div className="min-w-0">
    <label htmlFor={props.id} className={props.isNameHidden ? "sr-only" : "mb-1 block text-xs font-medium text-soft"}>
      {props.name}
    </label>
    {props.children}
    {props.hint === undefined ? null : (
      <p id={`${props.id}-hint`} className="mt-1 text-xs text-faint text-pretty">
        {props.hint}
      </p>
    )}
  </div>
)

interface Shared {
  readonly name: ReactNode
  readonly hint?: ReactNode
  readonly isNameHidden?: boolean
}

export const TextField = ({
  className = "",
  hint,
  isNameHidden = false,
  name,
  ...rest
}: Shared & Omit<InputHTMLAttributes<HTMLInputElement>, "name">) => {
  const id = useId()
  return (
    <Named id={id} name={name} hint={hint} isNameHidden={isNameHidden}>
      <input
        id={id}
        aria-describedby={hint === undefined ? undefined : `${id}-hint`}
        className={`${control} ${className}`}
        autoComplete="off"
        spellCheck={false}
        {...rest}
      />
    </Named>
  )
}

export const SelectField = ({
  className = "",
  hint,
  isNameHidden = false,
  name,
  ...rest
}: Shared & Omit<SelectHTMLAttributes<HTMLSelectElement>, "name">) => {
  const id = useId()
  return (
    <Named id={id} name={name} hint={hint} isNameHidden={isNameHidden}>
      <select
        id={id}
        aria-describedby={hint === undefined ? undefined : `${id}-hint`}
        className={`${control} ${className}`}
        {...rest}
      />
    </Named>
  )
}

export const CheckField = (props: {
  readonly name: ReactNode
  readonly isChecked: boolean
  readonly onChange: (isChecked: boolean) => void
}) => (
  <label className="flex min-h-8 cursor-pointer items-center gap-2 text-sm">
    <input
      type="checkbox"
      checked={props.isChecked}
      onChange={(event) => props.onChange(event.target.checked)}
      className="size-4 accent-accent"
    />
    {props.name}
  </label>
)
