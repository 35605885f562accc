/** Voice chat of this tab: the microphone, the connections to the others, and what the player set for each of them. */
import { type PeerState, refusedVisit, type ServerEvent, VoiceMesh, type VoiceSpeakerView } from "@mythgate/sdk";
import { create } from "zustand";
import { onHeard, send, signalVoice, usePlay } from "./play.ts";
import { Sound } from "./sound.ts";

export interface VoiceProblem {
  readonly message: string;
  readonly hint?: string;
  /** Whether one might listen all the same. */
  readonly isAboutMicrophone: boolean;
}

export interface VoiceState {
  /** `asking`: the browser asks for the microphone; `joining`: the server is asked. */
  readonly phase: "off" | "asking" | "joining" | "in";
  readonly listensOnly: boolean;
  readonly problem: VoiceProblem | null;
  /** By character. */
  readonly peers: Readonly<Record<string, PeerState>>;
  readonly speaking: ReadonlySet<string>;
  /** By character, from 0 to 1; who is not in it is as loud as they are. */
  readonly volumes: Readonly<Record<string, number>>;
  /** Whether the player wants to be muted, until the server has said so; null: as it says. */
  readonly wantsMute: boolean | null;
  /** Whether the browser plays nothing before the player has pressed something. */
  readonly isBlocked: boolean;
}

const OFF: Omit<VoiceState, "volumes"> = {
  phase: "off",
  listensOnly: false,
  problem: null,
  peers: {},
  speaking: new Set(),
  wantsMute: null,
  isBlocked: false,
};

export const useVoice = create<VoiceState>(() => ({ ...OFF, volumes: {} }));

/** What there is between joining and leaving. */
interface Call {
  readonly microphone: MediaStream | null;
  readonly mesh: VoiceMesh;
  readonly sound: Sound;
}

/** Who begins anew is told of their party a moment later, or is in none any more. */
const PARTY_PATIENCE_MS = 5_000;

let call: Call | null = null;
/** Rises with everything that makes an earlier wish for the microphone void. */
let attempt = 0;
/** The visit that the player does not want to carry on, or cannot, while the server does not know of it. */
let declined: number | null = null;
/** The connection to the server was gone. */
let isRestartDue = false;

const self = (): string => usePlay.getState().adventure.self;

function ownIn(speakers: readonly VoiceSpeakerView[] = []): VoiceSpeakerView | undefined {
  return speakers.find((one) => one.id === self());
}

const own = (): VoiceSpeakerView | undefined => ownIn(usePlay.getState().adventure.voice?.speakers);

// --- what the player does ---------------------------------------------------------------------------

/** Ask for the microphone, unless the player only listens, and join. */
export async function joinVoice(listensOnly = false): Promise<void> {
  if (useVoice.getState().phase !== "off") return;
  const mine = ++attempt;
  useVoice.setState({ ...OFF, phase: "asking", listensOnly });
  let microphone: MediaStream | null = null;
  try {
    microphone = listensOnly ? null : await openMicrophone();
  } catch (error) {
    if (mine !== attempt) return;
    useVoice.setState({ ...OFF, problem: microphoneProblem(error) });
    const joined = own();
    if (!joined) return;
    declined = joined.visit;
    send("voice off");
    return;
  }
  if (mine !== attempt) {
    close(microphone);
    return;
  }
  call = begin(microphone);
  useVoice.setState({ phase: "joining" });
  send("voice");
}

export function leaveVoice(): void {
  declined = own()?.visit ?? null;
  hangUp();
  send("voice off");
}

/** The microphone is quiet at once, whenever the server hears of it. */
export function muteVoice(isMuted: boolean): void {
  useVoice.setState({ wantsMute: isMuted });
  adjustMicrophone();
  send(isMuted ? "voice mute" : "voice unmute");
}

export function setVolume(characterId: string, volume: number): void {
  useVoice.setState(({ volumes }) => ({ volumes: { ...volumes, [characterId]: volume } }));
  call?.sound.setVolume(characterId, volume);
}

/** Play what the browser held back. */
export async function letBeHeard(): Promise<void> {
  try {
    await call?.sound.resume();
    useVoice.setState({ isBlocked: false });
  } catch {
    // Still not: the button stays.
  }
}

// --- the microphone ---------------------------------------------------------------------------------

async function openMicrophone(): Promise<MediaStream> {
  // Browsers hide it from pages that others could have changed on the way.
  if (!navigator.mediaDevices) throw new DOMException("", "SecurityError");
  return navigator.mediaDevices.getUserMedia({
    audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true },
  });
}

const MICROPHONE_PROBLEMS: Readonly<Record<string, readonly [message: string, hint: string]>> = {
  NotAllowedError: [
    "This page may not use the microphone.",
    "Allow it beside the address of the page, then try again.",
  ],
  NotFoundError: ["No microphone was found.", "Plug one in, then try again."],
  NotReadableError: ["The microphone does not work.", "Another program may be using it."],
  SecurityError: ["Browsers give the microphone to pages over https only.", "Ask who runs this server."],
};

