/** What the player knows of the world, as a pure function of the events received. */
import type {
  ChatMessage,
  CommandResponse,
  EnvelopeOf,
  GameState as GameStateData,
  ItemView,
  OccupantView,
  PlayerView,
  Reset,
  RoomView,
  ServerEvent,
} from "@mythgate/sdk";
import { comingText, companyText, inPlainWords, leavingText, placeText } from "./arrival.ts";
import { type LogLine, withoutMessage } from "./lines.ts";

export const MAX_LINES = 500;

export interface Game {
  readonly player: PlayerView | null;
  readonly room: RoomView | null;
  readonly inventory: readonly ItemView[];
  /** Name of whom the player follows. */
  readonly following: string | null;
  readonly worldTime: string;
  readonly playersOnline: number | null;
  readonly log: readonly LogLine[];
  readonly nextLine: number;
  /** Names the player talked with in private, latest first. */
  readonly correspondents: readonly string[];
}

export const EMPTY_GAME: Game = {
  player: null,
  room: null,
  inventory: [],
  following: null,
  worldTime: "",
  playersOnline: null,
  log: [],
  nextLine: 1,
  correspondents: [],
};

type NewLine = Omit<LogLine, "id">;

export function addLines(game: Game, ...lines: readonly NewLine[]): Game {
  if (lines.length === 0) return game;
  const numbered = lines.map((line, index) => ({ ...line, id: game.nextLine + index }));
  return {
    ...game,
    log: [...game.log, ...numbered].slice(-MAX_LINES),
    nextLine: game.nextLine + lines.length,
  };
}

/** The player typed `text`; the answer to `messageId` is awaited. */
export function echo(game: Game, text: string, messageId: string, at: string): Game {
  return addLines(game, { at, kind: "echo", text, waitingFor: messageId });
}

export function notice(game: Game, text: string, at: string, hint?: string): Game {
  return addLines(game, { at, kind: "notice", text, hint });
}

export function applyEvents(game: Game, events: readonly ServerEvent[]): Game {
  return events.reduce(applyEvent, game);
}

/** The game after `event`. Unknown events, and those about the connection itself, change nothing. */
export function applyEvent(game: Game, event: ServerEvent): Game {
  const at = event.timestamp;
  switch (event.event_type) {
    case "game_state":
      return withGameState(game, event.data, at);
    case "room_update":
      return withRoomUpdate(game, event.data.room, at);
    case "room_occupants": {
      const { players, npcs, occupants, count } = event.data;
      return asSeen(inRoom(game, event, (room) => ({ ...room, players, npcs, occupants, occupant_count: count })));
    }
    case "room_items":
      return inRoom(game, event, (room) => ({ ...room, items: event.data.items }));
    case "player_update":
      return withPlayer(game, event.data.player);
    case "inventory_update":
      return { ...game, inventory: event.data.items };
    case "follow_state":
      return withFollowing(game, event.data.following);

    case "player_entered": {
      const { player, player_id, player_name, direction, message } = event.data;
      const text = comingText(player_name, direction, message);
      return withNewcomer(game, event, player ?? { id: player_id, name: player_name }, text);
    }
    case "player_entered_game": {
      const { player, player_id, player_name, message } = event.data;
      const text = message || `${player_name} steps into the world.`;
      const counted = isHere(game, player_id) ? game : withMoreOnline(game, 1);
      return withNewcomer(counted, event, player ?? { id: player_id, name: player_name }, text);
    }
    case "player_left": {
      const { player_id, player_name, direction, message } = event.data;
      return withoutLeaver(game, event, player_id, leavingText(player_name, direction, message));
    }
    case "player_left_game": {
      const { player_id, player_name, message } = event.data;
      const counted = isHere(game, player_id) ? withMoreOnline(game, -1) : game;
      return withoutLeaver(counted, event, player_id, message || `${player_name} leaves the world.`);
    }
    case "player_status": {
      const { player_id, status, afk_text, message } = event.data;
      const told = message ? addLines(game, { at, kind: "presence", text: message }) : game;
      return inRoom(told, event, (room) => ({
        ...room,
        players: room.players.map((one) => (one.id === player_id ? { ...one, status, afk_text: afk_text ?? "" } : one)),
      }));
    }

    case "chat_message":
      return withChat(game, event.data, at, false);
    case "message_deleted":
      return { ...game, log: withoutMessage(game.log, event.data.id) };
    case "room_message":
      return event.data.message ? addLines(game, { at, kind: "action", text: event.data.message }) : game;
    case "system":
      return addLines(game, { at, kind: "system", text: event.data.message, level: event.data.message_type ?? "info" });
    case "admin_event":
      return addLines(game, { at, kind: "system", text: event.data.message, level: "info", channel: "staff" });

    case "level_up":
    case "player_died":
    case "trade_request":
    case "trade_accept":
    case "trade_update":
    case "trade_decline":
    case "trade_complete":
    case "party_invite":
    case "party_invite_ended":
    case "quest_update":
    case "combat_start":
    case "combat_event":
    case "combat_end":
    case "combat_challenge":
      return event.data.message ? addLines(game, { at, kind: "action", text: event.data.message }) : game;
    case "party_update":
    case "voice_update":
      if (!event.data.message) return game;
      return addLines(game, { at, kind: "action", channel: "party", text: event.data.message });
    case "shard_captured":
    case "shard_status":
    case "reality_shift":
    case "aetherfall":
      return addLines(game, { at, kind: "system", text: event.data.message, level: "announcement" });

    case "command_response":
      return withAnswer(game, event);
    case "error": {
      const { message, hint, retry_after } = event.data;
      const heard = answered(game, event.reply_to ?? event.message_id);
      return addLines(heard, { at, kind: "refusal", text: message, hint: hintWith(hint, retry_after) });
    }
    case "reset":
      // Only worth a word if there is something on the screen that it interrupts.
      return game.room
        ? notice({ ...game, room: null, playersOnline: null }, resetText(event.data, lastHeard(game)), at)
        : game;
    case "disconnect":
      // The other reasons to close are told in the banner and on the screen that follows.
      if (event.data.reason !== "going_away") return game;
      return addLines(game, { at, kind: "system", text: event.data.message, level: "warning" });
    case "game_tick":
      return {
        ...game,
        worldTime: event.data.world_time || game.worldTime,
        playersOnline: event.data.players ?? game.playersOnline,
      };
    default:
      // session_expiring, heartbeat, pong: the connection's. position_update: nothing to draw. What has no line: the
      // panels' (stores/adventure.ts).
      return game;
  }
}

