/** What the REST calls about lobbies answer. */
import type { ClanMemberView, HostedGameView, LobbyView } from "./generated/events.ts";

export interface RoomPlayer {
  readonly user_id: number;
  readonly nick_name: string;
  readonly team_name: string;
  readonly guest: boolean;
  readonly admin: boolean;
  readonly caste: number;
  /** Number of their clan; 0 for none. */
  readonly clan: number;
  readonly primary_color: string;
  readonly client: string;
  readonly door: string;
  readonly in_game: boolean;
  readonly away: boolean;
  readonly afk_text: string;
}

export interface RoomGame {
  readonly id: number;
  readonly name: string;
  readonly map_name: string;
  readonly scoring_name: string;
  readonly difficulty: string;
  readonly scenario: string;
  readonly host_user_id: number;
  readonly host_name: string;
  readonly players: number;
  readonly max_players: number;
  readonly state: HostedGameView["state"];
  readonly joinable: boolean;
  readonly has_password: boolean;
  readonly reachable: boolean | null;
  readonly elapsed_seconds: number | null;
  readonly seconds_left: number | null;
  readonly line_up: readonly number[];
}

export interface ListedGame extends RoomGame {
  readonly room_id: number;
  readonly room_name: string;
  readonly family: string;
}

export interface LobbyRoom {
  readonly id: number;
  readonly name: string;
  readonly family: string;
  readonly type: LobbyView["kind"];
  readonly capacity: number;
  readonly min_caste: number;
  readonly max_caste: number;
  readonly locked: boolean;
  readonly squelched: boolean;
  readonly world_chat: boolean;
  /** `standard`, `tournament`, or what a plug-in calls its own, such as a game. */
  readonly type_name: string;
  readonly motd: string;
  readonly players: readonly RoomPlayer[];
  readonly games: readonly RoomGame[];
}

export interface LobbyRooms {
  readonly rooms: readonly LobbyRoom[];
  readonly players: number;
  readonly games: number;
}

export interface EnteredLobby {
  readonly lobby: LobbyView;
  readonly number: number;
  readonly name: string;
}

export interface Standing {
  readonly place: number;
  readonly caste: number;
  readonly points: number;
  readonly games: number;
  readonly wins: number;
  readonly losses: number;
  readonly ties: number;
  readonly damage_given: number;
  readonly damage_taken: number;
  readonly disconnects: number;
  readonly best_points: number;
  readonly best_caste: number;
}

export interface LadderRow extends Standing {
  readonly number: number;
  readonly name: string;
}

export interface LadderPage {
  readonly category: string;
  readonly kind: "player" | "clan";
  readonly categories: readonly string[];
  readonly rows: readonly LadderRow[];
}

export interface ClanEntry {
  readonly number: number;
  readonly name: string;
  readonly motto: string;
  readonly url: string;
  readonly members: number;
  readonly founded_at: string;
}

export type ClanRank = "leader" | "officer" | "member";

export interface ClanCard extends ClanEntry {
  readonly people: readonly {
    readonly number: number;
    readonly name: string;
    readonly rank: ClanRank;
    readonly room_id: number | null;
  }[];
}

export interface ClanDetails {
  readonly motto: string;
  readonly url: string;
  readonly contact: string;
  readonly motd: string;
}

/** A clan as its members see it. */
export interface OwnClan extends ClanDetails {
  readonly number: number;
  readonly name: string;
  readonly founded_at: string;
  /** Since when it has too few members; it goes after ten days. */
  readonly below_since: string | null;
  readonly members: readonly ClanMemberView[];
}

export interface NewClan extends ClanDetails {
  readonly name: string;
  readonly maintenance_password: string;
  readonly member_password: string;
}

export interface ClanChange extends ClanDetails {
  readonly maintenance_password?: string;
  readonly new_maintenance_password?: string;
  readonly new_member_password?: string;
}

export interface PlayerEntry {
  readonly number: number;
  readonly name: string;
  readonly role: string;
  readonly caste: number;
  readonly clan: { readonly number: number; readonly name: string } | null;
}

export interface Pairing {
  /** From 1. */
  readonly round: number;
  /** From 0, within the round. */
  readonly slot: number;
  /** Numbers of players; 0: not known yet, or nobody. */
  readonly first: number;
  readonly second: number;
  readonly winner: number;
  /** Number of the result that decided it; 0: none did. */
  readonly result: number;
}

export interface TournamentCard {
  readonly number: number;
  readonly name: string;
  readonly slot: number;
  readonly room_id: number;
  readonly state: "signup" | "running" | "finished" | "cancelled";
  readonly starts_at: string;
  readonly min_players: number;
  readonly max_players: number;
  readonly prize_pool: number;
  /** Percent of the pool for the first places. */
  readonly prize_shares: readonly number[];
  readonly entrants: readonly { readonly number: number; readonly name: string; readonly seed: number }[];
  readonly bracket: readonly Pairing[];
  readonly prizes: readonly { readonly place: number; readonly name: string; readonly amount: number }[];
}

export interface NewTournament {
  readonly name: string;
  readonly slot: number;
  readonly room_id: number;
  readonly starts_at: string;
  readonly min_players: number;
  readonly max_players: number;
  readonly prize_pool: number;
  readonly prize_shares: readonly number[];
}

export interface ResultLine {
  readonly number: number;
  readonly name: string;
  /** From 1; 0 for spectators. */
  readonly place: number;
  /** Those with the same one played together. */
  readonly side: number;
  readonly outcome: string;
  readonly captain: boolean;
  readonly finished: boolean;
  readonly units_killed: number;
  readonly units_lost: number;
  readonly damage_given: number;
  readonly damage_taken: number;
}

export interface ResultCard {
  readonly number: number;
  readonly name: string;
  readonly map_name: string;
  readonly room_id: number;
  readonly kind: LobbyView["kind"];
  readonly scoring: number;
  readonly verdict: string;
  readonly agreeing: number;
  readonly heard: number;
  readonly recorded_at: string;
  readonly players: readonly ResultLine[];
}

export interface PlayerPage {
  readonly number: number;
  readonly name: string;
  readonly guest: boolean;
  readonly role: string;
  readonly caste: number;
  readonly clan: { readonly number: number; readonly name: string } | null;
  readonly member_since: string;
  readonly profile: {
    readonly shown_name: string;
    readonly team: string;
    readonly city: string;
    readonly state: string;
    readonly country: string;
    readonly quote: string;
    readonly icon: number;
    readonly primary_color: string;
    readonly secondary_color: string;
  };
  readonly standings: Readonly<Record<string, Standing>>;
  readonly online: { readonly room_id: number; readonly room_name: string; readonly client: string } | null;
}

export interface OwnProfile {
  readonly shown_name: string;
  readonly team: string;
  readonly primary_color: string;
  readonly secondary_color: string;
  readonly city: string;
  readonly state: string;
  readonly country: string;
  readonly quote: string;
  /** As old clients number them. */
  readonly icon: number;
}
