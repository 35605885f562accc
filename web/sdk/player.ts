/** One character in the world, for programs: what happens as typed events, what one does as promises. */
import type { Api } from "./api.ts";
import { Connection, type ConnectionOptions, type ConnectionStatus } from "./connection.ts";
import type { EnvelopeOf, EventType, ServerEvent } from "./envelope.ts";
import { type MythError, Refused, Unreachable } from "./errors.ts";
import type { CommandResponse, GameState, PositionData } from "./generated/events.ts";
import { randomId } from "./ids.ts";
import type { Session } from "./session.ts";

/** Those of `Connection` that a program may want to choose; each has a sensible default. */
type Choices = Pick<
  ConnectionOptions,
  "characterId" | "reconnect" | "maxAttempts" | "socket" | "network" | "random" | "onStatus"
>;

export interface PlayerOptions extends Partial<Choices> {
  readonly api: Api;
  /** Signed in already. */
  readonly session: Session;
  /** Hears of what a handler threw; without it, it is thrown as an uncaught error. The other handlers run anyway. */
  readonly onError?: (error: unknown, event: ServerEvent) => void;
}

export type Handler<K extends EventType> = (event: EnvelopeOf<K>) => void;

interface Answer {
  readonly resolve: (response: CommandResponse) => void;
  readonly reject: (error: MythError) => void;
}

interface Waiting {
  readonly type: EventType;
  readonly found: (event: ServerEvent) => boolean;
  readonly reject: (error: MythError) => void;
}

const PATIENCE_MS = 15_000;
/** The server closes with it when the character has left the world as asked. */
const QUIT = 4500;

/**
 * Brings a character into the world and keeps it there over lost connections: events come in order and once, and a
 * command has one effect, however often the line is lost meanwhile.
 */
export class Player {
  readonly connection: Connection;
  readonly #options: PlayerOptions;
  readonly #handlers = new Map<EventType | "*", Set<(event: ServerEvent) => void>>();
  readonly #answers = new Map<string, Answer>();
  readonly #waiting = new Set<Waiting>();

  constructor(options: PlayerOptions) {
    const { api, session, onError: _, ...choices } = options;
    this.#options = options;
    this.connection = new Connection({
      ...choices,
      url: api.socketUrl,
      sessionId: randomId(),
      token: (renew) => session.accessToken(renew),
      onEvents: (events) => {
        for (const event of events) this.#happened(event);
      },
      onStatus: (status) => this.#changed(status),
    });
  }

  get status(): ConnectionStatus {
    return this.connection.status;
  }

  /**
   * Come into the world.
   * @throws {MythError} the server does not let one in, or does not answer; `no_websocket`: see `Connection.connect`.
   */
  async enter(withinMs = PATIENCE_MS): Promise<GameState> {
    this.connection.connect();
    const entered = this.next("game_state", undefined, withinMs);
    try {
      return (await entered).data;
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Call `handler` with every event of a type, `"*"` for all. Returns what stops it. */
  on<K extends EventType>(type: K, handler: Handler<K>): () => void;
  on(type: "*", handler: (event: ServerEvent) => void): () => void;
  on(type: EventType | "*", handler: (event: never) => void): () => void {
    const handlers = this.#handlers.get(type) ?? new Set();
    this.#handlers.set(type, handlers);
    // An own function each time: the same handler may be registered twice.
    const call = (event: ServerEvent) => (handler as (event: ServerEvent) => void)(event);
    handlers.add(call);
    return () => handlers.delete(call);
  }

  /**
   * The next event of a type, of those that `matches` approves.
   * @throws {Unreachable} there was none in time, or the connection was given up.
   */
  next<K extends EventType>(
    type: K,
    matches: (event: EnvelopeOf<K>) => boolean = () => true,
    withinMs = PATIENCE_MS,
  ): Promise<EnvelopeOf<K>> {
    return new Promise((resolve, reject) => {
      const over = () => {
        clearTimeout(timer);
        this.#waiting.delete(waiting);
      };
      const waiting: Waiting = {
        type,
        found: (event) => {
          const its = event as EnvelopeOf<K>;
          if (!matches(its)) return false;
          over();
          resolve(its);
          return true;
        },
        reject: (error) => {
          over();
          reject(error);
        },
      };
      const timer = setTimeout(
        () => waiting.reject(new Unreachable("timeout", `No ${type} within ${withinMs} ms.`)),
        withinMs,
      );
      this.#waiting.add(waiting);
    });
  }

  /**
   * Do what people type. Sent again after a lost line until it is answered.
   * @throws {Refused} the server said no, with its code and hint. @throws {Unreachable} it was given up.
   */
  command(line: string): Promise<CommandResponse> {
    return new Promise((resolve, reject) => {
      const { state, ending } = this.status;
      if (state === "failed" || state === "disconnected") {
        reject(new Unreachable(ending?.reason ?? "not_connected", ending?.message ?? "Enter the world first."));
        return;
      }
      const id = this.connection.command(line);
      if (id === null) reject(new Refused("too_many", "Too many commands wait for their answers."));
      else this.#answers.set(id, { resolve, reject });
    });
  }

  /** Say where the character stands and how it moves, to the others in the room. False: there is no connection now. */
  report(position: PositionData): boolean {
    return this.connection.report(position);
  }

  /** Leave the world, so that others see it at once, and close the connection. */
  async leave(): Promise<void> {
    if (this.status.state === "connected") await this.command("quit").catch(() => undefined);
    this.close();
  }

  /** Close the connection and nothing else: others see the character as having lost the line. */
  close(): void {
    this.connection.close();
    this.#giveUp(new Unreachable("closed", "The connection was closed."));
  }

  // --- hearing ------------------------------------------------------------------------------------

  #happened(event: ServerEvent): void {
    this.#answered(event);
    for (const waiting of [...this.#waiting])
      if (waiting.type === event.event_type) this.#guarded(waiting.found, event);
    for (const type of [event.event_type, "*"] as const) {
      for (const handler of [...(this.#handlers.get(type) ?? [])]) this.#guarded(handler, event);
    }
  }

  #guarded(handler: (event: ServerEvent) => unknown, event: ServerEvent): void {
    try {
      handler(event);
    } catch (error) {
      const { onError } = this.#options;
      if (onError) onError(error, event);
      else
        queueMicrotask(() => {
          throw error;
        });
    }
  }

  #answered(event: ServerEvent): void {
    if (event.event_type !== "command_response" && event.event_type !== "error") return;
    const id = event.reply_to ?? event.message_id ?? "";
    const answer = this.#answers.get(id);
    if (!answer) return;
    this.#answers.delete(id);
    if (event.event_type === "command_response" && event.data.success) answer.resolve(event.data);
    else answer.reject(refusalIn(event));
  }

  #changed(status: ConnectionStatus): void {
    this.#options.onStatus?.(status);
    if (status.state !== "failed") return;
    const { code = 0, reason = "failed", message = "The connection was given up." } = status.ending ?? {};
    const said = code > QUIT ? new Refused(reason, message) : new Unreachable(reason, message);
    this.#giveUp(said);
  }

  #giveUp(error: MythError): void {
    const waiting = [...this.#waiting, ...this.#answers.values()];
    this.#answers.clear();
    for (const one of waiting) one.reject(error);
  }
}

function refusalIn(event: EnvelopeOf<"command_response"> | EnvelopeOf<"error">): Refused {
  const { data } = event;
  const message = "result" in data ? data.result : data.message;
  const details = { hint: data.hint ?? "", retryAfter: data.retry_after };
  return new Refused(data.code ?? "refused", message, details);
}