// --- parts ------------------------------------------------------------------------------------------

function withGameState(game: Game, data: GameStateData, at: string): Game {
  const next = withPlayer({ ...game, room: data.room }, data.player);
  const told = game.room?.id === data.room.id ? next : addLines(next, arrivalLine(data.room, data.player, at));
  return ((data.recent ?? []) as unknown as ChatMessage[]).reduce(
    (state, message) => withChat(state, message, message.timestamp, true),
    told,
  );
}

const placeLine = (room: RoomView, player: PlayerView | null, at: string): NewLine => ({
  at,
  kind: "place",
  title: room.name,
  text: placeText(room, player?.id),
});

/** On entering the world, where the place stands beside the log, one need not read twice what it is like. */
const arrivalLine = (room: RoomView, player: PlayerView, at: string): NewLine => ({
  ...placeLine(room, player, at),
  about: room.description || undefined,
  text: companyText(room, player.id),
});

function withRoomUpdate(game: Game, room: RoomView, at: string): Game {
  const before = game.room;
  const next = asSeen({ ...game, room });
  if (!before) return next;
  // Elsewhere without a command of one's own, e.g. behind somebody one follows: say where.
  if (before.id !== room.id) return addLines(next, placeLine(room, game.player, at));
  if (before.description === room.description) return next;
  return addLines(next, { at, kind: "action", text: "This place has changed." });
}

function withNewcomer(game: Game, event: ServerEvent, newcomer: OccupantView, text: string): Game {
  const told = addLines(game, { at: event.timestamp, kind: "presence", text });
  return inRoom(told, event, (room) => withOccupants(room, [...without(room.players, newcomer.id), newcomer]));
}

function withoutLeaver(game: Game, event: ServerEvent, id: string, text: string): Game {
  const told = addLines(game, { at: event.timestamp, kind: "presence", text });
  return inRoom(told, event, (room) => withOccupants(room, without(room.players, id)));
}

/** What a reset means to the player, of whom nobody asks to know about sessions. */
function resetText({ reason, started_at: startedAt }: Reset, heardAt: number): string {
  // However the server ended, by being told to or by a fall: it was another one that was heard last.
  if (startedAt && Date.parse(startedAt) > heardAt) return "The server was started again.";
  return reason === "too_old" || reason === "overflow"
    ? "You are back. Too much happened meanwhile to tell it all."
    : "You are back.";
}

/** Lines that bear this device's own time. */
const OWN_LINES: ReadonlySet<LogLine["kind"]> = new Set(["echo", "notice"]);

/** When the server last said something that is in the log, in milliseconds since the epoch. */
function lastHeard({ log }: Game): number {
  const times = log.filter((line) => !OWN_LINES.has(line.kind)).map((line) => Date.parse(line.at));
  return Math.max(...times.filter(Number.isFinite));
}

function withPlayer(game: Game, player: PlayerView): Game {
  return { ...game, player, inventory: player.inventory, following: player.following };
}

function withFollowing(game: Game, following: string | null): Game {
  return { ...game, following, player: game.player && { ...game.player, following } };
}

/** Changes the room, unless the event is about another one that the player has left. */
function inRoom(game: Game, event: ServerEvent, change: (room: RoomView) => RoomView): Game {
  if (!game.room || (event.room_id && event.room_id !== game.room.id)) return game;
  return { ...game, room: change(game.room) };
}

