/** How a share of known time looks, in steps that can be named: all, nearly all, most, little, none, and nothing to know. */

export interface Shade {
  readonly name: string
  readonly className: string
}

const shades: ReadonlyArray<readonly [number, Shade]> = [
  [1, { name: "all of it", className: "bg-yes" }],
  [0.999, { name: "99.9 % or more", className: "bg-yes/75" }],
  [0.99, { name: "99 % or more", className: "bg-yes/55" }],
  [0.9, { name: "90 % or more", className: "bg-yes/35" }],
  [0.000001, { name: "less", className: "bg-warn/70" }],
  [0, { name: "none", className: "bg-bad/60" }]
]

const nothing: Shade = { name: "nothing was open", className: "bg-hover" }

export const of = (ratio: number | null | undefined): Shade =>
  ratio === null || ratio === undefined ? nothing : (shades.find(([atLeast]) => ratio >= atLeast)?.[1] ?? nothing)

export const all: ReadonlyArray<Shade> = [...shades.map(([, shade]) => shade), nothing]
