/** The play session of this tab: the connection, the game it tells about, what was read and typed. */
import {
  Connection,
  type ConnectionStatus,
  type PendingCommand,
  randomId,
  refusedVisit,
  type ServerEvent,
  type VoiceSignalData,
} from "@mythgate/sdk";
import { create } from "zustand";
import {
  type Adventure,
  applyAdventureEvent,
  EMPTY_ADVENTURE,
  withInvitations,
  withoutChallenge,
  withoutOutcomes,
  withTrades,
} from "./adventure.ts";
import { addLines, applyEvents, EMPTY_GAME, earlierLines, echo, type Game, notice } from "./game.ts";
import { HISTORY_OF, type LogLine, TABS, type Tab, tabsFor } from "./lines.ts";
import { allRead, applyLobbyEvent, EMPTY_LOBBY, type Lobby, refuse } from "./lobby.ts";
import { api, claimRead, loginEnded, session, useLogin } from "./login.ts";
import { asMove } from "./roomPlay.ts";
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
  readonly lobby: Lobby;
  readonly adventure: Adventure;
  readonly pending: readonly PendingCommand[];
  readonly tab: Tab;
  /** The last line seen in each tab of the log. */
  readonly seen: Readonly<Record<Tab, number>>;
  /** What was said before the log begins, for the tabs that were looked at. */
  readonly earlier: Partial<Readonly<Record<Tab, readonly LogLine[]>>>;
  /** How many milliseconds this device's clock is ahead of the server's, as well as can be told. */
  readonly clockAhead: number;
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
  lobby: EMPTY_LOBBY,
  adventure: EMPTY_ADVENTURE,
  pending: [],
  tab: "all",
  seen: allSeen(0),
  earlier: {},
  clockAhead: 0,
  farewell: null,
}));

let connection: Connection | null = null;
let sessionId = "";
let lastSeq: number | null = null;
/** Between the server's word and its arrival here, by both clocks: the least so far is that of the clocks alone. */
let leastDelay = Number.POSITIVE_INFINITY;
/** Smaller differences of clocks are none. */
const CLOCK_STEP_MS = 500;
/** What was said into the lobby and not answered yet; the answer belongs there. */
const lobbyCommands = new Set<string>();

// --- entering and leaving ---------------------------------------------------------------------------

/** Bring `character` into the world. */
export function enterWorld(character: Character): void {
  begin(character, randomId(), null, { game: EMPTY_GAME, lobby: EMPTY_LOBBY, adventure: EMPTY_ADVENTURE, pending: [] });
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
  const character = { id: kept.characterId, name: kept.characterName };
  begin(character, playSession, kept.lastSeq, kept);
  return true;
}

