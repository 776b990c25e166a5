/**
 * What is stored is exactly what an uninterrupted recorder derives from the tape, however often the collector died; every log is
 * whole; and the tape has every frame that was handed to a collector which lived to sync it.
 */
import * as Book from "@kalshibook/core/Book"
import type { ChannelGap } from "@kalshibook/core/ChannelGap"
import type { ConnectionRecord } from "@kalshibook/core/ConnectionRecord"
import * as Replay from "@kalshibook/core/Replay"
import * as Endings from "@kalshibook/store/Endings"
import type { Born, Evidence, Violation } from "./Evidence.ts"

export const judge = (evidence: Evidence): ReadonlyArray<Violation> => [
  ...isDerivedFromTape(evidence),
  ...logsAreWhole(evidence),
  ...tapeHasAllFrames(evidence)
]

/** The order of fields says nothing. */
const textOf = (value: object): string =>
  JSON.stringify(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)))

const isDerivedFromTape = ({ derived, logs, world }: Evidence): ReadonlyArray<Violation> => {
  const rule = "what is stored is what the tape yields"
  const { state } = world.database
  const violations: Array<Violation> = []
  for (const marketTicker of new Set([...logs.keys(), ...state.logs.keys()])) {
    const stored = state.logs.get(marketTicker) ?? []
    const log = logs.get(marketTicker) ?? []
    for (let at = 0; at < Math.max(stored.length, log.length); at++) {
      const [one, other] = [stored[at], log[at]?.value]
      if (one !== undefined && other !== undefined && textOf(one) === textOf(other)) continue
      const detail = `stored ${JSON.stringify(one)}, by the tape ${JSON.stringify(other)}`
      violations.push({ rule, detail, marketTicker, offset: at + 1 })
      break
    }
  }
  const keyframes = [...state.keyframes.values()].flatMap((byOffset) => [...byOffset.values()])
  const connections = new Map<number, ConnectionRecord>()
  Endings.tellConnections(connections, valuesOf(derived.connections))
  const channelGaps = new Map<string, ChannelGap>()
  Endings.tellChannelGaps(channelGaps, valuesOf(derived.channelGaps), (gap) => gap)
  const channelGapsStored = [...state.channelGaps.values()].map(({ entriesFilled, tsFilledMicros, ...gap }) => gap)
  return [
    ...violations,
    ...sameSet(`${rule}: keyframes`, keyframes, valuesOf(derived.keyframes)),
    ...sameSet(
      `${rule}: trades`,
      [...state.trades.values()].filter(({ epoch }) => epoch !== 0),
      // One that REST told first stays as REST told it.
      unique(valuesOf(derived.trades), (one) => one.tradeId).filter((one) => state.trades.get(one.tradeId)?.epoch !== 0)
    ),
    ...sameSet(
      `${rule}: lifecycle messages`,
      [...state.lifecycle.values()],
      unique(valuesOf(derived.lifecycle), ({ epoch, seq, sid }) => `${epoch} ${sid} ${seq}`)
    ),
    ...sameSet(`${rule}: connections`, [...state.connections.values()], [...connections.values()]),
    ...sameSet(`${rule}: holes of channels`, channelGapsStored, [...channelGaps.values()])
  ]
}

const valuesOf = <A>(born: ReadonlyArray<Born<A>>): ReadonlyArray<A> => born.map(({ value }) => value)

/** The first of each name. */
const unique = <A>(values: ReadonlyArray<A>, nameOf: (value: A) => string): ReadonlyArray<A> => {
  const found = new Map<string, A>()
  for (const value of values) if (!found.has(nameOf(value))) found.set(nameOf(value), value)
  return [...found.values()]
}

const sameSet = (
  rule: string,
  stored: ReadonlyArray<object>,
  derived: ReadonlyArray<object>
): ReadonlyArray<Violation> => {
  const texts = new Set(derived.map(textOf))
  const missing = new Set(texts)
  for (const value of stored) {
    const text = textOf(value)
    missing.delete(text)
    if (!texts.has(text)) return [{ rule, detail: `stored and not by the tape: ${text}` }]
  }
  const [first] = missing
  return first === undefined ? [] : [{ rule, detail: `by the tape and not stored: ${first}` }]
}

const logsAreWhole = ({ world }: Evidence): ReadonlyArray<Violation> => {
  const violations: Array<Violation> = []
  const { keyframes, logs } = world.database.state
  for (const [marketTicker, log] of logs) {
    const replay = Replay.make()
    const seen = new Set<string>()
    const byOffset = keyframes.get(marketTicker)
    let tsMicros = 0
    for (const [index, record] of log.entries()) {
      const bad = (rule: string, detail = ""): void => {
        violations.push({ rule, detail, marketTicker, offset: index + 1 })
      }
      Replay.apply(replay, record)
      if (record.offset !== index + 1) bad("offsets have no holes", `${record.offset}`)
      if (record.tsReceivedMicros < tsMicros) bad("times never go back", `${record.tsReceivedMicros} after ${tsMicros}`)
      tsMicros = record.tsReceivedMicros
      if (record.kind !== "gap") {
        const name = `${record.epoch} ${record.sid} ${record.seq}`
        if (seen.has(name)) bad("no frame is stored twice", name)
        seen.add(name)
      }
      const keyframe = byOffset?.get(record.offset)
      if (keyframe === undefined) continue
      if (
        keyframe.bookHash !== Book.hash(replay.book) ||
        Book.hash(Book.fromLevels(keyframe.levels)) !== keyframe.bookHash
      )
        bad("keyframes are the fold")
    }
  }
  return violations
}

/** How long after the disk gave out a frame may still have been handed over. */
const lateMicrosMax = 5_000

/**
 * A connection's frames on the tape are those that it was handed, in order; of the last ones some may be missing when the collector
 * was killed, or the disk gave out, before they were synced.
 */
const tapeHasAllFrames = ({ entries, world }: Evidence): ReadonlyArray<Violation> => {
  const rule = "every frame received is on the tape"
  const { disk, machine, network } = world
  const byConnection = Map.groupBy(
    entries.filter(({ kind }) => kind === "received"),
    ({ epoch }) => machine.connectionOf.get(epoch) ?? 0
  )
  const losses = [...machine.kills, ...disk.failures]
  const mayBeLost = (atMicros: number): boolean =>
    losses.some((lossMicros) => atMicros >= lossMicros - disk.syncMicros && atMicros <= lossMicros + lateMicrosMax)
  for (const [connection, delivered] of network.delivered) {
    const frames = byConnection.get(connection) ?? []
    const wrong = frames.findIndex((entry, at) => !delivered[at]?.bytes.equals(entry.body))
    if (wrong !== -1) return [{ rule, detail: `frame ${wrong + 1} of connection ${connection} is another on the tape` }]
    const lost = delivered.slice(frames.length).find(({ atMicros }) => !mayBeLost(atMicros))
    if (lost !== undefined) {
      const when = (lost.atMicros - world.startMicros) / 1e6
      return [{ rule, detail: `of connection ${connection} a frame of ${when} s is not there: ${lost.bytes}` }]
    }
  }
  return []
}
