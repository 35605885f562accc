/** What the REST calls about lobbies answer. */
import type { LobbyView } from "./generated/events.ts";

export interface RoomPlayer {
  readonly user_id: number;
  readonly nick_name: string;
  readonly guest: boolean;
  readonly admin: boolean;
  readonly caste: number;
  readonly primary_color: string;
  readonly client: string;
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
  readonly state: "listed" | "running" | "ended";
  readonly joinable: boolean;
  readonly has_password: boolean;
  readonly reachable: boolean | null;
  readonly seconds_left: number | null;
}

export interface LobbyRoom {
  readonly id: number;
  readonly name: string;
  readonly family: string;
  readonly type: LobbyView["kind"];
  readonly capacity: number;
  readonly min_caste: number;
  readonly max_caste: number;
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
}

export interface LadderRow extends Standing {
  readonly number: number;
  readonly name: string;
}

export interface LadderPage {
  readonly category: string;
  readonly kind: "player" | "clan";
  readonly rows: readonly LadderRow[];
}

export interface ClanEntry {
  readonly number: number;
  readonly name: string;
  readonly motto: string;
  readonly members: number;
}

export interface ClanCard extends ClanEntry {
  readonly people: readonly {
    readonly number: number;
    readonly name: string;
    readonly rank: "leader" | "officer" | "member";
    readonly room_id: number | null;
  }[];
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
}