function begin(
  character: Character,
  playSession: string,
  resumeAfter: number | null,
  { game, lobby, adventure, pending }: Pick<PlayState, "game" | "lobby" | "adventure" | "pending">,
): void {
  connection?.close();
  claimRead();
  leastDelay = Number.POSITIVE_INFINITY;
  sessionId = playSession;
  lastSeq = resumeAfter;
  usePlay.setState({
    character,
    game,
    lobby,
    adventure,
    pending,
    connection: OFF,
    tab: "all",
    seen: allSeen(game.nextLine - 1),
    earlier: {},
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
  lobbyCommands.clear();
  usePlay.setState({
    character: null,
    connection: OFF,
    game: EMPTY_GAME,
    lobby: EMPTY_LOBBY,
    adventure: EMPTY_ADVENTURE,
    pending: [],
    farewell,
  });
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
  compareClocks(events);
  const { lobby, adventure, earlier } = usePlay.getState();
  const lived = events.reduce(applyAdventureEvent, adventure);
  if (lived !== adventure) usePlay.setState({ adventure: lived });
  const next = events.filter((event) => !isAnswer(event) || isForLobby(event)).reduce(applyLobbyEvent, lobby);
  if (next !== lobby) usePlay.setState({ lobby: next });
  const others = events.filter((event) => !isForLobby(event) && refusedVisit(event) === null);
  for (const event of events) if (isAnswer(event)) lobbyCommands.delete(event.reply_to ?? "");
  setGame((game) => applyEvents(game, others));
  const anew = events.some((event) => event.event_type === "game_state");
  const { party } = usePlay.getState().adventure;
  const otherParty = party?.number !== adventure.party?.number;
  if (anew || otherParty) usePlay.setState({ earlier: anew ? {} : without(earlier, "party") });
  const now = usePlay.getState();
  if (anew || otherParty || !tabsOf(now).includes(now.tab)) showTab(now.tab);
  if (anew) void askWhatIsOpen();
  for (const listener of listeners) listener(events);
}

type Listener = (events: readonly ServerEvent[]) => void;
const listeners = new Set<Listener>();

/** Have `listener` told of what was heard, once the state of play is that after it. */
export function onHeard(listener: Listener): void {
  listeners.add(listener);
}

function without(earlier: PlayState["earlier"], tab: Tab): PlayState["earlier"] {
  const { [tab]: _, ...others } = earlier;
  return others;
}

/** What was told long ago, and is heard only now, says nothing: it never is the least delayed. */
function compareClocks(events: readonly ServerEvent[]): void {
  const now = Date.now();
  const delays = events.map((event) => now - Date.parse(event.timestamp)).filter(Number.isFinite);
  leastDelay = Math.min(leastDelay, ...delays);
  const ahead = Number.isFinite(leastDelay) ? leastDelay : 0;
  if (Math.abs(ahead - usePlay.getState().clockAhead) >= CLOCK_STEP_MS) usePlay.setState({ clockAhead: ahead });
}

/** Who begins anew is told of their party and their fight, but has to ask for what waits for an answer. */
async function askWhatIsOpen(): Promise<void> {
  const asking = connection;
  const still = () => connection === asking;
  await Promise.all([
    catchUp((now) => [now.invitations], session.ownParty, withInvitations, still),
    catchUp((now) => [now.trade, now.requests], session.ownTrades, withTrades, still),
  ]);
}

const CATCH_UP_ATTEMPTS = 3;

/** Asks for a part of the adventure, again if events changed that part before the answer came. */
async function catchUp<T>(
  part: (now: Adventure) => readonly unknown[],
  ask: () => Promise<T>,
  put: (now: Adventure, answer: T) => Adventure,
  still: () => boolean,
): Promise<void> {
  for (let attempt = 1; attempt <= CATCH_UP_ATTEMPTS; attempt += 1) {
    const before = part(usePlay.getState().adventure);
    let answer: T;
    try {
      answer = await ask();
    } catch {
      return; // Events go on telling what is new; who asked waits and asks again.
    }
    if (!still()) return;
    const { adventure } = usePlay.getState();
    if (part(adventure).every((one, index) => one === before[index])) {
      usePlay.setState({ adventure: put(adventure, answer) });
      saveSoon();
      return;
    }
  }
}

/** The player has read how the last trade and the last fight ended. */
export function outcomesRead(): void {
  usePlay.setState(({ adventure }) => ({ adventure: withoutOutcomes(adventure) }));
  saveSoon();
}

/** The player does not answer a challenge. */
export function ignoreChallenge(challengerId: string): void {
  usePlay.setState(({ adventure }) => ({ adventure: withoutChallenge(adventure, challengerId) }));
  saveSoon();
}

const isAnswer = (event: ServerEvent): boolean =>
  event.event_type === "command_response" || (event.event_type === "error" && Boolean(event.reply_to));

const isForLobby = (event: ServerEvent): boolean => isAnswer(event) && lobbyCommands.has(event.reply_to ?? "");

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

/** The tabs there are for the player at present. */
export const tabsOf = ({ adventure, game }: PlayState): readonly Tab[] =>
  tabsFor(adventure.party !== null, Boolean(game.player?.faction));

export function showTab(wanted: Tab): void {
  const { game, seen, tab: before } = usePlay.getState();
  const tab = tabsOf(usePlay.getState()).includes(wanted) ? wanted : "all";
  if (tab !== before) usePlay.setState({ tab, seen: seenIn(tab, seen, game.nextLine - 1) });
  void readEarlier(tab);
}

/** Tabs whose history is being read. */
const reading = new Set<Tab>();

/** Asks once for what was said on the channel of a tab before the log begins. */
async function readEarlier(tab: Tab): Promise<void> {
  const channel = HISTORY_OF[tab];
  if (!channel || reading.has(tab) || usePlay.getState().earlier[tab]) return;
  const asking = connection;
  const party = usePlay.getState().adventure.party?.number;
  reading.add(tab);
  try {
    const messages = await session.chatHistory(channel);
    const { adventure, earlier, game } = usePlay.getState();
    if (connection !== asking || adventure.party?.number !== party) return;
    usePlay.setState({ earlier: { ...earlier, [tab]: earlierLines(game, messages) } });
  } catch {
    // What is said from now on is there; whoever looks again asks again.
  } finally {
    reading.delete(tab);
  }
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

/** Hand a signal for another client in the voice channel to the server. False if there is no connection to it. */
export const signalVoice = (signal: VoiceSignalData): boolean => connection?.voiceSignal(signal) ?? false;

/** Say something in the lobby, or to one person in any lobby. False if too many lines are waiting already. */
export function sayInLobby(words: string, to: number | null): boolean {
  const said = words.replace(/\s+/g, " ").trim();
  if (!said || !connection) return false;
  const text = to === null && usePlay.getState().lobby.play ? asMove(said) : said;
  const messageId = connection.command(to === null ? `lobby ${text}` : `lobbytell #${to} ${text}`);
  if (messageId) {
    lobbyCommands.add(messageId);
    return true;
  }
  refuseInLobby("Too many lines are waiting for the connection. Yours was not sent.");
  return false;
}

/** Tell the player in the lobby why something was not done. */
export function refuseInLobby(text: string): void {
  usePlay.setState(({ lobby }) => ({ lobby: refuse(lobby, text, new Date().toISOString()) }));
  saveSoon();
}

/** All lines of the lobby are on the screen. */
export function lobbyRead(): void {
  const { lobby } = usePlay.getState();
  const read = allRead(lobby);
  if (read === lobby) return;
  usePlay.setState({ lobby: read });
  saveSoon();
}

// --- keeping ----------------------------------------------------------------------------------------

let saveTimer: ReturnType<typeof setTimeout> | undefined;

function saveSoon(): void {
  saveTimer ??= setTimeout(saveNow, SAVE_AFTER_MS);
}

function saveNow(): void {
  clearTimeout(saveTimer);
  saveTimer = undefined;
  const { character, game, lobby, adventure, pending } = usePlay.getState();
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
    lobby,
    adventure,
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
