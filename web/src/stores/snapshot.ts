/**
 * What a reload of the page must not lose: the play session, the last number processed and all that
 * was shown up to there. One item, so that they never disagree: resuming after `lastSeq` continues
 * exactly where the log ends, no matter how old the snapshot is.
 */
import type { PendingCommand } from "@mythgate/sdk";
import { type Adventure, EMPTY_ADVENTURE } from "./adventure.ts";
import { EMPTY_GAME, type Game, MAX_LINES } from "./game.ts";
import { EMPTY_LOBBY, type Lobby } from "./lobby.ts";
import { isRecord, load, remove, save, tabStorage } from "./storage.ts";

export interface Snapshot {
  readonly version: 1;
  readonly userId: string;
  readonly sessionId: string;
  readonly characterId: string;
  readonly characterName: string;
  readonly lastSeq: number | null;
  readonly game: Game;
  readonly lobby: Lobby;
  readonly adventure: Adventure;
  readonly pending: readonly PendingCommand[];
}

const KEY = "mythgate.play";

function isSnapshot(value: unknown): value is Snapshot {
  return (
    isRecord(value) &&
    value.version === 1 &&
    typeof value.sessionId === "string" &&
    typeof value.characterId === "string" &&
    (value.lastSeq === null || typeof value.lastSeq === "number") &&
    isRecord(value.game) &&
    Array.isArray(value.game.log) &&
    Array.isArray(value.pending)
  );
}

export function loadSnapshot(): Snapshot | null {
  const kept = load(tabStorage, KEY, isSnapshot);
  return (
    kept && {
      ...kept,
      game: { ...EMPTY_GAME, ...kept.game, log: kept.game.log.slice(-MAX_LINES) },
      lobby: { ...EMPTY_LOBBY, ...kept.lobby },
      adventure: { ...EMPTY_ADVENTURE, ...kept.adventure },
    }
  );
}

export function saveSnapshot(snapshot: Snapshot): void {
  if (save(tabStorage, KEY, snapshot)) return;
  // Full: a shorter log is better than none, and better than an old number beside a new log.
  const { game, lobby } = snapshot;
  const short = {
    ...snapshot,
    game: { ...game, log: game.log.slice(-50) },
    lobby: { ...lobby, lines: lobby.lines.slice(-50) },
  };
  if (!save(tabStorage, KEY, short)) remove(tabStorage, KEY);
}

export function clearSnapshot(): void {
  remove(tabStorage, KEY);
}
