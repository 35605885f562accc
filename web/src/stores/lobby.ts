/** What the player knows of the lobby they are in, as a pure function of the events received. */
import type {
  FriendView,
  HostedGameView,
  LobbyMessage,
  LobbyPlayerLeft,
  LobbyPlayerView,
  LobbyState,
  LobbyView,
  ServerEvent,
} from "@mythgate/sdk";
import { REMOVED } from "./lines.ts";
import { type RoomPlay, titleOf } from "./roomPlay.ts";

export const MAX_LOBBY_LINES = 300;

export interface LobbyLine {
  readonly id: number;
  readonly at: string;
  /** `line`: by the server; `presence`: who comes and goes; `game`: what is hosted; `refusal`: why not. */
  readonly kind: LobbyMessage["kind"] | "presence" | "game" | "refusal";
  /** Who speaks or is spoken of; 0: nobody. */
  readonly number: number;
  readonly name: string;
  /** With style codes. */
  readonly styled: string;
  readonly target?: { readonly number: number; readonly name: string } | undefined;
  readonly messageId?: string | undefined;
  /** Said before one came. */
  readonly past?: boolean | undefined;
}

/** A game, and when the server said so. */
export type ToldGame = HostedGameView & { readonly told?: string };

export interface Lobby {
  /** Null while one is in none. */
  readonly room: LobbyView | null;
  /** Why one is in none any more; null while one is in one, or was in none. */
  readonly out: LobbyPlayerLeft["reason"] | null;
  /** One's own number there. */
  readonly you: number;
  readonly players: readonly LobbyPlayerView[];
  readonly games: readonly ToldGame[];
  /** Null: nothing is played in the lobby itself. */
  readonly play: RoomPlay | null;
  /** All lobbies, as last told. */
  readonly lobbies: readonly LobbyView[];
  readonly friends: readonly FriendView[];
  /** Grows with every change of one's clan. */
  readonly clanChanges: number;
  readonly lines: readonly LobbyLine[];
  readonly nextLine: number;
  /** The last line that was on the screen. */
  readonly seen: number;
}

export const EMPTY_LOBBY: Lobby = {
  room: null,
  out: null,
  you: 0,
  players: [],
  games: [],
  play: null,
  lobbies: [],
  friends: [],
  clanChanges: 0,
  lines: [],
  nextLine: 1,
  seen: 0,
};

type NewLine = Omit<LobbyLine, "id">;

export function addLobbyLines(lobby: Lobby, ...lines: readonly NewLine[]): Lobby {
  if (lines.length === 0) return lobby;
  const numbered = lines.map((line, index) => ({ ...line, id: lobby.nextLine + index }));
  return {
    ...lobby,
    lines: [...lobby.lines, ...numbered].slice(-MAX_LOBBY_LINES),
    nextLine: lobby.nextLine + lines.length,
  };
}

const said = (at: string, kind: LobbyLine["kind"], styled: string, number = 0, name = ""): NewLine => ({
  at,
  kind,
  styled,
  number,
  name,
});

/** Why something was not done. */
export const refuse = (lobby: Lobby, text: string, at: string): Lobby =>
  addLobbyLines(lobby, said(at, "refusal", text));

export const allRead = (lobby: Lobby): Lobby =>
  lobby.seen === lobby.nextLine - 1 ? lobby : { ...lobby, seen: lobby.nextLine - 1 };

/** How many words of people have not been on the screen. */
export const unreadIn = ({ lines, seen }: Lobby): number =>
  lines.filter((line) => line.id > seen && !line.past && SPOKEN.has(line.kind)).length;

const SPOKEN: ReadonlySet<LobbyLine["kind"]> = new Set(["say", "action", "private"]);

