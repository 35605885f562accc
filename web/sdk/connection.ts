/**
 * The connection to the event socket: opens it, notices when it is gone, opens it again and carries on
 * where it stopped. Nothing is lost and nothing comes twice, over any number of connections.
 */
import { delayBefore } from "./backoff.ts";
import { parseFrame, type ServerEvent } from "./envelope.ts";
import { AuthenticationError, MythError } from "./errors.ts";
import type { MessageCatalogue, PositionData, VoiceSignalData } from "./generated/events.ts";
import { randomId } from "./ids.ts";
import { Outbox, type PendingCommand } from "./outbox.ts";
import { Sequencer } from "./sequencer.ts";

/**
 * `connecting`: the first attempt is under way. `connected`: events flow. `reconnecting`: the connection
 * was lost; waiting for the next attempt or trying. `disconnected`: not asked for, or closed by us.
 * `failed`: given up, or the server does not want us back; `reconnectNow` tries again.
 */
export type ConnectionState = "disconnected" | "connecting" | "connected" | "reconnecting" | "failed";

/** Why the last connection ended. `code` is the close code, or 0 if the line was found dead. */
export interface Ending {
  readonly code: number;
  readonly reason: string;
  readonly message: string;
}

export interface ConnectionStatus {
  readonly state: ConnectionState;
  /** The attempt under way or next, counted since the connection was lost; 0 while connected. */
  readonly attempt: number;
  readonly maxAttempts: number;
  /** When the next attempt starts, in milliseconds since the epoch; null while one is under way. */
  readonly retryAt: number | null;
  readonly ending: Ending | null;
  /** Of the last ping, in milliseconds. */
  readonly roundTripMs: number | null;
}

/** Hints from the system about the network. Returns a function that stops listening. */
export type NetworkSignals = (listener: (signal: "online" | "offline" | "awake") => void) => () => void;

export type SocketFactory = (url: string, protocols: string[]) => WebSocket;

export interface ConnectionOptions {
  /** `ws:` or `wss:` address of `/api/ws`, without query. */
  readonly url: string;
  /** Chosen by the client, 8-128 of [A-Za-z0-9_-]; the same for as long as it wants to resume. */
  readonly sessionId: string;
  readonly characterId?: string | undefined;
  /** The last number processed in an earlier life of the page; null for a session never opened. */
  readonly lastSeq?: number | null;
  /** Commands an earlier life of the page was still waiting for. */
  readonly pending?: readonly PendingCommand[];
  /** A valid access token, renewed if asked. An `AuthenticationError` ends the attempts. */
  readonly token: (renew: boolean) => Promise<string>;
  /** New events in order, each once; `lastSeq` is the number to remember once they are processed. */
  readonly onEvents: (events: readonly ServerEvent[], lastSeq: number | null) => void;
  readonly onStatus?: (status: ConnectionStatus) => void;
  /** The commands waiting for an answer changed. */
  readonly onPending?: (pending: readonly PendingCommand[]) => void;
  /** Reconnect by itself. On by default. */
  readonly reconnect?: boolean;
  /** 5 by default. */
  readonly maxAttempts?: number;
  readonly socket?: SocketFactory;
  readonly network?: NetworkSignals;
  readonly random?: () => number;
}

const OPEN_TIMEOUT_MS = 10_000;
const PING_AFTER_IDLE_MS = 25_000;
/** Whatever we send is answered; silence for this long afterwards means that the line is dead. */
const ANSWER_TIMEOUT_MS = 10_000;
/** The server sends a heartbeat every 30 s. */
const SILENCE_LIMIT_MS = 40_000;
const GAP_PATIENCE_MS = 1_500;
const MOST_HELD_BACK = 256;
const RESEND_AT_ONCE = 15;
const RESEND_PAUSE_MS = 1_000;

const TOKEN_EXPIRED = 4401;
const FIRST_FINAL_CODE = 4500;
const LINE_DEAD: Ending = { code: 0, reason: "line_dead", message: "The connection was lost." };

const HOW_TO_HAVE_ONE = "Use Node 22, or run Node 20 with --experimental-websocket, or hand over a `socket`.";

/** What the ids of voice signals begin with, which are answered only if they are refused. */
const VOICE = "voice-";

