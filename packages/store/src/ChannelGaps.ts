/**
 * The holes in the channels of the whole exchange that the hot tier has stored (`HotBatch.channelGaps`), and their filling: what
 * the exchange still tells of its past (trades, by id) is put where it was missing.
 */
import { PgClient } from "@effect/sql-pg"
import type { ChannelGap, SideChannel } from "@kalshibook/core/ChannelGap"
import type { TradeRecord } from "@kalshibook/core/TradeRecord"
import { Context, Effect, Layer } from "effect"
import * as ChannelGapsMemory from "./ChannelGapsMemory.ts"
import * as ChannelGapsPostgres from "./ChannelGapsPostgres.ts"
import * as Database from "./Database.ts"
import { HotConnection } from "./HotConnection.ts"
import type { HotTierError } from "./HotTierError.ts"
import { HotTierState } from "./HotTierState.ts"

/** A hole with what is known of its filling. */
export interface StoredChannelGap extends ChannelGap {
  /** When it was filled, Unix microseconds; `null` while it is not. */
  readonly tsFilledMicros: number | null
  /** How many messages the run that completed it brought which were missing; `null` while it is not filled. */
  readonly entriesFilled: number | null
}

export class ChannelGaps extends Context.Service<
  ChannelGaps,
  {
    /** Holes of the channel that have ended and are not filled yet, by their beginning; at most `entriesMax`. */
    readonly unfilled: (
      channel: SideChannel,
      entriesMax: number
    ) => Effect.Effect<ReadonlyArray<StoredChannelGap>, HotTierError>
    /** Stores those of the trades that are not there yet: a part of what fills a hole. Returns those that were new. */
    readonly fillPart: (trades: ReadonlyArray<TradeRecord>) => Effect.Effect<ReadonlyArray<TradeRecord>, HotTierError>
    /**
     * Stores those of the trades that are not there yet and marks the hole as filled, in one transaction: by them and the
     * `entriesBefore` that earlier parts brought. Returns those that were new. A hole that is filled already keeps its mark, and one that is not stored, or has not ended, gets none; trades are
     * stored all the same.
     */
    readonly fill: (
      gap: ChannelGap,
      trades: ReadonlyArray<TradeRecord>,
      tsFilledMicros: number,
      entriesBefore?: number
    ) => Effect.Effect<ReadonlyArray<TradeRecord>, HotTierError>
    /** Holes of the channel that reach into [from, to), receive clock, by their beginning. */
    readonly overlapping: (
      channel: SideChannel,
      fromMicros: number,
      toMicros: number
    ) => Effect.Effect<ReadonlyArray<StoredChannelGap>, HotTierError>
    /** Holes of all channels that have not ended, by channel and beginning. */
    readonly open: Effect.Effect<ReadonlyArray<StoredChannelGap>, HotTierError>
  }
>()("@kalshibook/store/ChannelGaps") {
  /** Writes on the same connection as `HotTier.layerNoDeps` when both are built together. */
  static readonly layerNoDeps: Layer.Layer<ChannelGaps, never, PgClient.PgClient> = Layer.effect(
    ChannelGaps,
    Effect.gen(function* () {
      return ChannelGaps.of(ChannelGapsPostgres.make(yield* PgClient.PgClient, yield* HotConnection))
    })
  ).pipe(Layer.provide(HotConnection.layerNoDeps))

  /** In the database of the environment (`Database.layer`). */
  static readonly layer = ChannelGaps.layerNoDeps.pipe(Layer.provide(Database.layer))

  /** The same contract in memory, over what `HotTier.layerMemory` keeps when both are built together. */
  static readonly layerMemory: Layer.Layer<ChannelGaps> = Layer.effect(
    ChannelGaps,
    Effect.map(HotTierState, (state) => ChannelGaps.of(ChannelGapsMemory.make(state)))
  ).pipe(Layer.provide(HotTierState.layer))
}
