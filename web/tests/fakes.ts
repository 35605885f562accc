/** A socket that goes nowhere, a network that changes on demand, and events made by hand. */
import type { EventCatalogue, EventType, NetworkSignals, ServerEvent } from "@mythgate/sdk";

type Sent = Record<string, unknown> & { data?: Record<string, unknown> };

export class FakeSocket {
  static all: FakeSocket[] = [];
  static get latest(): FakeSocket {
    const socket = FakeSocket.all.at(-1);
    if (!socket) throw new Error("no socket was opened");
    return socket;
  }

  readyState = 0;
  readonly sent: Sent[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((message: { data: string }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;

  readonly url: string;
  readonly protocols: readonly string[];

  constructor(url: string, protocols: readonly string[]) {
    this.url = url;
    this.protocols = protocols;
    FakeSocket.all.push(this);
  }

  static make = (url: string, protocols: string[]): WebSocket => new FakeSocket(url, protocols) as unknown as WebSocket;

  get query(): URLSearchParams {
    return new URL(this.url).searchParams;
  }

  /** The commands written, without pings. */
  get commands(): (string | undefined)[] {
    return this.sent.flatMap((message) => (typeof message.command === "string" ? [message.command] : []));
  }

  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }

  close(): void {
    this.readyState = 3;
  }

  accept(): void {
    this.readyState = 1;
    this.onopen?.();
  }

  deliver(...events: ServerEvent[]): void {
    this.onmessage?.({ data: JSON.stringify(events.length === 1 ? events[0] : events) });
  }

  /** Answer the last ping. */
  pong(sequence: number): void {
    const ping = this.sent.findLast((message) => message.type === "ping");
    this.deliver(event("pong", { sent: ping?.data?.sent as string }, { sequence_number: sequence }));
  }

  drop(code = 1006, reason = ""): void {
    this.readyState = 3;
    this.onclose?.({ code, reason });
  }
}

export class FakeNetwork {
  #listener: Parameters<NetworkSignals>[0] | null = null;

  readonly signals: NetworkSignals = (listener) => {
    this.#listener = listener;
    return () => {
      this.#listener = null;
    };
  };

  signal(what: "online" | "offline" | "awake"): void {
    this.#listener?.(what);
  }
}

export function event<K extends EventType>(
  type: K,
  data: Partial<EventCatalogue[K]> = {},
  envelope: Partial<Pick<ServerEvent, "sequence_number" | "room_id" | "reply_to" | "message_id" | "timestamp">> = {},
): ServerEvent {
  return {
    sequence_number: 0,
    timestamp: "2026-03-01T12:00:00Z",
    ...envelope,
    event_type: type,
    data: data as EventCatalogue[K],
  } as ServerEvent;
}

/** What tabs of one browser tell each other, delivered a moment later. */
export class FakeChannel {
  static all: FakeChannel[] = [];
  static asleep = false;
  static #kept: (() => void)[] = [];

  onmessage: ((message: { data: unknown }) => void) | null = null;
  readonly name: string;

  constructor(name: string) {
    this.name = name;
    FakeChannel.all.push(this);
  }

  static wake(): void {
    for (const deliver of FakeChannel.#kept.splice(0)) deliver();
  }

  postMessage(data: unknown): void {
    const copy = structuredClone(data);
    for (const other of FakeChannel.all) {
      if (other === this || other.name !== this.name) continue;
      const deliver = () => other.onmessage?.({ data: copy });
      if (FakeChannel.asleep) FakeChannel.#kept.push(deliver);
      else queueMicrotask(deliver);
    }
  }
}
