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

export class FakeTrack {
  enabled = true;
  isStopped = false;
  onended: (() => void) | null = null;

  stop(): void {
    this.isStopped = true;
  }
}

/** A stream with one voice. */
export class FakeStream {
  readonly track = new FakeTrack();
  readonly id: string;

  constructor(id: string) {
    this.id = id;
  }

  getTracks = (): FakeTrack[] => [this.track];
  getAudioTracks = this.getTracks;
}

type Description = { readonly type: "offer" | "answer" | "rollback"; readonly sdp: string };

/** A peer connection that keeps to the states and the order of events of a real one, and connects to nothing. */
export class FakePeer {
  static all: FakePeer[] = [];

  /** The last that a client made. */
  static of(owner: string): FakePeer {
    const peer = FakePeer.all.findLast((one) => one.owner === owner);
    if (!peer) throw new Error(`${owner} made none`);
    return peer;
  }

  readonly owner: string;
  readonly configuration: RTCConfiguration;
  readonly log: string[] = [];
  readonly tracks: string[] = [];
  readonly transceivers: string[] = [];
  signalingState: "stable" | "have-local-offer" | "have-remote-offer" = "stable";
  connectionState = "new";
  localDescription: Description | null = null;
  isClosed = false;
  onnegotiationneeded: (() => void) | null = null;
  onicecandidate: ((event: { candidate: object | null }) => void) | null = null;
  ontrack: ((event: { streams: FakeStream[]; track: FakeTrack }) => void) | null = null;
  onconnectionstatechange: (() => void) | null = null;
  #needsNegotiation = false;

  constructor(owner: string, configuration: RTCConfiguration) {
    this.owner = owner;
    this.configuration = configuration;
    FakePeer.all.push(this);
  }

  addTrack(_track: FakeTrack, stream: FakeStream): void {
    this.tracks.push(stream.id);
    this.#need();
  }

  addTransceiver(_kind: string, { direction }: { direction: string }): void {
    this.transceivers.push(direction);
    this.#need();
  }

  restartIce(): void {
    this.log.push("restart");
    this.#need();
  }

  async setLocalDescription(): Promise<void> {
    await null;
    const type = this.signalingState === "have-remote-offer" ? "answer" : "offer";
    this.#needsNegotiation = false;
    this.localDescription = { type, sdp: `${type} of ${this.owner}` };
    this.signalingState = type === "offer" ? "have-local-offer" : "stable";
    this.log.push(`local ${type}`);
    this.find(`candidate:${this.owner}`);
    this.#check();
  }

  async setRemoteDescription({ type, sdp }: Description): Promise<void> {
    if (sdp === "nonsense") throw new TypeError("cannot be read");
    if (type === "answer" && this.signalingState !== "have-local-offer") throw new Error("InvalidStateError");
    // An offer of one's own is taken back for that of the other.
    if (type === "offer" && this.signalingState === "have-local-offer") this.#needsNegotiation = false;
    this.signalingState = type === "offer" ? "have-remote-offer" : "stable";
    await null;
    this.log.push(`remote ${type}`);
    const other = sdp.split(" ").at(-1) ?? "";
    if (this.log.filter((what) => what.startsWith("remote")).length === 1) {
      this.ontrack?.({ streams: [new FakeStream(other)], track: new FakeTrack() });
    }
    this.#check();
  }

  async addIceCandidate({ candidate }: { candidate: string }): Promise<void> {
    if (candidate === "nonsense") throw new TypeError("cannot be read");
    this.log.push("candidate");
  }

  close(): void {
    this.isClosed = true;
  }

  /** The browser found a way to be reached, or with null has found all. */
  find(candidate: string | null): void {
    const found = candidate === null ? null : { candidate, sdpMid: "0", sdpMLineIndex: 0, usernameFragment: "f" };
    this.onicecandidate?.({ candidate: found });
  }

  become(state: string): void {
    this.connectionState = state;
    this.onconnectionstatechange?.();
  }

  #need(): void {
    this.#needsNegotiation = true;
    this.#check();
  }

  /** The event is fired later, and only if nothing has changed by then. */
  #check(): void {
    queueMicrotask(() => {
      if (!this.#needsNegotiation || this.signalingState !== "stable" || this.isClosed) return;
      this.#needsNegotiation = false;
      this.onnegotiationneeded?.();
    });
  }
}
