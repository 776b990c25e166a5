/**
 * Faults of commands: never answered, answered late (with what happens to books meanwhile, or without), or refused. A `get_snapshot` of several markets of which a fault names some
 * falls in two: only the snapshots of those are late, or never come.
 */
import * as Command from "@kalshibook/core/kalshi/Command"
import { Result } from "effect"

/** What a command asks for: its `cmd`, or the `action` of an `update_subscription`. */
export const commandKinds = [
  "subscribe",
  "unsubscribe",
  "add_markets",
  "delete_markets",
  "get_snapshot",
  "list_subscriptions"
] as const
export type CommandKind = (typeof commandKinds)[number]

export type Treatment =
  | { readonly _tag: "ignore" }
  | { readonly _tag: "delay"; readonly millis: number }
  /** As `delay`, and the changes of books meanwhile are lost on the way: the answer is the first that shows it. */
  | { readonly _tag: "lose"; readonly millis: number }
  | { readonly _tag: "refuse"; readonly code: number }

/** To which commands it is done. Absent fields do not restrict. */
export interface CommandFault {
  readonly treatment: Treatment
  readonly connection?: number | undefined
  readonly command?: CommandKind | undefined
  /** Commands that name one of these markets. */
  readonly marketTickers?: ReadonlyArray<string> | undefined
  readonly count: number
}

export interface CommandFaults {
  armed: Array<{ readonly fault: CommandFault; left: number }>
}

export const make = (): CommandFaults => ({ armed: [] })

export const arm = (faults: CommandFaults, fault: CommandFault): void => {
  faults.armed.push({ fault, left: fault.count })
}

export const clear = (faults: CommandFaults): void => {
  faults.armed = []
}

/** A command, or a part of one, and what is done to it; `undefined` where it is simply obeyed. */
export interface Treated {
  readonly text: string
  readonly treatment: Treatment | undefined
}

/** What becomes of a command of a connection, given as its frame. */
export const treat = (faults: CommandFaults, connection: number, text: string): ReadonlyArray<Treated> => {
  if (faults.armed.length === 0) return [{ text, treatment: undefined }]
  const decoded = Command.decode(text)
  const command = Result.isSuccess(decoded) ? decoded.success : undefined
  const hit = faults.armed.find(({ fault }) => isHit(fault, connection, command))
  if (hit === undefined) return [{ text, treatment: undefined }]
  if (--hit.left === 0) faults.armed = faults.armed.filter((one) => one !== hit)
  const { marketTickers, treatment } = hit.fault
  const parts = command === undefined || marketTickers === undefined ? undefined : split(command, marketTickers)
  if (parts === undefined) return [{ text, treatment }]
  return [
    { text: parts.others, treatment: undefined },
    { text: parts.named, treatment }
  ]
}

const kindOf = (command: Command.Command): CommandKind =>
  command.cmd === "update_subscription" ? command.action : command.cmd

const tickersOf = (command: Command.Command): ReadonlyArray<string> =>
  command.cmd === "subscribe" || command.cmd === "update_subscription" ? (command.marketTickers ?? []) : []

const isHit = (fault: CommandFault, connection: number, command: Command.Command | undefined): boolean => {
  if (fault.connection !== undefined && fault.connection !== connection) return false
  if (fault.command !== undefined && (command === undefined || kindOf(command) !== fault.command)) return false
  if (fault.marketTickers === undefined) return true
  return command !== undefined && tickersOf(command).some((ticker) => fault.marketTickers?.includes(ticker))
}

/** A `get_snapshot` as two, where it names both markets that are meant and others. */
const split = (
  command: Command.Command,
  meant: ReadonlyArray<string>
): { readonly named: string; readonly others: string } | undefined => {
  if (command.cmd !== "update_subscription" || command.action !== "get_snapshot") return undefined
  const tickers = tickersOf(command)
  const others = tickers.filter((ticker) => !meant.includes(ticker))
  if (others.length === 0) return undefined
  const part = (marketTickers: ReadonlyArray<string>): string => Command.encode({ ...command, marketTickers })
  return { named: part(tickers.filter((ticker) => meant.includes(ticker))), others: part(others) }
}