/** The player is among the occupants too, and what stands there is the latest about being away or busy. */
function asSeen(game: Game): Game {
  const { player, room } = game;
  const seen = player && room?.players.find((one) => one.id === player.id);
  if (!seen || seen.status === "linkdead") return game;
  if (seen.status === player.status && seen.afk_text === player.afk_text) return game;
  return { ...game, player: { ...player, status: seen.status ?? "online", afk_text: seen.afk_text ?? "" } };
}

const isHere = (game: Game, id: string): boolean => game.room?.players.some((one) => one.id === id) ?? false;

/** Until the next tick of the world's clock tells the number anew. */
function withMoreOnline(game: Game, more: number): Game {
  return game.playersOnline === null ? game : { ...game, playersOnline: Math.max(1, game.playersOnline + more) };
}

const without = (players: readonly OccupantView[], id: string) => players.filter((one) => one.id !== id);

function withOccupants(room: RoomView, players: OccupantView[]): RoomView {
  const occupants = [...players.map((one) => one.name), ...room.npcs.map((one) => one.name)];
  return { ...room, players, occupants, occupant_count: occupants.length };
}

const PRIVATE = new Set(["whisper", "tell"]);

/** Words said before, as lines that stand before the log. */
export const earlierLines = (game: Game, messages: readonly ChatMessage[]): readonly LogLine[] =>
  messages.map((message, index) => ({
    ...chatLine(game, message, message.timestamp, true),
    id: index - messages.length,
  }));

function chatLine({ player }: Game, message: ChatMessage, at: string, past: boolean): NewLine {
  const own = player !== null && message.player_id === player.id && message.speaker_kind !== "npc";
  return {
    at,
    kind: "chat",
    channel: message.channel,
    speaker: message.player_name,
    text: wording(message, own),
    own: own || undefined,
    past: past || undefined,
    chatId: message.id || undefined,
  };
}

function withChat(game: Game, message: ChatMessage, at: string, past: boolean): Game {
  if (message.id && game.log.some((line) => line.chatId === message.id)) return game;
  const line = chatLine(game, message, at || message.timestamp, past);
  const told = addLines(game, line);
  if (past || !PRIVATE.has(message.channel)) return told;
  const other = line.own ? message.target_name : message.player_name;
  if (!other) return told;
  return { ...told, correspondents: [other, ...told.correspondents.filter((name) => name !== other)].slice(0, 8) };
}

/** Everybody gets the same text; the speaker reads it in the second person. */
function wording(message: ChatMessage, own: boolean): string {
  const { channel, message: words, target_name: target, text } = message;
  if (!own) return text || `${message.player_name}: ${words}`;
  switch (channel) {
    case "say":
      return `You say: ${words}`;
    case "whisper":
      return target ? `You whisper to ${target}: ${words}` : text;
    case "tell":
      return target ? `You tell ${target}: ${words}` : text;
    case "shout":
      return `You shout: ${words}`;
    case "global":
    case "party":
    case "faction":
      return `You (${channel}): ${words}`;
    default:
      return text;
  }
}

function withAnswer(game: Game, event: EnvelopeOf<"command_response">): Game {
  const answer = event.data;
  let next = answered(game, event.reply_to);
  const text = answer.result.trimEnd();
  if (text) next = addLines(next, answerLine(answer, text, event.timestamp));
  if (answer.player) next = withPlayer(next, answer.player);
  if (answer.room_state) next = asSeen({ ...next, room: answer.room_state });
  if (answer.inventory) next = { ...next, inventory: answer.inventory };
  return next;
}

/** How many lines may stand before the name of a place, at most. */
const LEAD_LINES = 2;

function answerLine(answer: CommandResponse, text: string, at: string): NewLine {
  if (!answer.success) return { at, kind: "refusal", text, hint: hintWith(answer.hint, answer.retry_after) };
  // "You go north.", the name of the place, what it is like: the name becomes a title.
  const lines = text.split("\n");
  const title = answer.room_state ? lines.slice(0, LEAD_LINES + 1).indexOf(answer.room_state.name) : -1;
  if (title < 0) return { at, kind: "answer", text };
  return {
    at,
    kind: "place",
    lead: lines.slice(0, title).join("\n") || undefined,
    title: lines[title],
    text: inPlainWords(lines.slice(title + 1).join("\n")),
  };
}

function hintWith(hint: string | null | undefined, retryAfter: number | null | undefined): string | undefined {
  const wait = retryAfter ? `Try again in ${Math.ceil(retryAfter)} s.` : "";
  return [hint, wait].filter(Boolean).join(" ") || undefined;
}

/** The echo of the command no longer waits. */
function answered(game: Game, messageId: string | null | undefined): Game {
  if (!messageId) return game;
  const index = game.log.findLastIndex((line) => line.waitingFor === messageId);
  if (index < 0) return game;
  const { waitingFor: _, ...line } = game.log[index] as LogLine;
  return { ...game, log: game.log.with(index, line) };
}
