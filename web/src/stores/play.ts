/** The play session of this tab: the connection, the game it tells about, what was read and typed. */
import { Connection, type ConnectionStatus, type PendingCommand, randomId, type ServerEvent } from "@mythgate/sdk";
import { create } from "zustand";
import { addLines, applyEvents, EMPTY_GAME, echo, type Game, notice } from "./game.ts";
import { TABS, type Tab } from "./lines.ts";
import { api, claimRead, loginEnded, session, useLogin } from "./login.ts";
import { clearSnapshot, loadSnapshot, type Snapshot, saveSnapshot } from "./snapshot.ts";

/** Attempts go on for about ten minutes; whoever is away longer presses a button. */
const MAX_ATTEMPTS = 20;
const SAVE_AFTER_MS = 400;
const QUIT_PATIENCE_MS = 1_500;

const QUIT = 4500;
const SESSION_ENDED = 4501;
const TAKEN_OVER = 4502;
const UNAUTHENTICATED = 4503;

interface Character {
  /** Empty for a guest whose character is yet to be made by the server. */
  readonly id: string;
  readonly name: string;
}

export interface PlayState {
  /** Null while no character is in the world from this tab. */
  readonly character: Character | null;
  readonly connection: ConnectionStatus;
  readonly game: Game;
  readonly pending: readonly PendingCommand[];
  readonly tab: Tab;
  /** The last line seen in each tab of the log. */
  readonly seen: Readonly<Record<Tab, number>>;
  /** Why the player is not in the world any more, for the screen that follows. */
  readonly farewell: string | null;
}

const OFF: ConnectionStatus = {
  state: "disconnected",
  attempt: 0,
  maxAttempts: MAX_ATTEMPTS,
  retryAt: null,
  ending: null,
  roundTripMs: null,
};

export const usePlay = create<PlayState>(() => ({
  character: null,
  connection: OFF,
  game: EMPTY_GAME,
  pending: [],
  tab: "all",
  seen: allSeen(0),
  farewell: null,
}));

let connection: Connection | null = null;
let sessionId = "";
let lastSeq: number | null = null;

// --- entering and leaving ---------------------------------------------------------------------------

/** Bring `character` into the world. */
export function enterWorld(character: Character): void {
  begin(character, randomId(), null, EMPTY_GAME, []);
}

/** Bring a guest into the world: the server makes their character on the way in. */
export function enterAsGuest(name: string): void {
  enterWorld({ id: "", name });
}

/** Carry on after a reload of the page. False if this tab was not in the world. */
export function resumePlay(): boolean {
  const kept = loadSnapshot();
  const userId = useLogin.getState().login?.userId;
  if (!kept || !userId || kept.userId !== userId) return false;
  // A session nothing was heard of cannot be resumed with certainty; a new one starts cleanly.
  const playSession = kept.lastSeq === null ? randomId() : kept.sessionId;
  begin({ id: kept.characterId, name: kept.characterName }, playSession, kept.lastSeq, kept.game, kept.pending);
  return true;
}

function begin(
  character: Character,
  playSession: string,
  resumeAfter: number | null,
  game: Game,
  pending: readonly PendingCommand[],
): void {
  connection?.close();
  claimRead();
  sessionId = playSession;
  lastSeq = resumeAfter;
  usePlay.setState({
    character,
    game,
    pending,
    connection: OFF,
    tab: "all",
    seen: allSeen(game.nextLine - 1),
    farewell: null,
  });
  connection = new Connection({
    url: api.socketUrl,
    sessionId,
    characterId: character.id || undefined,
    lastSeq,
    pending,
    maxAttempts: MAX_ATTEMPTS,
    token: (renew) => session.accessToken(renew),
    onEvents: received,
    onStatus: connectionChanged,
    onPending: (waiting) => {
      usePlay.setState({ pending: [...waiting] });
      saveSoon();
    },
  });
  connection.connect();
  saveNow();
}

/** Leave the world on purpose, so that others see it at once and not after the grace. */
export async function leaveWorld(): Promise<void> {
  const leaving = connection;
  if (leaving && usePlay.getState().connection.state === "connected") {
    leaving.command("quit");
    await Promise.race([
      new Promise<void>((resolve) => {
        const stop = usePlay.subscribe((state) => {
          if (state.connection.state === "connected") return;
          stop();
          resolve();
        });
      }),
      new Promise<void>((resolve) => setTimeout(resolve, QUIT_PATIENCE_MS)),
    ]);
  }
  if (connection === leaving) over(null);
}

