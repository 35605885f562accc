/** Joining, leaving and losing the voice channel in one tab, over a connection and with sound that go nowhere. */
import type { PartyView, PlayerView, RoomView, VoiceSpeakerView, VoiceUpdate } from "@mythgate/sdk";
import { afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { event, FakePeer, FakeSocket, FakeStream } from "./fakes.ts";

const player = { id: "ada", name: "Ada", inventory: [], following: null } as unknown as PlayerView;
const room = { id: "square", name: "Square", ways: [], players: [], npcs: [], items: [], fixtures: [] };
const party = { number: 1, name: "Otters", leader_id: "ada", members: [] } as unknown as PartyView;

let microphones: FakeStream[];
/** How the browser answers a wish for the microphone: with one, or with this. */
let denial: DOMException | null;
let sounds: FakeAudio[];
let plays: boolean;
let level: number;
let sequence: number;
let play: typeof import("../src/stores/play.ts");
let voice: typeof import("../src/stores/voice.ts");

class FakeAudio {
  srcObject: FakeStream | null = null;
  volume = 1;
  muted = false;
  constructor() {
    sounds.push(this);
  }
  play = async (): Promise<void> => {
    if (!plays) throw new DOMException("", "NotAllowedError");
  };
  pause = (): void => undefined;
}

class FakeContext {
  resume = async (): Promise<void> => undefined;
  close = async (): Promise<void> => undefined;
  createMediaStreamSource = () => ({ connect: () => undefined, disconnect: () => undefined });
  createAnalyser = () => ({
    fftSize: 0,
    getFloatTimeDomainData: (samples: Float32Array) => void samples.fill(level),
  });
}

// Reading the modules for the first time takes long on a busy machine.
beforeAll(() => import("../src/stores/voice.ts"), 60_000);

beforeEach(async () => {
  vi.useFakeTimers({ now: Date.parse("2026-03-01T12:00:00Z") });
  vi.resetModules();
  FakeSocket.all = [];
  FakePeer.all = [];
  microphones = [];
  denial = null;
  sounds = [];
  plays = true;
  level = 0;
  sequence = 0;
  const login = { refreshToken: "r", userId: "u", username: "Ada", role: "player", isGuest: false };
  const items = new Map([["mythgate.login", JSON.stringify(login)]]);
  vi.stubGlobal("sessionStorage", {
    getItem: (key: string) => items.get(key) ?? null,
    setItem: (key: string, value: string) => void items.set(key, value),
    removeItem: (key: string) => void items.delete(key),
  });
  vi.stubGlobal("WebSocket", FakeSocket);
  vi.stubGlobal("fetch", async (url: URL) => {
    const refreshed = url.pathname === "/api/auth/refresh";
    return new Response(JSON.stringify(refreshed ? { access_token: "a", expires_in: 900 } : {}), {
      status: refreshed ? 200 : 503,
    });
  });
  vi.stubGlobal("AudioContext", FakeContext);
  vi.stubGlobal("Audio", FakeAudio);
  vi.stubGlobal(
    "RTCPeerConnection",
    class extends FakePeer {
      constructor(configuration: RTCConfiguration) {
        super("ada", configuration);
      }
    },
  );
  vi.stubGlobal("navigator", {
    mediaDevices: {
      getUserMedia: async () => {
        if (denial) throw denial;
        microphones.push(new FakeStream("ada"));
        return microphones.at(-1);
      },
    },
  });
  play = await import("../src/stores/play.ts");
  voice = await import("../src/stores/voice.ts");
  play.enterWorld({ id: "ada", name: "Ada" });
  await settle();
  await arrive();
});

afterEach(() => {
  vi.clearAllTimers();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const settle = () => vi.advanceTimersByTimeAsync(200);
const state = () => voice.useVoice.getState();
const sent = () => FakeSocket.latest.commands;

async function tell<K extends Parameters<typeof event>[0]>(
  type: K,
  data: Parameters<typeof event<K>>[1],
  envelope: Parameters<typeof event>[2] = {},
): Promise<void> {
  sequence += 1;
  FakeSocket.latest.deliver(event(type, data, { sequence_number: sequence, ...envelope }));
  await settle();
}

/** Come into the world, in a party with nobody in its channel. */
async function arrive(): Promise<void> {
  FakeSocket.latest.accept();
  await tell("game_state", { player, room: room as unknown as RoomView, session_id: "s", recent: [] });
  await pong();
  await tell("party_update", { party, reason: "state", party_number: 1, player_id: null, message: "" });
  await update([], "state");
}

async function pong(): Promise<void> {
  sequence += 1;
  FakeSocket.latest.pong(sequence);
  await settle();
}

const speaker = (id: string, visit: number, more: Partial<VoiceSpeakerView> = {}): VoiceSpeakerView => ({
  id,
  number: 1,
  name: id,
  visit,
  is_muted: false,
  is_silenced: false,
  ...more,
});

const update = (speakers: VoiceSpeakerView[], reason: VoiceUpdate["reason"], about: string | null = null) =>
  tell("voice_update", { party_number: 1, speakers, max_speakers: 8, reason, player_id: about, message: "" });

async function enterChannel(visit: number, ...others: VoiceSpeakerView[]): Promise<void> {
  await tell("voice_ready", { party_number: 1, visit, ice_servers: [], signal_bytes: 16384 });
  await update([...others, speaker("ada", visit)], "joined", "ada");
}

async function join(...others: VoiceSpeakerView[]): Promise<void> {
  await voice.joinVoice();
  await enterChannel(5, ...others);
  const asked = FakeSocket.latest.sent.findLast(({ command }) => command === "voice");
  const answer = { command: "voice", result: "You are in the voice channel of your party.", success: true };
  await tell("command_response", answer, { reply_to: String(asked?.message_id) });
}

function microphone(): FakeStream {
  const last = microphones.at(-1);
  if (!last) throw new Error("nobody asked for one");
  return last;
}

test("joining asks for the microphone first, then the server, and calls who is there", async () => {
  const joining = voice.joinVoice();
  expect(state().phase).toBe("asking");
  await voice.joinVoice(); // once is enough
  await joining;
  expect([state().phase, sent()]).toEqual(["joining", ["voice"]]);
  await enterChannel(5, speaker("ben", 4));
  expect([state().phase, state().peers, FakePeer.all.length]).toEqual(["in", { ben: "connecting" }, 1]);
  const signals = FakeSocket.latest.sent.filter(({ type }) => type === "voice_signal");
  expect(signals.map(({ data }) => [data?.kind, data?.visit, data?.to, data?.to_visit])).toEqual([
    ["offer", 5, "ben", 4],
    ["candidates", 5, "ben", 4],
  ]);
  await tell("voice_signal", {
    player_id: "ben",
    visit: 4,
    to_visit: 5,
    kind: "answer",
    sdp: "answer of ben",
    candidates: [],
  });
  expect(sounds.map(({ srcObject, volume }) => [srcObject?.id, volume])).toEqual([["ben", 1]]);
  voice.setVolume("ben", 0.5);
  expect(sounds[0]?.volume).toBe(0.5);
  level = 0.2;
  await settle();
  expect([...state().speaking]).toEqual(["ada", "ben"]);
  level = 0;
  await vi.advanceTimersByTimeAsync(600);
  expect(state().speaking.size).toBe(0);
});

test("who leaves stops at once, and is not drawn in again by what was on its way", async () => {
  await join(speaker("ben", 4));
  voice.leaveVoice();
  expect([state().phase, microphone().track.isStopped, FakePeer.of("ada").isClosed]).toEqual(["off", true, true]);
  await update([speaker("ben", 4, { is_muted: true }), speaker("ada", 5)], "muted", "ben");
  expect([state().phase, microphones.length]).toEqual(["off", 1]);
  await update([speaker("ben", 4)], "left", "ada");
  expect(sent()).toEqual(["voice", "voice off"]);
});

test("without the microphone one is told why, and may listen", async () => {
  for (const [name, message] of [
    ["NotAllowedError", "This page may not use the microphone."],
    ["NotFoundError", "No microphone was found."],
    ["SomethingElse", "The microphone cannot be used."],
  ] as const) {
    denial = new DOMException("", name);
    await voice.joinVoice();
    expect(state()).toMatchObject({ phase: "off", problem: { message, isAboutMicrophone: true } });
  }
  vi.stubGlobal("navigator", {}); // as for pages that did not come over https
  await voice.joinVoice();
  expect(state().problem?.message).toBe("Browsers give the microphone to pages over https only.");
  expect(sent()).toEqual([]);
  await voice.joinVoice(true);
  await enterChannel(5, speaker("ben", 4));
  expect(state()).toMatchObject({ phase: "in", listensOnly: true, problem: null });
  expect(FakePeer.of("ada").transceivers).toEqual(["recvonly"]);
});

test("whoever types it is asked for the microphone as well, once", async () => {
  denial = new DOMException("", "NotAllowedError");
  await enterChannel(5);
  expect(sent()).toEqual(["voice off"]);
  await update([speaker("ada", 5), speaker("ben", 6)], "joined", "ben");
  expect(sent()).toEqual(["voice off"]);
  await update([speaker("ben", 6)], "left", "ada");
  denial = null;
  await enterChannel(7, speaker("ben", 6));
  expect([state().phase, sent()]).toEqual(["joining", ["voice off", "voice"]]);
  await enterChannel(8, speaker("ben", 6));
  expect(state()).toMatchObject({ phase: "in", peers: { ben: "connecting" } });
});

test("a refusal to join is told, and the microphone let go", async () => {
  await voice.joinVoice();
  const result = "The voice channel is full.";
  await tell("command_response", { command: "voice", result, success: false, code: "voice_full" });
  expect(state()).toMatchObject({ phase: "off", problem: { message: result, isAboutMicrophone: false } });
  expect(microphone().track.isStopped).toBe(true);
});

test("muting holds at once, and whoever the staff has muted is not heard", async () => {
  await join(speaker("ben", 4));
  await tell("voice_signal", {
    player_id: "ben",
    visit: 4,
    to_visit: 5,
    kind: "answer",
    sdp: "answer of ben",
    candidates: [],
  });
  voice.muteVoice(true);
  expect([microphone().track.enabled, state().wantsMute]).toEqual([false, true]);
  await update([speaker("ben", 4), speaker("ada", 5, { is_muted: true })], "muted", "ada");
  expect([microphone().track.enabled, state().wantsMute]).toEqual([false, null]);
  voice.muteVoice(false);
  await update([speaker("ben", 4), speaker("ada", 5)], "muted", "ada");
  expect(microphone().track.enabled).toBe(true);
  await update([speaker("ben", 4, { is_silenced: true }), speaker("ada", 5, { is_silenced: true })], "silenced", "ada");
  expect([microphone().track.enabled, sounds[0]?.muted]).toEqual([false, true]);
  voice.muteVoice(true);
  voice.muteVoice(false);
  expect(microphone().track.enabled).toBe(false);
  expect(sent()).toEqual(["voice", "voice mute", "voice unmute", "voice mute", "voice unmute"]);
});

test("after a lost line all is agreed on anew; who was away for too long joins again", async () => {
  await join(speaker("ben", 4));
  await tell("voice_signal", {
    player_id: "ben",
    visit: 4,
    to_visit: 5,
    kind: "answer",
    sdp: "answer of ben",
    candidates: [],
  });
  FakeSocket.latest.drop();
  await vi.advanceTimersByTimeAsync(3_000);
  FakeSocket.latest.accept();
  expect(FakePeer.of("ada").log).not.toContain("restart");
  await tell("heartbeat", {});
  await pong();
  expect(FakePeer.of("ada").log).toContain("restart");
  expect(FakeSocket.latest.sent.filter(({ type }) => type === "voice_signal")).not.toEqual([]);
  await update([speaker("ben", 4)], "lost", "ada");
  expect([state().phase, sent(), microphone().track.isStopped]).toEqual(["joining", ["voice"], false]);
  await enterChannel(9, speaker("ben", 4));
  expect([state().phase, FakePeer.all.length]).toEqual(["in", 2]);
});

test("the end of the party, of the play session, and of a party nobody tells of end it", async () => {
  const isOver = () => [state().phase, microphone().track.isStopped];
  await join();
  await tell("party_update", { party: null, reason: "kicked", party_number: 1, player_id: "ada", message: "" });
  expect(isOver()).toEqual(["off", true]);

  await tell("party_update", { party, reason: "state", party_number: 1, player_id: null, message: "" });
  await update([], "state");
  await join();
  await tell("game_state", { player, room: room as unknown as RoomView, session_id: "s", recent: [] });
  expect(isOver()).toEqual(["in", false]);
  await vi.advanceTimersByTimeAsync(5_000);
  expect(isOver()).toEqual(["off", true]);

  await tell("party_update", { party, reason: "state", party_number: 1, player_id: null, message: "" });
  await update([], "state");
  await join();
  await update([speaker("ada", 5)], "state"); // as it stands, which changes nothing
  expect(isOver()).toEqual(["in", false]);
  FakeSocket.latest.drop(4502, "taken_over");
  await settle();
  expect(isOver()).toEqual(["off", true]);
});

test("whoever ignores the player is shown as not connected, and nothing is said in the log", async () => {
  await join(speaker("ben", 4));
  const before = play.usePlay.getState().game.log.length;
  const signal = FakeSocket.latest.sent.find(({ type }) => type === "voice_signal");
  const refusal = { code: "unreachable", message: "They are not in your voice channel." };
  await tell("error", { ...refusal, code: "rate_limited" }, { reply_to: String(signal?.message_id) });
  expect(state().peers).toEqual({ ben: "connecting" });
  await tell("error", refusal, { reply_to: String(signal?.message_id) });
  expect(state().peers).toEqual({ ben: "apart" });
  expect(play.usePlay.getState().game.log).toHaveLength(before);
});

test("what the browser does not play is played when the player wants it", async () => {
  plays = false;
  await join(speaker("ben", 4));
  const answer = { player_id: "ben", visit: 4, to_visit: 5, kind: "answer", sdp: "answer of ben" } as const;
  await tell("voice_signal", { ...answer, candidates: [] });
  expect(state().isBlocked).toBe(true);
  await voice.letBeHeard();
  expect(state().isBlocked).toBe(true);
  plays = true;
  await voice.letBeHeard();
  expect(state().isBlocked).toBe(false);
});

test("a microphone that is pulled out is told", async () => {
  await join();
  microphone().track.onended?.();
  expect(state().problem?.message).toBe("The microphone is gone: nobody hears you.");
});