function microphoneProblem(error: unknown): VoiceProblem {
  const name = error instanceof Error || error instanceof DOMException ? error.name : "";
  const [message, hint] = MICROPHONE_PROBLEMS[name] ?? ["The microphone cannot be used.", "Try another one."];
  return { message, hint, isAboutMicrophone: true };
}

function close(stream: MediaStream | null): void {
  for (const track of stream?.getTracks() ?? []) track.stop();
}

function adjustMicrophone(): void {
  const me = own();
  const isMuted = (useVoice.getState().wantsMute ?? me?.is_muted ?? false) || (me?.is_silenced ?? false);
  for (const track of call?.microphone?.getAudioTracks() ?? []) track.enabled = !isMuted;
}

// --- a call -----------------------------------------------------------------------------------------

function begin(microphone: MediaStream | null): Call {
  const sound = new Sound({
    onSpeaking: (speaking) => useVoice.setState({ speaking }),
    onBlocked: () => useVoice.setState({ isBlocked: true }),
  });
  if (microphone) sound.watch(self(), microphone);
  for (const track of microphone?.getAudioTracks() ?? []) {
    track.onended = () => {
      const message = "The microphone is gone: nobody hears you.";
      useVoice.setState({ problem: { message, hint: "Leave and join again.", isAboutMicrophone: false } });
    };
  }
  const mesh = new VoiceMesh({
    microphone,
    signal: signalVoice,
    onStream: (id, stream) => {
      if (!stream) sound.stop(id);
      else sound.play(id, stream, useVoice.getState().volumes[id] ?? 1, isSilenced(id));
    },
    onState: (id, state) => {
      const { [id]: _, ...others } = useVoice.getState().peers;
      useVoice.setState({ peers: state ? { ...others, [id]: state } : others });
    },
  });
  return { microphone, mesh, sound };
}

const isSilenced = (id: string): boolean =>
  usePlay.getState().adventure.voice?.speakers.find((one) => one.id === id)?.is_silenced ?? false;

/** Everything stops: connections, sound, microphone. */
function hangUp(problem: VoiceProblem | null = null): void {
  attempt += 1;
  const ending = call;
  call = null;
  ending?.mesh.close();
  ending?.sound.close();
  close(ending?.microphone ?? null);
  useVoice.setState({ ...OFF, problem });
}

// --- what the server says ---------------------------------------------------------------------------

function heard(events: readonly ServerEvent[]): void {
  for (const event of events) take(event);
  if (isRestartDue && events.some((event) => event.event_type === "pong")) {
    isRestartDue = false;
    call?.mesh.restart();
  }
  carryOn();
}

function take(event: ServerEvent): void {
  const refused = refusedVisit(event);
  switch (event.event_type) {
    case "voice_ready":
      call?.mesh.begin(event.data);
      if (call) useVoice.setState({ phase: "in" });
      return;
    case "voice_update":
      changed(event.data.speakers, event.data.reason, event.data.player_id);
      return;
    case "voice_signal":
      void call?.mesh.receive(event.data);
      return;
    case "party_update":
      if (!event.data.party) hangUp();
      return;
    case "game_state":
      if (call) setTimeout(endWithoutParty, PARTY_PATIENCE_MS);
      return;
    case "command_response":
      if (event.data.command === "voice" && !event.data.success && useVoice.getState().phase === "joining") {
        hangUp({ message: event.data.result, isAboutMicrophone: false });
      }
      return;
    case "error":
      // Whatever else it was, such as too many at once: an offer is made again if nobody answers it.
      if (refused !== null && event.data.code === "unreachable") call?.mesh.refused(refused);
      return;
    default:
  }
}

function changed(speakers: readonly VoiceSpeakerView[], reason: string, about: string | null): void {
  if (!call) return;
  const me = ownIn(speakers);
  if (me) {
    if (useVoice.getState().wantsMute === me.is_muted) useVoice.setState({ wantsMute: null });
    adjustMicrophone();
    if (me.visit === call.mesh.visit) call.mesh.update(speakers.filter((one) => one !== me));
    for (const { id, is_silenced = false } of speakers) call.sound.setSilenced(id, is_silenced);
    return;
  }
  if (useVoice.getState().phase !== "in") return;
  if (reason === "left" && about === self()) {
    hangUp();
  } else if (reason === "state" || (reason === "lost" && about === self())) {
    // Away for too long, and back.
    useVoice.setState({ phase: "joining" });
    send("voice");
  }
}

function endWithoutParty(): void {
  if (call && !usePlay.getState().adventure.voice) hangUp();
}

/** The server has the player in the channel and this page knows nothing of it: it was loaded anew, or they typed it. */
function carryOn(): void {
  const me = own();
  if (call || !me || me.visit === declined || usePlay.getState().connection.state !== "connected") return;
  void joinVoice();
}

onHeard(heard);

usePlay.subscribe(({ character, connection: { state } }, before) => {
  const was = before.connection.state;
  if (!character || state === "failed" || state === "disconnected") {
    if (useVoice.getState().phase !== "off") hangUp();
    declined = null;
    return;
  }
  if (state === was || state !== "connected") return;
  isRestartDue = call !== null;
  carryOn();
});