function over(farewell: string | null): void {
  connection?.close();
  connection = null;
  clearTimeout(saveTimer);
  saveTimer = undefined;
  clearSnapshot();
  usePlay.setState({ character: null, connection: OFF, game: EMPTY_GAME, pending: [], farewell });
}

export function reconnectNow(): void {
  connection?.reconnectNow();
}

function connectionChanged(status: ConnectionStatus): void {
  usePlay.setState({ connection: status });
  if (status.state !== "failed" || !status.ending) return;
  const { code, message } = status.ending;
  if (code === SESSION_ENDED || code === UNAUTHENTICATED) {
    over(null);
    loginEnded(message || "You have been signed out.");
  } else if (code === QUIT) {
    over(null);
  } else if (code > QUIT && code !== TAKEN_OVER) {
    over(message || "The server ended the connection.");
  }
}

// --- hearing ----------------------------------------------------------------------------------------

function received(events: readonly ServerEvent[], upTo: number | null): void {
  lastSeq = upTo;
  setGame((game) => applyEvents(game, events));
}

function setGame(change: (game: Game) => Game): void {
  const { game, tab, seen } = usePlay.getState();
  const next = change(game);
  if (next === game) {
    saveSoon();
    return;
  }
  const { character } = usePlay.getState();
  const known = character?.id === "" && next.player ? { id: next.player.id, name: next.player.name } : character;
  usePlay.setState({ game: next, character: known, seen: seenIn(tab, seen, next.nextLine - 1) });
  saveSoon();
}

export function showTab(tab: Tab): void {
  const { game, seen } = usePlay.getState();
  usePlay.setState({ tab, seen: seenIn(tab, seen, game.nextLine - 1) });
}

/** Whoever reads "all" has read every other tab as well. */
function seenIn(tab: Tab, seen: PlayState["seen"], line: number): PlayState["seen"] {
  return tab === "all" ? allSeen(line) : { ...seen, [tab]: line };
}

function allSeen(line: number): Record<Tab, number> {
  return Object.fromEntries(TABS.map((tab) => [tab, line])) as Record<Tab, number>;
}

// --- saying -----------------------------------------------------------------------------------------

/** Send a command now or once the connection is back. False if too many are waiting already. */
export function send(line: string): boolean {
  const text = line.replace(/\s+/g, " ").trim();
  if (!text || !connection) return false;
  const messageId = connection.command(text);
  const at = new Date().toISOString();
  if (messageId) {
    setGame((game) => echo(game, text, messageId, at));
    return true;
  }
  setGame((game) => notice(game, "Too many commands are waiting for the connection.", at, "Your line was not sent."));
  return false;
}

// --- keeping ----------------------------------------------------------------------------------------

let saveTimer: ReturnType<typeof setTimeout> | undefined;

function saveSoon(): void {
  saveTimer ??= setTimeout(saveNow, SAVE_AFTER_MS);
}

function saveNow(): void {
  clearTimeout(saveTimer);
  saveTimer = undefined;
  const { character, game, pending } = usePlay.getState();
  const userId = useLogin.getState().login?.userId;
  if (!character || !userId) return;
  const snapshot: Snapshot = {
    version: 1,
    userId,
    sessionId,
    characterId: character.id,
    characterName: character.name,
    lastSeq,
    game,
    pending,
  };
  saveSnapshot(snapshot);
}

if (typeof window !== "undefined") {
  window.addEventListener("pagehide", () => usePlay.getState().character && saveNow());
  document.addEventListener("visibilitychange", () => saveTimer !== undefined && saveNow());
}

useLogin.subscribe((state, before) => {
  const playing = usePlay.getState().character !== null;
  // Signing out ends the play session of this tab.
  if (!state.login && playing) over(null);
  if (state.claimed && state.claimed !== before.claimed && playing) {
    const line = { at: new Date().toISOString(), kind: "system", text: state.claimed, level: "announcement" } as const;
    setGame((game) => addLines(game, line));
    claimRead();
  }
});
