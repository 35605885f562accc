/**
 * Voice in a party's channel: one peer connection for each other speaker. The server passes on what two clients need to
 * find each other and never hears what is said. Both ends may want to change something at the same moment; of the two,
 * the one with the lower visit gives way ("perfect negotiation").
 */
import type {
  IceCandidateView,
  VoiceReady,
  VoiceSignal,
  VoiceSignalData,
  VoiceSpeakerView,
} from "./generated/events.ts";

/**
 * `connecting`: on the way, or lost and tried again. `connected`: one hears the other. `failed`: no way was found; it is
 * tried again. `apart`: one of the two ignores the other.
 */
export type PeerState = "connecting" | "connected" | "failed" | "apart";

export interface VoiceMeshOptions {
  /** The player's own microphone; null: they only listen. */
  readonly microphone: MediaStream | null;
  /** Hands a signal to the server. False: there is no connection to it now. */
  readonly signal: (signal: VoiceSignalData) => boolean;
  /** Somebody's voice arrived, or with null will not come any more. */
  readonly onStream: (characterId: string, stream: MediaStream | null) => void;
  readonly onState: (characterId: string, state: PeerState | null) => void;
  readonly peer?: (configuration: RTCConfiguration) => RTCPeerConnection;
}

/** Candidates that are found at about the same time travel together. */
const GATHER_MS = 100;
const MOST_CANDIDATES = 32;
/** An offer that is not answered for so long was lost on the way, and is made again, so often. */
const ANSWER_WITHIN_MS = 8_000;
const MOST_OFFERS = 4;

/** All connections of one visit to a channel, and of those that follow it. */
export class VoiceMesh {
  readonly #options: VoiceMeshOptions;
  readonly #peers = new Map<string, Peer>();
  #ready: VoiceReady | null = null;

  constructor(options: VoiceMeshOptions) {
    this.#options = options;
  }

  /** The number of the visit that goes on; null before the first. */
  get visit(): number | null {
    return this.#ready?.visit ?? null;
  }

  /** One is in the channel, perhaps anew: whatever there was before is over. */
  begin(ready: VoiceReady): void {
    this.#closeAll();
    this.#ready = ready;
  }

  /** Who else is in the channel now: connects with who came and parts from who left. */
  update(others: readonly VoiceSpeakerView[]): void {
    const ready = this.#ready;
    if (!ready) return;
    const visits = new Map(others.map(({ id, visit }) => [id, visit]));
    for (const [id, peer] of this.#peers) if (visits.get(id) !== peer.visit) this.#close(id);
    for (const { id, visit } of others) {
      if (this.#peers.has(id)) continue;
      this.#peers.set(id, new Peer(id, visit, ready, this.#options));
    }
  }

  /** What another client has to say. Whatever is meant for another visit is dropped. */
  receive(signal: VoiceSignal): Promise<void> {
    const peer = this.#peers.get(signal.player_id);
    if (!peer || signal.to_visit !== this.visit || signal.visit !== peer.visit) return Promise.resolve();
    return peer.receive(signal);
  }

  /** The server did not pass on a signal to that visit: one of the two ignores the other. */
  refused(visit: number): void {
    for (const peer of this.#peers.values()) if (peer.visit === visit) peer.part();
  }

  /** Signals may have been lost, or the network be another one: agree with everybody anew. What is heard goes on. */
  restart(): void {
    for (const peer of this.#peers.values()) peer.restart();
  }

  close(): void {
    this.#closeAll();
    this.#ready = null;
  }

  #close(id: string): void {
    this.#peers.get(id)?.close();
    this.#peers.delete(id);
  }

  #closeAll(): void {
    for (const id of [...this.#peers.keys()]) this.#close(id);
  }
}

class Peer {
  readonly #id: string;
  readonly visit: number;
  readonly #ready: VoiceReady;
  readonly #options: VoiceMeshOptions;
  readonly #connection: RTCPeerConnection;
  /** Whether one's own offer is dropped if both make one. */
  readonly #isPolite: boolean;
  #isMakingOffer = false;
  #isTakingAnswer = false;
  #isTrackAdded = false;
  #isClosed = false;
  #candidates: IceCandidateView[] = [];
  #gathering: ReturnType<typeof setTimeout> | undefined;
  #answering: ReturnType<typeof setTimeout> | undefined;
  #offers = 0;
  /** Signals are taken one after the other. */
  #work: Promise<void> = Promise.resolve();

  constructor(id: string, visit: number, ready: VoiceReady, options: VoiceMeshOptions) {
    this.#id = id;
    this.visit = visit;
    this.#ready = ready;
    this.#options = options;
    this.#isPolite = ready.visit < visit;
    const configuration = { iceServers: ready.ice_servers.map(iceServer) };
    const connection = (options.peer ?? ((given) => new RTCPeerConnection(given)))(configuration);
    this.#connection = connection;
    connection.onnegotiationneeded = () => void this.#offer();
    connection.onicecandidate = ({ candidate }) => this.#found(candidate);
    connection.ontrack = ({ streams: [stream], track }) => {
      options.onStream(id, stream ?? new MediaStream([track]));
    };
    connection.onconnectionstatechange = () => this.#stateChanged();
    options.onState(id, "connecting");
    // Who came later calls; who was there first waits for the call, and answers with their own voice.
    if (!this.#isPolite) this.#addTrack(true);
  }

  #addTrack(calls: boolean): void {
    if (this.#isTrackAdded) return;
    this.#isTrackAdded = true;
    const { microphone } = this.#options;
    const [track] = microphone?.getAudioTracks() ?? [];
    if (microphone && track) this.#connection.addTrack(track, microphone);
    else if (calls) this.#connection.addTransceiver("audio", { direction: "recvonly" });
  }

  // --- agreeing -----------------------------------------------------------------------------------

  async #offer(): Promise<void> {
    this.#isMakingOffer = true;
    this.#offers = 0;
    try {
      await this.#connection.setLocalDescription();
      this.#describe();
    } catch {
      this.#failed();
    } finally {
      this.#isMakingOffer = false;
    }
  }

  /** Sends the description that holds. */
  #describe(): void {
    const description = this.#connection.localDescription;
    if (!description || (description.type !== "offer" && description.type !== "answer")) return;
    this.#signal({ kind: description.type, sdp: description.sdp, candidates: [] });
    if (description.type === "offer") this.#awaitAnswer();
  }

  #awaitAnswer(): void {
    clearTimeout(this.#answering);
    this.#offers += 1;
    this.#answering = setTimeout(() => {
      if (this.#connection.signalingState !== "have-local-offer") return;
      if (this.#offers < MOST_OFFERS) this.#describe();
      else this.#failed();
    }, ANSWER_WITHIN_MS);
  }

  receive(signal: VoiceSignal): Promise<void> {
    this.#work = this.#work.then(() => this.#take(signal)).catch(() => this.#failed());
    return this.#work;
  }

  async #take(signal: VoiceSignal): Promise<void> {
    if (this.#isClosed) return;
    if (signal.kind === "bye") {
      this.part();
    } else if (signal.kind === "candidates") {
      await this.#takeCandidates(signal.candidates ?? []);
    } else {
      await this.#takeDescription({ type: signal.kind, sdp: signal.sdp ?? "" });
    }
  }

  async #takeDescription(description: { readonly type: "offer" | "answer"; readonly sdp: string }): Promise<void> {
    const connection = this.#connection;
    const isOffer = description.type === "offer";
    const canTakeOffer = !this.#isMakingOffer && (connection.signalingState === "stable" || this.#isTakingAnswer);
    if (isOffer && !this.#isPolite && !canTakeOffer) return;
    // An answer to what was agreed on otherwise meanwhile.
    if (!isOffer && connection.signalingState !== "have-local-offer") return;
    if (isOffer) this.#addTrack(false);
    this.#isTakingAnswer = !isOffer;
    try {
      await connection.setRemoteDescription(description);
    } finally {
      this.#isTakingAnswer = false;
    }
    if (!isOffer) return;
    await connection.setLocalDescription();
    this.#describe();
  }

  async #takeCandidates(candidates: readonly IceCandidateView[]): Promise<void> {
    for (const { candidate, sdp_mid, sdp_m_line_index, username_fragment } of candidates) {
      try {
        await this.#connection.addIceCandidate({
          candidate,
          sdpMid: sdp_mid ?? null,
          sdpMLineIndex: sdp_m_line_index ?? null,
          usernameFragment: username_fragment ?? null,
        });
      } catch {
        // Of an offer that was dropped, or too old. Others may do; if none does, the connection says that it failed.
      }
    }
  }