type Timer = ReturnType<typeof setTimeout>;

export class Connection {
  readonly #options: ConnectionOptions;
  readonly #maxAttempts: number;
  readonly #sequencer: Sequencer;
  readonly #outbox: Outbox;
  readonly #makeSocket: SocketFactory;
  readonly #stopListening: () => void;

  #state: ConnectionState = "disconnected";
  #attempt = 0;
  #retryAt: number | null = null;
  #ending: Ending | null = null;
  #roundTripMs: number | null = null;

  #socket: WebSocket | null = null;
  /** Rises with every attempt; what belongs to an older one is ignored. */
  #generation = 0;
  #everOpened: boolean;
  #farewell: Ending | null = null;
  /** What the server last said on closing; it explains the failing attempts that follow. */
  #explanation: Ending | null = null;
  #mayReconnect = true;
  #renewToken = false;
  #tokensRefused = 0;
  #gapsInRow = 0;
  /** The ping whose answer says that everything missed has arrived; commands wait for it. */
  #catchingUp: string | null = null;

  #retryTimer: Timer | undefined;
  #openTimer: Timer | undefined;
  #idleTimer: Timer | undefined;
  #answerTimer: Timer | undefined;
  #silenceTimer: Timer | undefined;
  #gapTimer: Timer | undefined;
  #resendTimer: Timer | undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#maxAttempts = options.maxAttempts ?? 5;
    this.#sequencer = new Sequencer(options.lastSeq ?? null);
    this.#everOpened = options.lastSeq !== undefined && options.lastSeq !== null;
    this.#outbox = new Outbox(50, options.pending);
    this.#makeSocket = options.socket ?? ((url, protocols) => new WebSocket(url, protocols));
    this.#stopListening = (options.network ?? browserNetwork)((signal) => this.#networkChanged(signal));
  }

  get status(): ConnectionStatus {
    return {
      state: this.#state,
      attempt: this.#attempt,
      maxAttempts: this.#maxAttempts,
      retryAt: this.#retryAt,
      ending: this.#ending,
      roundTripMs: this.#roundTripMs,
    };
  }

  get lastSeq(): number | null {
    return this.#sequencer.lastSeq;
  }

  /** @throws {MythError} `no_websocket`: there is none here, as in Node 20, and no `socket` was given. */
  connect(): void {
    if (this.#state !== "disconnected") return;
    if (!this.#options.socket && typeof globalThis.WebSocket === "undefined")
      throw new MythError("no_websocket", `There is no WebSocket here. ${HOW_TO_HAVE_ONE}`, { hint: HOW_TO_HAVE_ONE });
    this.#attempt = 0;
    this.#become("connecting");
    void this.#open();
  }

  /** Try at once, with the count of attempts started over. */
  reconnectNow(): void {
    if (this.#state === "connected" || this.#state === "connecting") return;
    this.#attempt = 1;
    this.#tokensRefused = 0;
    this.#retryAt = null;
    this.#become("reconnecting");
    void this.#open();
  }

  /** Close for good; the connection object cannot be used again. */
  close(): void {
    this.#abandonSocket(1000);
    this.#stopListening();
    clearTimeout(this.#retryTimer);
    this.#retryAt = null;
    this.#attempt = 0;
    this.#become("disconnected");
  }

  /**
   * Send a command line now, or as soon as there is a connection again.
   * @returns the command's id, or null if too many commands wait already.
   */
  command(line: string): string | null {
    const messageId = randomId();
    const command: PendingCommand = { messageId, line, createdAt: Date.now(), sent: false };
    if (!this.#outbox.add(command)) return null;
    if (this.#ready()) this.#transmit(command);
    this.#pendingChanged();
    return messageId;
  }

  /** Say where the character stands and how it moves. Not kept for later: false if there is no connection now. */
  report(position: PositionData): boolean {
    if (this.#state !== "connected") return false;
    this.#write({ type: "position", data: position } satisfies MessageCatalogue["position"]);
    return true;
  }

  /**
   * Pass on a signal to another client in the voice channel, now or not at all.
   * @returns whether it was sent. If it is refused, an `error` answers it; see `refusedVisit`.
   */
  voiceSignal(signal: VoiceSignalData): boolean {
    if (!this.#ready()) return false;
    return this.#tell({ type: "voice_signal", data: signal, message_id: `${VOICE}${signal.to_visit}-${randomId(6)}` });
  }

  // --- opening ------------------------------------------------------------------------------------

  async #open(): Promise<void> {
    this.#abandonSocket(1000);
    clearTimeout(this.#retryTimer);
    const generation = ++this.#generation;
    this.#farewell = null;
    this.#mayReconnect = true;
    this.#openTimer = setTimeout(() => this.#lost(LINE_DEAD), OPEN_TIMEOUT_MS);

    let token: string;
    try {
      token = await this.#options.token(this.#renewToken);
    } catch (error) {
      if (generation !== this.#generation) return;
      if (error instanceof AuthenticationError) {
        this.#abandonSocket(1000);
        this.#fail({ code: 4501, reason: error.code, message: error.message });
      } else {
        this.#lost({ code: 0, reason: "unreachable", message: "The server does not answer." });
      }
      return;
    }
    if (generation !== this.#generation) return;
    this.#renewToken = false;

    let socket: WebSocket;
    try {
      socket = this.#makeSocket(this.#address(), ["bearer", token]);
    } catch {
      this.#lost(LINE_DEAD);
      return;
    }
    this.#socket = socket;
    socket.onopen = () => generation === this.#generation && this.#opened();
    socket.onmessage = (message) => generation === this.#generation && this.#received(message.data);
    socket.onclose = (event) => generation === this.#generation && this.#closed(event.code, event.reason);
  }

  #address(): string {
    const query = new URLSearchParams({ session_id: this.#options.sessionId, batch: "1" });
    if (this.#options.characterId) query.set("character_id", this.#options.characterId);
    if (this.#everOpened) query.set("last_seq", String(this.#sequencer.lastSeq ?? 0));
    return `${this.#options.url}?${query}`;
  }

  #opened(): void {
    this.#everOpened = true;
    this.#sequencer.connectionOpened();
    clearTimeout(this.#openTimer);
    this.#catchingUp = this.#ping();
    this.#heard();
  }

  // --- receiving ----------------------------------------------------------------------------------

  #received(frame: unknown): void {
    this.#heard();
    let events: ServerEvent[];
    try {
      events = parseFrame(String(frame));
    } catch {
      // Not ours to repair: what is missing shows as a gap and is asked for again.
      return;
    }
    const ready: ServerEvent[] = [];
    let gap = false;
    for (const event of events) {
      this.#attend(event);
      const accepted = this.#sequencer.accept(event);
      ready.push(...accepted.ready);
      gap = accepted.gap;
    }
    if (ready.some((event) => event.sequence_number > 0)) this.#gapsInRow = 0;
    this.#deliver(ready);
    this.#watchGap(gap);
  }

  /** What concerns the connection itself, whatever its number. */
  #attend(event: ServerEvent): void {
    if (event.event_type === "disconnect") {
      this.#farewell = { code: event.data.code, reason: event.data.reason, message: event.data.message };
      this.#mayReconnect = event.data.may_reconnect !== false;
      return;
    }
    // Only the last event before the close speaks of this connection; an earlier one is history told again.
    this.#farewell = null;
    this.#mayReconnect = true;
    switch (event.event_type) {
      case "error":
        break;
      case "pong":
        this.#ponged(event.data.sent);
        break;
      case "session_expiring":
        this.#options.token(true).catch(() => undefined);
        break;
      default:
    }
    if (this.#state !== "connected" && event.event_type !== "error") this.#settledIn();
  }

  /** The server let us in and talks to us. */
  #settledIn(): void {
    this.#attempt = 0;
    this.#tokensRefused = 0;
    this.#retryAt = null;
    this.#ending = null;
    this.#explanation = null;
    this.#become("connected");
  }

  #deliver(events: readonly ServerEvent[]): void {
    if (events.length === 0) return;
    let settled = false;
    for (const event of events) {
      const id = event.reply_to ?? (event.event_type === "error" ? event.message_id : null);
      if (id && this.#outbox.settle(id)) settled = true;
    }
    this.#options.onEvents(events, this.#sequencer.lastSeq);
    if (settled) this.#pendingChanged();
  }

  #watchGap(gap: boolean): void {
    if (!gap) {
      clearTimeout(this.#gapTimer);
      this.#gapTimer = undefined;
      return;
    }
    if (this.#sequencer.heldBack > MOST_HELD_BACK) {
      this.#bridgeGap();
    } else {
      this.#gapTimer ??= setTimeout(() => this.#bridgeGap(), GAP_PATIENCE_MS);
    }
  }

  /** Ask for what is missing by resuming; a server that cannot give it after all is not asked for ever. */
  #bridgeGap(): void {
    clearTimeout(this.#gapTimer);
    this.#gapTimer = undefined;
    this.#gapsInRow += 1;
    if (this.#gapsInRow > 2) {
      this.#gapsInRow = 0;
      this.#deliver(this.#sequencer.skipGap());
      return;
    }
    this.#attempt = 1;
    this.#become("reconnecting");
    void this.#open();
  }

  // --- losing -------------------------------------------------------------------------------------

  #closed(code: number, reason: string): void {
    this.#socket = null;
    const ending = this.#farewell ?? { code, reason: reason || "closed", message: "The connection was lost." };
    const known = code >= 4000 ? code : ending.code;
    if (known >= FIRST_FINAL_CODE || !this.#mayReconnect) {
      this.#abandonSocket(1000);
      this.#fail({ ...ending, code: known });
      return;
    }
    if (known === TOKEN_EXPIRED) {
      this.#renewToken = true;
      this.#tokensRefused += 1;
      if (this.#tokensRefused === 1) {
        this.#stopTimers();
        this.#attempt = Math.max(this.#attempt, 1);
        this.#become("reconnecting");
        void this.#open();
        return;
      }
    }
    this.#explanation = this.#farewell ?? this.#explanation;
    this.#lost({ ...ending, code: known });
  }

  /** The line is gone; try again after a while. */
  #lost(ending: Ending): void {
    this.#abandonSocket(1000);
    this.#ending = this.#explanation ?? ending;
    this.#attempt += 1;
    if (this.#options.reconnect === false || this.#attempt > this.#maxAttempts) {
      this.#attempt = Math.min(this.#attempt, this.#maxAttempts);
      this.#fail(this.#ending);
      return;
    }
    const delay = delayBefore(this.#attempt, this.#options.random);
    this.#retryAt = Date.now() + delay;
    this.#retryTimer = setTimeout(() => {
      this.#retryAt = null;
      this.#become("reconnecting");
      void this.#open();
    }, delay);
    this.#become("reconnecting");
  }

  #fail(ending: Ending): void {
    clearTimeout(this.#retryTimer);
    this.#retryAt = null;
    this.#ending = ending;
    this.#become("failed");
  }

  #abandonSocket(code: number): void {
    this.#stopTimers();
    this.#generation += 1;
    const socket = this.#socket;
    this.#socket = null;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    try {
      socket.close(code);
    } catch {
      // Already gone.
    }
  }

  #networkChanged(signal: "online" | "offline" | "awake"): void {
    if (signal === "offline") {
      if (this.#state === "connected" || (this.#state === "connecting" && this.#socket)) {
        this.#lost({ code: 0, reason: "offline", message: "This device is offline." });
      }
      return;
    }
    // An attempt begun while there was no network may hang until its time is over: a new one is quicker.
    if (this.#state === "reconnecting" && (this.#retryAt !== null || signal === "online")) {
      this.#retryAt = null;
      this.#become("reconnecting");
      void this.#open();
    } else if (this.#state === "failed" && signal === "online" && (this.#ending?.code ?? 0) < FIRST_FINAL_CODE) {
      if (this.#mayReconnect) this.reconnectNow();
    } else if (this.#state === "connected") {
      // After sleep the timers are late and the line may be long dead: ask.
      this.#ping();
    }
  }

  // --- staying alive ------------------------------------------------------------------------------

  #heard(): void {
    clearTimeout(this.#answerTimer);
    this.#answerTimer = undefined;
    clearTimeout(this.#silenceTimer);
    this.#silenceTimer = setTimeout(() => this.#lost(LINE_DEAD), SILENCE_LIMIT_MS);
    clearTimeout(this.#idleTimer);
    this.#idleTimer = setTimeout(() => this.#ping(), PING_AFTER_IDLE_MS);
    if (this.#catchingUp) this.#expectAnswer();
  }

  #expectAnswer(): void {
    this.#answerTimer ??= setTimeout(() => this.#lost(LINE_DEAD), ANSWER_TIMEOUT_MS);
  }

  /** @returns what the answer will carry. */
  #ping(): string {
    const mark = `${Date.now()}-${randomId(6)}`;
    this.#write({ type: "ping", data: { sent: mark }, timestamp: new Date().toISOString() });
    return mark;
  }

  #ponged(sent: unknown): void {
    if (typeof sent !== "string") return;
    const started = Number.parseInt(sent, 10);
    if (Number.isFinite(started)) this.#roundTripMs = Math.max(0, Date.now() - started);
    if (sent === this.#catchingUp) {
      this.#catchingUp = null;
      clearTimeout(this.#answerTimer);
      this.#answerTimer = undefined;
      // Answers among the missed events settle first, so that nothing already answered is repeated.
      queueMicrotask(() => this.#resend());
    }
    if (this.#state === "connected") this.#become("connected");
  }

  // --- sending ------------------------------------------------------------------------------------

  #ready(): boolean {
    return this.#state === "connected" && this.#catchingUp === null && this.#resendTimer === undefined;
  }

  #resend(): void {
    clearTimeout(this.#resendTimer);
    this.#resendTimer = undefined;
    if (this.#state !== "connected" || this.#catchingUp) return;
    if (this.#outbox.expire(Date.now()).length > 0) this.#pendingChanged();
    this.#resendFrom(this.#outbox.list());
  }

  #resendFrom(commands: readonly PendingCommand[]): void {
    for (const command of commands.slice(0, RESEND_AT_ONCE)) this.#transmit(command);
    const rest = commands.slice(RESEND_AT_ONCE);
    this.#resendTimer = undefined;
    if (rest.length === 0) {
      if (commands.length > 0) this.#pendingChanged();
      return;
    }
    // In portions, so that a full outbox does not look like a flood.
    this.#resendTimer = setTimeout(() => {
      const known = new Set(rest.map((command) => command.messageId));
      const later = this.#outbox.list().filter((command) => known.has(command.messageId) || !command.sent);
      this.#resendFrom(later);
    }, RESEND_PAUSE_MS);
  }

  #transmit(command: PendingCommand): void {
    command.sent = true;
    this.#write({
      command: command.line,
      timestamp: new Date(command.createdAt).toISOString(),
      message_id: command.messageId,
    });
  }

  #write(message: unknown): void {
    if (this.#tell(message)) this.#expectAnswer();
  }

  /** Writes what is not answered. */
  #tell(message: unknown): boolean {
    if (this.#socket?.readyState !== 1) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  // --- the rest -----------------------------------------------------------------------------------

  #stopTimers(): void {
    clearTimeout(this.#openTimer);
    clearTimeout(this.#idleTimer);
    clearTimeout(this.#answerTimer);
    clearTimeout(this.#silenceTimer);
    clearTimeout(this.#gapTimer);
    clearTimeout(this.#resendTimer);
    this.#answerTimer = this.#gapTimer = this.#resendTimer = undefined;
    this.#catchingUp = null;
  }

  #become(state: ConnectionState): void {
    this.#state = state;
    this.#options.onStatus?.(this.status);
  }

  #pendingChanged(): void {
    this.#options.onPending?.(this.#outbox.list());
  }
}

/** To which visit the voice signal went that the server did not pass on; null for any other event. */
export function refusedVisit(event: ServerEvent): number | null {
  if (event.event_type !== "error" || !event.reply_to?.startsWith(VOICE)) return null;
  return Number.parseInt(event.reply_to.slice(VOICE.length), 10);
}

/** The browser's own signals; nothing where there is no window. */
export const browserNetwork: NetworkSignals = (listener) => {
  if (typeof window === "undefined") return () => undefined;
  const online = () => listener("online");
  const offline = () => listener("offline");
  const shown = () => document.visibilityState === "visible" && listener("awake");
  window.addEventListener("online", online);
  window.addEventListener("offline", offline);
  document.addEventListener("visibilitychange", shown);
  return () => {
    window.removeEventListener("online", online);
    window.removeEventListener("offline", offline);
    document.removeEventListener("visibilitychange", shown);
  };
};
