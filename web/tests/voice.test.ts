import {
  type PeerState,
  VoiceMesh,
  type VoiceReady,
  type VoiceSignal,
  type VoiceSignalData,
  type VoiceSpeakerView,
} from "@mythgate/sdk";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { FakePeer, FakeStream } from "./fakes.ts";

/** One client: what it sends goes to the other's `inbox`, in order, when the test delivers it. */
class Client {
  readonly heard: (string | null)[] = [];
  readonly states: (PeerState | null)[] = [];
  readonly inbox: VoiceSignal[] = [];
  readonly mesh: VoiceMesh;
  readonly microphone: FakeStream | null;
  other: Client | null = null;
  isOnline = true;

  readonly id: string;
  constructor(id: string, hasMicrophone = true) {
    this.id = id;
    this.microphone = hasMicrophone ? new FakeStream(id) : null;
    this.mesh = new VoiceMesh({
      microphone: this.microphone as unknown as MediaStream | null,
      signal: (signal) => this.#signal(signal),
      onStream: (_, stream) => this.heard.push(stream && (stream as unknown as FakeStream).id),
      onState: (_, state) => this.states.push(state),
      peer: (configuration) => new FakePeer(this.id, configuration) as unknown as RTCPeerConnection,
    });
  }

  #signal({ visit, to_visit, kind, sdp, candidates }: VoiceSignalData): boolean {
    if (this.isOnline) {
      this.other?.inbox.push({
        player_id: this.id,
        visit,
        to_visit,
        kind,
        sdp: sdp ?? "",
        candidates: candidates ?? [],
      });
    }
    return this.isOnline;
  }

  get peer(): FakePeer {
    return FakePeer.of(this.id);
  }

  get kinds(): string[] {
    return this.inbox.map(({ kind }) => kind);
  }
}

const speaker = (id: string, visit: number): VoiceSpeakerView => ({
  id,
  number: 1,
  name: id,
  visit,
  is_muted: false,
  is_silenced: false,
});

const ready = (visit: number, more: Partial<VoiceReady> = {}): VoiceReady => ({
  party_number: 1,
  visit,
  ice_servers: [],
  signal_bytes: 16384,
  ...more,
});

let ada: Client;
let ben: Client;

beforeEach(() => {
  vi.useFakeTimers();
  FakePeer.all = [];
  ada = new Client("ada");
  ben = new Client("ben");
  ada.other = ben;
  ben.other = ada;
});