  restart(): void {
    if (this.#isClosed) return;
    this.#offers = 0;
    if (this.#connection.signalingState === "have-local-offer") this.#describe();
    else if (this.#isTrackAdded) this.#connection.restartIce();
  }

  // --- finding a way --------------------------------------------------------------------------------

  #found(candidate: RTCIceCandidate | null): void {
    if (candidate?.candidate) {
      this.#candidates.push({
        candidate: candidate.candidate,
        sdp_mid: candidate.sdpMid,
        sdp_m_line_index: candidate.sdpMLineIndex,
        username_fragment: candidate.usernameFragment,
      });
      this.#gathering ??= setTimeout(() => this.#sendCandidates(), GATHER_MS);
    } else {
      this.#sendCandidates();
    }
    if (this.#candidates.length >= MOST_CANDIDATES) this.#sendCandidates();
  }

  #sendCandidates(): void {
    clearTimeout(this.#gathering);
    this.#gathering = undefined;
    const candidates = this.#candidates;
    this.#candidates = [];
    if (candidates.length > 0) this.#signal({ kind: "candidates", sdp: "", candidates });
  }

  #signal(what: Pick<VoiceSignalData, "kind" | "sdp" | "candidates">): void {
    if (this.#isClosed) return;
    this.#options.signal({ visit: this.#ready.visit, to: this.#id, to_visit: this.visit, ...what });
  }

  #stateChanged(): void {
    if (this.#isClosed) return;
    const state = this.#connection.connectionState;
    if (state === "failed") {
      this.#failed();
      this.restart();
    } else {
      this.#options.onState(this.#id, state === "connected" ? "connected" : "connecting");
    }
  }

  #failed(): void {
    if (!this.#isClosed) this.#options.onState(this.#id, "failed");
  }

  // --- the end ---------------------------------------------------------------------------------------

  /** There is to be no connection while both visits last. */
  part(): void {
    if (this.#isClosed) return;
    this.#hangUp();
    this.#options.onState(this.#id, "apart");
  }

  #hangUp(): void {
    this.#isClosed = true;
    clearTimeout(this.#gathering);
    clearTimeout(this.#answering);
    const connection = this.#connection;
    connection.onnegotiationneeded = connection.onicecandidate = null;
    connection.ontrack = connection.onconnectionstatechange = null;
    connection.close();
    this.#options.onStream(this.#id, null);
  }

  close(): void {
    if (!this.#isClosed) this.#hangUp();
    this.#options.onState(this.#id, null);
  }
}

function iceServer({ urls, username, credential }: VoiceReady["ice_servers"][number]): RTCIceServer {
  return username ? { urls: [...urls], username, credential: credential ?? "" } : { urls: [...urls] };
}