/** The lobby after `event`; those that are about something else change nothing. */
export function applyLobbyEvent(lobby: Lobby, event: ServerEvent): Lobby {
  const at = event.timestamp;
  switch (event.event_type) {
    case "lobby_state":
      return withState(lobby, event.data, at);
    case "lobby_player_entered": {
      const { player } = event.data;
      const next = { ...lobby, players: [...withoutPlayer(lobby, player.number), player] };
      if (player.number === lobby.you) return next;
      return addLobbyLines(next, said(at, "presence", `${player.name} comes in${withClient(player)}.`, player.number));
    }
    case "lobby_player_changed": {
      const { player } = event.data;
      const players = lobby.players.map((one) => (one.number === player.number ? player : one));
      return { ...lobby, players };
    }
    case "lobby_player_left":
      return withoutLeaver(lobby, event.data, at);
    case "lobby_message":
      return withMessage(lobby, event.data, false);
    case "message_deleted":
      return {
        ...lobby,
        lines: lobby.lines.map((line) => (line.messageId === event.data.id ? { ...line, styled: REMOVED } : line)),
      };
    case "lobby_game_listed": {
      const { game } = event.data;
      const next = { ...lobby, games: [...withoutGame(lobby, game.number), { ...game, told: at }] };
      const map = game.map_name ? ` on ${game.map_name}` : "";
      return addLobbyLines(
        next,
        said(at, "game", `${game.host_name} hosts ${game.name || "a game"}${map}.`, game.host),
      );
    }
    case "lobby_game_changed": {
      const { game } = event.data;
      const before = lobby.games.find((one) => one.number === game.number);
      const told = { ...game, told: at };
      const next = { ...lobby, games: lobby.games.map((one) => (one.number === game.number ? told : one)) };
      if (before?.state !== "listed" || game.state !== "running") return next;
      return addLobbyLines(next, said(at, "game", `${game.name || "The game"} begins.`, game.host));
    }
    case "lobby_game_removed":
      return { ...lobby, games: withoutGame(lobby, event.data.number) };
    case "lobby_play_state": {
      const { kind, state, seconds_left: left } = event.data;
      const endsAt = typeof left === "number" ? Date.parse(at) + left * 1000 : null;
      return { ...lobby, play: { kind, state, endsAt } };
    }
    case "lobby_match_found": {
      const { player, rating, yours } = event.data;
      const text = `An opponent for you: ${player.name} with ${rating} points; you have ${yours}.`;
      return addLobbyLines(lobby, said(at, "line", text, player.number));
    }
    case "lobby_counts":
      return withLobbies(lobby, event.data.lobbies);
    case "friends_changed":
      return withFriends(lobby, event.data.friends, at);
    case "clan_changed":
      return { ...lobby, clanChanges: lobby.clanChanges + 1 };
    case "system":
      return lobby.room ? addLobbyLines(lobby, said(at, "line", event.data.message)) : lobby;
    case "command_response": {
      const { success, result, hint } = event.data;
      return success || !lobby.room ? lobby : refuse(lobby, [result, hint].filter(Boolean).join(" "), at);
    }
    case "error":
      return lobby.room ? refuse(lobby, [event.data.message, event.data.hint].filter(Boolean).join(" "), at) : lobby;
    case "reset":
      // Whether one is still in it is told next, by `lobby_state`.
      return outside(lobby);
    default:
      return lobby;
  }
}

export const outside = (lobby: Lobby): Lobby => ({ ...lobby, room: null, you: 0, players: [], games: [], play: null });

// --- parts ------------------------------------------------------------------------------------------

function withState(lobby: Lobby, state: LobbyState, at: string): Lobby {
  const { lobby: room, players, messages, you } = state;
  const games = state.games.map((game) => ({ ...game, told: at }));
  const again = lobby.lines.length > 0 && lobby.room?.room_id === room.room_id;
  const known = new Set(lobby.lines.flatMap((line) => line.messageId ?? []));
  const entered = withLobbies({ ...lobby, room, out: null, players, games, play: null, you }, [room]);
  const earlier = messages.filter((message) => !known.has(message.id));
  const told = earlier.reduce((next, message) => withMessage(next, message, true), entered);
  return again ? told : addLobbyLines(told, said(at, "presence", `You are in ${room.name}.`, you));
}

/** Counts of those that are told, others as they were. */
function withLobbies(lobby: Lobby, told: readonly LobbyView[]): Lobby {
  const others =
    told.length > 1 ? [] : lobby.lobbies.filter((one) => !told.some((new_) => new_.room_id === one.room_id));
  const lobbies = [...others, ...told].sort((one, other) => one.room_id - other.room_id);
  const room = told.find((one) => one.room_id === lobby.room?.room_id) ?? lobby.room;
  return { ...lobby, lobbies, room };
}

function withMessage(lobby: Lobby, message: LobbyMessage, past: boolean): Lobby {
  if (lobby.lines.some((line) => line.messageId === message.id)) return lobby;
  return addLobbyLines(lobby, {
    at: message.timestamp,
    kind: message.kind,
    number: message.number,
    name: message.name,
    styled: message.styled,
    target: message.kind === "private" ? { number: message.target, name: message.target_name } : undefined,
    messageId: message.id,
    past: past || undefined,
  });
}

/** Who came on and who went, of those who are not seen to do so in the lobby itself. */
function withFriends(lobby: Lobby, friends: readonly FriendView[], at: string): Lobby {
  const here = lobby.room?.room_id;
  const before = new Map(lobby.friends.map((one) => [one.number, one]));
  const lines = friends.flatMap(({ number, name, state, room_id }) => {
    const was = before.get(number);
    if (here === undefined || !was || (was.state === "offline") === (state === "offline")) return [];
    if (state === "offline")
      return was.room_id === here ? [] : [said(at, "presence", `${name} is not on any more.`, number)];
    if (room_id === here) return [];
    const place = lobby.lobbies.find((one) => one.room_id === room_id)?.name;
    return [said(at, "presence", `${name} is on${place ? `, in ${place}` : ""}.`, number)];
  });
  return addLobbyLines({ ...lobby, friends }, ...lines);
}