afterEach(() => {
  ada.mesh.close();
  ben.mesh.close();
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

const settle = () => vi.advanceTimersByTimeAsync(0);

/** Let everything that is on the way arrive, and what answers it. */
async function deliver(): Promise<void> {
  for (;;) {
    await vi.advanceTimersByTimeAsync(150);
    const waiting = [ada, ben].flatMap((client) => client.inbox.splice(0).map((signal) => [client, signal] as const));
    if (waiting.length === 0) return;
    for (const [client, signal] of waiting) await client.mesh.receive(signal);
  }
}

/** Ada is there first (visit 1), Ben comes (2). */
async function call(): Promise<void> {
  ada.mesh.begin(ready(1));
  ada.mesh.update([]);
  ben.mesh.begin(ready(2));
  ben.mesh.update([speaker("ada", 1)]);
  ada.mesh.update([speaker("ben", 2)]);
  await deliver();
}

test("who comes later calls, and both hear each other", async () => {
  await call();
  expect(ada.peer.log).toEqual(["remote offer", "local answer", "candidate"]);
  expect(ben.peer.log).toEqual(["local offer", "remote answer", "candidate"]);
  expect(ada.heard).toEqual(["ben"]);
  expect(ben.heard).toEqual(["ada"]);
  ada.peer.become("connected");
  ben.peer.become("connected");
  expect([ada.states, ben.states]).toEqual([
    ["connecting", "connected"],
    ["connecting", "connected"],
  ]);
});

test("candidates that are found together travel together", async () => {
  ben.mesh.begin(ready(2));
  ben.mesh.update([speaker("ada", 1)]);
  await settle();
  for (let index = 0; index < 3; index += 1) ben.peer.find(`candidate:${index}`);
  await vi.advanceTimersByTimeAsync(100);
  expect(ada.inbox.map(({ kind, candidates }) => [kind, candidates?.length])).toEqual([
    ["offer", 0],
    ["candidates", 4],
  ]);
  for (let index = 0; index < 33; index += 1) ben.peer.find(`candidate:${index}`);
  ben.peer.find(null);
  expect(ada.inbox.slice(2).map(({ candidates }) => candidates?.length)).toEqual([32, 1]);
});

test("if both call, who was there first gives way", async () => {
  await call();
  ada.peer.log.length = ben.peer.log.length = 0;
  ada.mesh.restart();
  ben.mesh.restart();
  await settle();
  expect([ada.kinds[0], ben.kinds[0]]).toEqual(["offer", "offer"]);
  await deliver();
  // Ben's offer holds: Ada took it instead of her own, and Ben never took hers.
  expect(ada.peer.log.filter((what) => !what.startsWith("cand"))).toEqual([
    "restart",
    "local offer",
    "remote offer",
    "local answer",
  ]);
  expect(ben.peer.log.filter((what) => !what.startsWith("cand"))).toEqual(["restart", "local offer", "remote answer"]);
  expect([ada.peer.signalingState, ben.peer.signalingState]).toEqual(["stable", "stable"]);
});

test("signals that were lost are made up for after the line is back", async () => {
  ada.mesh.begin(ready(1));
  ben.isOnline = false;
  ben.mesh.begin(ready(2));
  ben.mesh.update([speaker("ada", 1)]);
  ada.mesh.update([speaker("ben", 2)]);
  await deliver();
  expect(ada.heard).toEqual([]);
  ben.isOnline = true;
  ada.mesh.restart(); // waits for the call
  ben.mesh.restart();
  await deliver();
  expect([ada.heard, ben.heard]).toEqual([["ben"], ["ada"]]);
});

test("an offer that nobody answers is made again, and given up at last", async () => {
  ben.mesh.begin(ready(2));
  ben.mesh.update([speaker("ada", 1)]);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(ada.kinds.filter((kind) => kind === "offer")).toHaveLength(4);
  expect(ben.states).toEqual(["connecting", "failed"]);
});

test("an answer that comes twice is taken once", async () => {
  await call();
  const log = ben.peer.log.length;
  await ben.mesh.receive({
    player_id: "ada",
    visit: 1,
    to_visit: 2,
    kind: "answer",
    sdp: "answer of ada",
    candidates: [],
  });
  expect(ben.peer.log).toHaveLength(log);
});

test("a way that fails is looked for anew", async () => {
  await call();
  ben.peer.become("failed");
  expect(ben.states.at(-1)).toBe("failed");
  await deliver();
  expect(ben.peer.log.filter((what) => what.endsWith("offer"))).toHaveLength(2);
  ben.peer.become("disconnected");
  ben.peer.become("connected");
  expect(ben.states.slice(-2)).toEqual(["connecting", "connected"]);
});

test("who joins anew is called anew, and what was for the old visit is dropped", async () => {
  await call();
  const old = ben.peer;
  ada.mesh.update([speaker("ben", 3)]);
  expect(ada.heard.at(-1)).toBeNull();
  await ada.mesh.receive({ player_id: "ben", visit: 2, to_visit: 1, kind: "offer", sdp: "late", candidates: [] });
  expect(ada.peer.log).toEqual([]);
  ben.mesh.begin(ready(3));
  expect(old.isClosed).toBe(true);
  expect(ben.mesh.visit).toBe(3);
  ben.mesh.update([speaker("ada", 1)]);
  await deliver();
  expect([ada.heard.at(-1), ben.heard.at(-1)]).toEqual(["ben", "ada"]);
  expect(FakePeer.all).toHaveLength(4);
});

test("who leaves is parted from, and leaving ends it all", async () => {
  await call();
  const peers = [ada.peer, ben.peer];
  ada.mesh.update([]);
  ben.mesh.close();
  expect(peers.map((peer) => peer.isClosed)).toEqual([true, true]);
  expect([ada.heard.at(-1), ada.states.at(-1), ben.heard.at(-1), ben.mesh.visit]).toEqual([null, null, null, null]);
  ben.mesh.update([speaker("ada", 1)]);
  ben.mesh.restart();
  expect(FakePeer.all).toHaveLength(2);
});

test("who ignores somebody is not connected while both visits last", async () => {
  await call();
  const [mine, theirs] = [ada.peer, ben.peer];
  await ada.mesh.receive({ player_id: "ben", visit: 2, to_visit: 1, kind: "bye", sdp: "", candidates: [] });
  ben.mesh.refused(1);
  ben.mesh.refused(1);
  expect([mine.isClosed, theirs.isClosed, ada.states.at(-1), ben.states.at(-1)]).toEqual([
    true,
    true,
    "apart",
    "apart",
  ]);
  ada.mesh.update([speaker("ben", 2)]);
  ada.mesh.restart();
  await ada.mesh.receive({ player_id: "ben", visit: 2, to_visit: 1, kind: "offer", sdp: "v=0", candidates: [] });
  expect(FakePeer.all).toHaveLength(2);
});

test("without a microphone one listens", async () => {
  ben = new Client("ben", false);
  ada.other = ben;
  ben.other = ada;
  await call();
  expect(ben.peer.transceivers).toEqual(["recvonly"]);
  expect([ada.peer.tracks, ben.peer.tracks]).toEqual([["ada"], []]);
  expect(ben.heard).toEqual(["ada"]);
});

test("a description that cannot be read breaks nothing else", async () => {
  await call();
  await ada.mesh.receive({ player_id: "ben", visit: 2, to_visit: 1, kind: "offer", sdp: "nonsense", candidates: [] });
  expect(ada.states.at(-1)).toBe("failed");
  await ada.mesh.receive({
    player_id: "ben",
    visit: 2,
    to_visit: 1,
    kind: "candidates",
    candidates: [{ candidate: "nonsense", sdp_mid: null, sdp_m_line_index: null, username_fragment: null }],
    sdp: "",
  });
  ben.mesh.restart();
  await deliver();
  expect(ada.peer.signalingState).toBe("stable");
});

test("servers that help are handed on with what they want", () => {
  const servers = [
    { urls: ["stun:a.example.org"], username: "", credential: "" },
    { urls: ["turn:b.example.org"], username: "otter", credential: "secret" },
  ];
  ben.mesh.begin(ready(2, { ice_servers: servers }));
  ben.mesh.update([speaker("ada", 1)]);
  expect(ben.peer.configuration).toEqual({ iceServers: [{ urls: ["stun:a.example.org"] }, servers[1]] });
});
