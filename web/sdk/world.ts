/** What the REST calls about shards, the log of the world, quests and who is near answer. */
import type { OccupantView, QuestView } from "./generated/events.ts";

export interface WorldState {
  readonly world_date: string;
  readonly current_reality: string;
  /** 0 to 100; at 0 the world falls. */
  readonly reality_stability: number;
  readonly condition: string;
  /** Factions that hold no shard are left out. */
  readonly faction_shard_counts: Readonly<Record<string, number>>;
  readonly dominant_faction: string | null;
  readonly cycle: number;
  readonly transformations: readonly string[];
  readonly imminent: boolean;
}

export interface CrystalShard {
  /** 1 to 12. */
  readonly id: number;
  readonly name: string;
  readonly description: string;
  readonly element: string;
  /** Null: it lies nowhere in this world. */
  readonly room_id: string | null;
  readonly place: string;
  readonly status: "unclaimed" | "contested" | "controlled" | "sealed" | "lost";
  readonly owning_faction: string | null;
  readonly captured_by: string | null;
  readonly captured_at: string | null;
  readonly sealed_until: string | null;
  readonly guardian_name: string;
  readonly guardian_defeated: boolean;
}

export interface ShardOwner {
  readonly character_name: string;
  readonly faction: string;
  readonly captured_at: string;
  readonly lost_at: string | null;
  readonly helpers: readonly string[];
}

export interface WorldEvent {
  readonly id: number;
  readonly title: string;
  readonly description: string;
  readonly timestamp: string;
}

export interface WorldEvents {
  readonly events: readonly WorldEvent[];
  /** Null: there are no earlier ones. */
  readonly next_before: number | null;
}

export interface QuestLog {
  readonly quests: readonly QuestView[];
  /** Those one can take on where one is. */
  readonly offers: readonly QuestView[];
}

export interface NearbyPlayer {
  readonly id: string;
  readonly name: string;
  readonly level: number;
  readonly faction: string;
  readonly status: NonNullable<OccupantView["status"]>;
  readonly last_seen_at: string;
}