const LEAVING: Readonly<Record<LobbyPlayerLeft["reason"], string>> = {
  left: "leaves",
  lost: "lost the connection",
  kicked: "was removed",
  moved: "goes to another lobby",
  elsewhere: "came in from somewhere else",
};

const OWN_LEAVING: Readonly<Record<LobbyPlayerLeft["reason"], string>> = {
  left: "You left the lobby.",
  lost: "You left the lobby: your connection was lost.",
  kicked: "You were removed from the lobby.",
  moved: "You left the lobby.",
  elsewhere: "You came into a lobby from somewhere else.",
};

function withoutLeaver(lobby: Lobby, { number, name, reason }: LobbyPlayerLeft, at: string): Lobby {
  if (number === lobby.you)
    return addLobbyLines({ ...outside(lobby), out: reason }, said(at, "presence", OWN_LEAVING[reason], number));
  const next = { ...lobby, players: withoutPlayer(lobby, number) };
  return addLobbyLines(next, said(at, "presence", `${name} ${LEAVING[reason]}.`, number));
}

const withoutPlayer = (lobby: Lobby, number: number) => lobby.players.filter((one) => one.number !== number);
const withoutGame = (lobby: Lobby, number: number) => lobby.games.filter((one) => one.number !== number);
const withClient = ({ client }: LobbyPlayerView): string => (client && client !== "browser" ? ` with ${client}` : "");

// --- words ------------------------------------------------------------------------------------------

export const FAMILIES: Readonly<Record<string, string>> = {
  marathon: "Marathon",
  tfl: "Myth: The Fallen Lords",
  myth: "Myth II",
  myth2: "Myth II 1.8",
  myth3: "Myth III",
};

export const CASTES: readonly string[] = [
  "dagger",
  "dagger with hilt",
  "kris knife",
  "sword and dagger",
  "crossed swords",
  "crossed axes",
  "shield",
  "shield, crossed swords",
  "shield, crossed axes",
  "simple crown",
  "crown",
  "nice crown",
  "eclipsed moon",
  "moon",
  "eclipsed sun",
  "sun",
  "comet",
  "administrator",
];

/** What is played in ranked games of Myth, by the number the game has for it. */
export const GAME_TYPES: readonly string[] = [
  "Body Count",
  "Steal the Bacon",
  "Last Man on the Hill",
  "Scavenger Hunt",
  "Flag Rally",
  "Capture the Flag",
  "Balls on Parade",
  "Territories",
  "Captures",
  "King of the Hill",
  "Stampede",
  "Assassin",
  "Hunting",
  "Custom",
  "King of the Hill (TFL)",
  "King of the Map",
];

/** Empty for who has none. */
const STAFF = ["player", "read_only", "tournament", "moderator", "admin", "owner"];

/** Whether somebody of that role may do what `least` may. */
export const mayAs = (role: string, least: "moderator" | "admin"): boolean =>
  STAFF.indexOf(role) >= STAFF.indexOf(least);

export const casteName = (caste: number | undefined): string => (caste === undefined ? "" : (CASTES[caste] ?? ""));

/** Who may enter, talk and hear it, in words; empty where everybody may who is there. */
export function conditionsOf(room: LobbyView): string {
  return [
    room.kind === "unranked" ? "" : room.kind,
    casteRange(room),
    room.squelched ? "only the staff talks to all" : "",
    room.world_chat ? "heard in the world" : "",
    room.locked ? "locked" : "",
  ]
    .filter(Boolean)
    .join(", ");
}

function casteRange({ min_caste: least, max_caste: most }: LobbyView): string {
  if (least < 0 && most >= 99) return "";
  if (most >= 99) return `from ${casteName(least)}`;
  return least < 0 ? `up to ${casteName(most)}` : `${casteName(least)} to ${casteName(most)}`;
}

interface Grouped {
  readonly family: string;
  readonly type_name?: string;
}

/** Types that say nothing about what is played. */
const PLAIN_TYPES: ReadonlySet<string> = new Set(["standard", "tournament"]);

/** Lobbies for games of one's own stand by themselves, whatever family they are for. */
const groupOf = ({ family, type_name: type = "standard" }: Grouped): string => (PLAIN_TYPES.has(type) ? family : type);

/** What stands above a group of lobbies. */
export const groupName = (group: string): string => FAMILIES[group] ?? titleOf(group);

/** The groups that have a lobby, each with its lobbies: families in the order of `FAMILIES`, then games of one's own. */
export function byFamily<R extends Grouped>(rooms: readonly R[]): (readonly [string, R[]])[] {
  const order = Object.keys(FAMILIES);
  const place = (group: string) => (order.includes(group) ? order.indexOf(group) : order.length);
  const groups = [...new Set(rooms.map(groupOf))];
  groups.sort((one, other) => place(one) - place(other) || one.localeCompare(other));
  return groups.map((group) => [group, rooms.filter((room) => groupOf(room) === group)]);
}
